/** R24, R25: what lists of shards leave out, or show too early. */
import { InvalidStreamModelError, type kinesis } from '@millrace/core'
import { STREAM } from '../fleet/names.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { alter, isOfProducer, openLooking, withoutChildren } from './altered-answers.ts'
import { served, splitNamed } from './fleet-steps.ts'
import { between, holdLockUp, pickLease, reached, smallFleet, steady } from './small-fleet.ts'

/** The parent's last reads, and a pause before each. */
const ASKED_MS = 10_000
const L1_MS = 21_000
const L2_MS = 19_000
/** The parent's last reads and its end, a look of the leader, a discovery. */
const SERVED_MS = 15_000

/** An endpoint that is not quite right is talked about; that is no fault of the worker. */
function toleratesOddEndpoint({ fleet }: Stage): void {
  fleet.mayMeet = (error) => error instanceof InvalidStreamModelError
}

/** Somebody on the way answers with a list from before the reshard, and no page names children. */
async function staleList(stage: Stage): Promise<void> {
  await steady(stage)
  toleratesOddEndpoint(stage)
  const { world } = stage
  const random = world.random('script')
  const { shardId } = pickLease(stage, random)
  const Shards = world.kinesis.shards(STREAM)
  let isSplit = false
  let answered = 0
  const lists = alter(world, 'listShards', async (input, ask) => {
    if (input.NextToken !== undefined) return await ask()
    if (isSplit && !isOfProducer(input)) answered++
    return { Shards }
  })
  const pages = alter(world, 'getRecords', async (_input, ask) => withoutChildren(await ask()))
  await stage.put(shardId)
  const children = await splitNamed(stage, shardId)
  isSplit = true
  for (const child of children) await stage.put(child)
  await world.sleep(between(random, 500, 8000))
  // The holder may be in the middle of a pause between two reads.
  const asked = { rule: 'SCENARIO', what: 'a worker asks for a list', withinMs: ASKED_MS }
  await stage.reach(asked, () => answered > 0)
  lists.clear()
  await served(stage, 'R24', SERVED_MS)
  pages.clear()
  reached(stage, 'list-from-before-the-reshard', answered)
}

/** A new leader's list is on its way while a shard of somebody else ends. */
async function endsDuringSync(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet } = stage
  const random = world.random('script')
  const { workerId } = stage.follower()
  const [shardId] = stage.heldBy(workerId)
  if (shardId === undefined) throw new Error(`${workerId} holds no lease`)
  let isUnderWay = false
  let isOver = false
  let ended = 0
  stage.onWrite = ({ key, after }) => {
    const isEnd = key['leaseKey']?.S === shardId && after?.['checkpoint']?.S === 'SHARD_END'
    if (isEnd && isUnderWay) ended++
  }
  const lists = alter(world, 'listShards', async (_input, ask) => {
    const page = await ask()
    if (isUnderWay || isOver) return page
    isUnderWay = true
    for (const child of await splitNamed(stage, shardId)) await stage.put(child)
    await world.sleep(between(random, 1500, 4500))
    isUnderWay = false
    isOver = true
    return page
  })
  fleet.killAndRestart(stage.leader().slot, 40_000)
  const goal = { rule: 'SCENARIO', what: 'the next leader syncs', withinMs: L2_MS + 5000 }
  await stage.reach(goal, () => isOver)
  await served(stage, 'R24', L1_MS)
  lists.clear()
  reached(stage, 'shard-ended-during-sync', ended)
}

/** Children are listed, and their parents as if they were open, whatever was asked for. */
function listParentsAsOpen({ world }: Stage): { listed(): number; clear(): void } {
  let listed = 0
  const lists = alter(world, 'listShards', async () => {
    const shards = world.kinesis.shards(STREAM)
    const isParent = ({ ShardId }: kinesis.ServiceShard): boolean =>
      shards.some(({ ParentShardId }) => ParentShardId === ShardId)
    listed += shards.filter(isParent).length
    return { Shards: shards.map((shard) => (isParent(shard) ? openLooking(shard) : shard)) }
  })
  return { listed: () => listed, clear: () => lists.clear() }
}

async function openLookingParent(stage: Stage): Promise<void> {
  toleratesOddEndpoint(stage)
  const { world, fleet, plan } = stage
  const random = world.random('script')
  const isFresh = random.next() < 0.4
  const lock = isFresh ? holdLockUp(stage, 'fail') : undefined
  if (isFresh) await world.sleep(between(random, 1000, 4000))
  else await steady(stage)
  const [shard] = world.kinesis.shards(STREAM)
  const shardId = shard?.ShardId ?? ''
  for (let i = between(random, 0, 3); i > 0; i--) await stage.put(shardId)
  const lists = listParentsAsOpen(stage)
  const pages =
    random.next() < 0.5
      ? alter(world, 'getRecords', async (_input, ask) => withoutChildren(await ask()))
      : undefined
  for (const child of await splitNamed(stage, shardId)) await stage.put(child)
  lock?.clear()
  if (isFresh) {
    const leads = { rule: 'L2', what: 'somebody leads', withinMs: L2_MS }
    await stage.reach(leads, () => fleet.isAlive(stage.table.lock.owner))
  } else {
    await world.sleep(between(random, 0, 3000))
    const slot = between(random, 0, plan.workers - 1)
    if (random.next() < 0.5) fleet.stopAndRestart(slot, 0)
    else fleet.killAndRestart(slot, 0)
  }
  const listed = { rule: 'SCENARIO', what: 'somebody lists', withinMs: L2_MS }
  await stage.reach(listed, () => lists.listed() > 0)
  await world.sleep(between(random, 0, 12_000))
  lists.clear()
  await served(stage, 'R25', L1_MS)
  pages?.clear()
  reached(
    stage,
    `parent-looked-open-${isFresh ? 'to-a-new' : 'to-a-running'}-fleet`,
    lists.listed(),
  )
}

export const SHARD_LISTS: readonly Scenario[] = [
  {
    name: 'R24',
    about: 'lists from before a reshard, and a shard that ends during a sync: nothing is dropped',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: 2, shards: between(random, 2, 3) }),
    script: async (stage) => {
      const isStale = stage.world.random('script').next() < 0.5
      await (isStale ? staleList(stage) : endsDuringSync(stage))
    },
  },
  {
    name: 'R25',
    about: 'lists show children whose parents look open: workers start, children wait',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: 2, shards: 2 }),
    script: openLookingParent,
  },
]
