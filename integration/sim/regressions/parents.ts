/** R21, R22, R29: shards that end in odd moments: while they begin, empty, or after they are gone. */
import { isServiceError } from '@millrace/core'
import { STREAM } from '../fleet/names.ts'
import { openShards } from '../fleet/reshard.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { alter } from './altered-answers.ts'
import { allDone, splitNamed, startAll, stopAll } from './fleet-steps.ts'
import { allServed, between, oneOf, pickLease, reached, smallFleet, steady } from './small-fleet.ts'

/** The parent's last reads and its end, a look of the leader, a discovery. */
const SERVED_MS = 15_000

async function endsWhileInitializing(stage: Stage): Promise<void> {
  const { world, table } = stage
  const random = world.random('script')
  const most = between(random, 1, 3)
  const longestMs = between(random, 1000, 4000)
  const split: string[] = []
  let initializing = 0
  let endsSeen = 0
  stage.onInitialize = async (shardId) => {
    if (split.length >= most || table.hasEnded(shardId) || split.includes(shardId)) return
    split.push(shardId)
    initializing++
    await splitNamed(stage, shardId)
    await world.sleep(between(random, 700, longestMs))
    initializing--
  }
  const pages = alter(world, 'getRecords', async (_input, ask) => {
    const page = await ask()
    if (page.ChildShards !== undefined && initializing > 0) endsSeen++
    return page
  })
  await stage.reach(
    { rule: 'SCENARIO', what: 'shards begin', withinMs: 60_000 },
    () => split.length === most,
  )
  const goal = { rule: 'R21', what: 'empty shards end, their children are served' }
  await stage.reach({ ...goal, withinMs: longestMs + SERVED_MS }, () => {
    return split.every((shardId) => table.hasEnded(shardId)) && allServed(stage)
  })
  pages.clear()
  reached(stage, 'shard-ended-while-initializing', endsSeen)
}

async function emptyParent(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, table, ledger } = stage
  const random = world.random('script')
  const [first, second] = openShards(world)
  if (first === undefined || second === undefined) throw new Error('two shards are needed')
  const merges = random.next() < 0.6
  const [busy, empty] = random.next() < 0.5 ? [first, second] : [second, first]
  const slowMs = between(random, 300, 1500)
  const before = new Set(world.kinesis.shards(STREAM).map(({ ShardId }) => ShardId))
  if (merges) {
    stage.onCall = async ({ shard }) => {
      if (shard.shardId === busy.ShardId) await world.sleep(slowMs)
    }
    for (let i = between(random, 3, 8); i > 0; i--) await stage.put(busy.ShardId)
    await world.kinesis.mergeShards({
      StreamName: STREAM,
      ShardToMerge: first.ShardId,
      AdjacentShardToMerge: second.ShardId,
    })
  } else await splitNamed(stage, empty.ShardId)
  const parents = merges ? [busy.ShardId, empty.ShardId] : [empty.ShardId]
  const children = world.kinesis
    .shards(STREAM)
    .map(({ ShardId }) => ShardId)
    .filter((shardId) => !before.has(shardId))
  let waited = 0
  stage.onWrite = ({ key }) => {
    const isChild = children.includes(key['leaseKey']?.S ?? '')
    if (isChild && parents.some((shardId) => !table.hasEnded(shardId))) waited++
  }
  for (const shardId of [...children, ...children]) await stage.put(shardId)
  const puts = ledger.puts.length
  const goal = { rule: 'R22', what: 'parents end, children are read' }
  await stage.reach({ ...goal, withinMs: 8 * slowMs + SERVED_MS }, () => {
    return parents.every((shardId) => table.hasEnded(shardId)) && allDone(stage, puts)
  })
  stage.onWrite = undefined
  reached(stage, 'empty-parent-ended', ledger.shard(empty.ShardId).records.length === 0 ? 1 : 0)
  if (waited > 0 && merges) world.count('marker.child-waited-for-busy-parent')
}

/** Of each tenure that meets it: a read, an iterator, and what is tried again behind the list. */
const MOST_ASKED = 4
/** Cleanup comes by, and its children have begun. */
const CLEANED_MS = 20_000

async function trimmedAway(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, table, ledger } = stage
  const random = world.random('script')
  const { shardId } = pickLease(stage, random)
  for (let i = between(random, 1, 4); i > 0; i--) await stage.put(shardId)
  const done = { rule: 'SCENARIO', what: 'all that it holds is done', withinMs: 10_000 }
  await stage.reach(done, () => allDone(stage, ledger.puts.length))
  // It ends and is gone while nobody reads it: none is up, or no page shows the end.
  const isRunning = random.next() < 0.5
  const hidden = isRunning ? hide(stage, shardId) : undefined
  if (!isRunning) await stopAll(stage)
  const children = await splitNamed(stage, shardId)
  const missing = watchMissing(stage)
  world.kinesis.expire(STREAM, shardId)
  hidden?.clear()
  for (const child of children) await stage.put(child)
  if (!isRunning) await world.sleep(between(random, 0, 15_000))
  startAll(stage)
  const puts = ledger.puts.length
  const goal = { rule: 'R29', what: `${shardId} ends, its children are read` }
  await stage.reach({ ...goal, withinMs: 7000 + SERVED_MS }, () => {
    return table.hasEnded(shardId) && allDone(stage, puts)
  })
  const cleaned = { rule: 'R29', what: `the lease of ${shardId} is deleted` }
  await stage.reach({ ...cleaned, withinMs: CLEANED_MS }, () => !table.rows.has(shardId))
  missing.clear()
  reached(stage, `shard-gone-${isRunning ? 'while-read' : 'before-start'}`, missing.refused())
  if (missing.refused() > MOST_ASKED) {
    world.violation('R29', `${shardId} was asked for ${missing.refused()} times`)
  }
}

function hide({ world }: Stage, shardId: string): { clear(): void } {
  const times = Number.POSITIVE_INFINITY
  return world.kinesis.injectFault({ operation: 'getRecords', kind: 'empty-page', times, shardId })
}

/** Counts calls that are refused because a shard is gone. */
function watchMissing({ world }: Stage): { refused(): number; clear(): void } {
  let refused = 0
  const counted = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask()
    } catch (cause) {
      if (isServiceError(cause) && cause.kind === 'missing') refused++
      throw cause
    }
  }
  const iterators = alter(world, 'getShardIterator', async (_input, ask) => await counted(ask))
  const pages = alter(world, 'getRecords', async (_input, ask) => await counted(ask))
  return {
    refused: () => refused,
    clear: () => {
      iterators.clear()
      pages.clear()
    },
  }
}

export const PARENTS: readonly Scenario[] = [
  {
    name: 'R21',
    about: 'an empty shard reaches its end while its handler initializes: it ends all the same',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, { workers: 2, shards: 2, records: 0, handler: 'processor' }),
    script: endsWhileInitializing,
  },
  {
    name: 'R22',
    about: 'a parent is empty: it ends; its child never starts beside a parent that is not done',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: 2, shards: between(random, 2, 3), records: 0 }),
    script: emptyParent,
  },
  {
    name: 'R29',
    about:
      'a lease of a shard that retention has trimmed away: ended, its children run, cleaned up',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, {
        workers: 2,
        shards: 2,
        records: 0,
        initialPosition: oneOf(random, 'TRIM_HORIZON', 'LATEST'),
        leaseCleanup: { intervalMs: between(random, 1000, 3000), completedAfterMs: 2000 },
      }),
    script: trimmedAway,
  },
]
