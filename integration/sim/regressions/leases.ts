/** R18, R19, R20, R43: what becomes of a lease whose writes fail, are lost, meet or are throttled. */
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import {
  between,
  freeByHand,
  hasBegun,
  noneLostSince,
  oneOf,
  pickLease,
  reached,
  type SeenWrite,
  smallFleet,
  steady,
  type WriteKind,
  watchWrites,
  writeOf,
} from './small-fleet.ts'

const WINDOW_MS = 14_000
const LONGEST_EXTENSION_MS = 120_000
/** Writes fail again and again, but never for so long that belief runs out. */
const LONGEST_FAILURE_MS = 3500
/** The longest pause between two tries of a checkpoint, and the write. */
const STORED_MS = 7000

/**
 * Keeps records coming into one shard, so that there is something to checkpoint: in quick
 * succession, or just before a renewal is due, which only a quiet lease needs. Goes on for longer,
 * within reason, while what it is for has not come about.
 */
async function feed(
  stage: Stage,
  shardId: string,
  forMs: number,
  hasComeAbout: () => boolean = () => true,
): Promise<void> {
  const random = stage.world.random('feed')
  const endMs = stage.world.nowMs() + forMs
  const leftMs = (): number => endMs - stage.world.nowMs()
  while (leftMs() > 0 || (!hasComeAbout() && leftMs() > -LONGEST_EXTENSION_MS)) {
    await stage.put(shardId)
    const gapMs = random.next() < 0.5 ? between(random, 200, 1500) : between(random, 2500, 5500)
    await stage.world.sleep(gapMs)
  }
}

/** Until the stored checkpoint covers what was done by now. */
async function checkpointed(stage: Stage, rule: string, shardId: string): Promise<void> {
  const { donePrefix } = stage.ledger.shard(shardId)
  const goal = { rule, what: `a checkpoint that covers ${donePrefix} records`, withinMs: STORED_MS }
  await stage.reach(goal, () => {
    const at = stage.table.rows.get(shardId)?.checkpoint
    return at !== undefined && stage.ledger.covered(shardId, at) >= donePrefix
  })
}

async function failWrites(stage: Stage): Promise<void> {
  await steady(stage)
  const { world } = stage
  const random = world.random('script')
  const { shardId } = pickLease(stage, random)
  const lostBefore = stage.fleet.leasesLost.length
  const failed = { renewal: 0, checkpoint: 0 }
  let passedMs = world.nowMs()
  const fails = ({ kind, leaseKey }: SeenWrite): boolean => {
    if (leaseKey !== shardId || (kind !== 'renewal' && kind !== 'checkpoint')) return false
    if (world.nowMs() - passedMs < LONGEST_FAILURE_MS && random.next() < 0.6) {
      failed[kind]++
      return true
    }
    passedMs = world.nowMs()
    return false
  }
  const faults = (['throttle', 'fail'] as const).map((kind) =>
    world.dynamo.injectFault({
      operation: 'updateItem',
      kind,
      times: Number.POSITIVE_INFINITY,
      when: (input) => random.next() < 0.6 && fails(writeOf(input)),
    }),
  )
  await feed(stage, shardId, WINDOW_MS)
  for (const fault of faults) fault.clear()
  await checkpointed(stage, 'R18', shardId)
  reached(stage, 'checkpoint-failed', failed.checkpoint)
  if (failed.renewal > 0) world.count('marker.renewal-failed', failed.renewal)
  noneLostSince(stage, 'R18', lostBefore)
}

async function loseReplies(stage: Stage): Promise<void> {
  await steady(stage)
  const { world } = stage
  const random = world.random('script')
  const { shardId } = pickLease(stage, random)
  const lostBefore = stage.fleet.leasesLost.length
  const lost = { renewal: 0, checkpoint: 0 }
  const fault = world.dynamo.injectFault({
    operation: 'updateItem',
    kind: 'lose-reply',
    times: Number.POSITIVE_INFINITY,
    when: (input) => {
      const { kind, leaseKey } = writeOf(input)
      if (leaseKey !== shardId || (kind !== 'renewal' && kind !== 'checkpoint')) return false
      if (lost[kind] > 0 && random.next() < 0.5) return false
      lost[kind]++
      return true
    },
  })
  await feed(stage, shardId, WINDOW_MS)
  fault.clear()
  await checkpointed(stage, 'R19', shardId)
  reached(stage, 'checkpoint-reply-lost', lost.checkpoint)
  if (lost.renewal > 0) world.count('marker.renewal-reply-lost', lost.renewal)
  noneLostSince(stage, 'R19', lostBefore)
}

/** A write that was held up for its turn is sent so soon after the answer to the one before. */
const SENT_AT_ONCE_MS = 100

/** Answers come late, and a record comes as a renewal is on its way: its checkpoint is due before. */
async function overlapWrites(stage: Stage): Promise<void> {
  await steady(stage)
  const { world } = stage
  const random = world.random('script')
  const { shardId } = pickLease(stage, random)
  const lostBefore = stage.fleet.leasesLost.length
  // Longer than a record takes to be read, a second apart, and handled; shorter than a try may take.
  const delayMs = between(random, 1300, 1800)
  let [renewalMs, waited, lastKnown] = [Number.NEGATIVE_INFINITY, 0, -1]
  const watch = watchWrites(stage, ({ kind, leaseKey, knownCounter }) => {
    if (leaseKey !== shardId || (kind !== 'renewal' && kind !== 'checkpoint')) return
    if (lastKnown >= 0 && knownCounter !== lastKnown + 1) {
      world.violation(
        'R20',
        `a ${kind} stands on ${knownCounter}, the write before on ${lastKnown}`,
      )
    }
    lastKnown = knownCounter
    const sinceMs = world.nowMs() - renewalMs - delayMs
    if (kind === 'checkpoint' && sinceMs >= 0 && sinceMs < SENT_AT_ONCE_MS) waited++
    if (kind === 'checkpoint') return
    renewalMs = world.nowMs()
    void stage.put(shardId)
  })
  const late = (kind: WriteKind, share: number): { clear(): void } =>
    world.dynamo.injectFault({
      operation: 'updateItem',
      kind: 'delay',
      delayMs: kind === 'renewal' ? delayMs : between(random, 200, 1800),
      delayed: oneOf(random, 'reply', 'request'),
      times: Number.POSITIVE_INFINITY,
      when: (input) => {
        const write = writeOf(input)
        return write.leaseKey === shardId && write.kind === kind && random.next() < share
      },
    })
  const delays = [late('renewal', 1), late('checkpoint', 0.5)]
  await feed(stage, shardId, 2 * WINDOW_MS, () => waited > 0)
  for (const one of [...delays, watch]) one.clear()
  await checkpointed(stage, 'R20', shardId)
  reached(stage, 'checkpoint-waited-for-renewal', waited)
  noneLostSince(stage, 'R20', lostBefore)
}

/** By when somebody delivers again: a look of the leader, a discovery, and tries that are throttled. */
const RECONVERGED_MS = 8000

async function throttleRenewal(stage: Stage): Promise<void> {
  await steady(stage)
  const { world } = stage
  const random = world.random('script')
  const { shardId } = pickLease(stage, random)
  await world.sleep(between(random, 0, 4000))
  let throttled = 0
  const fault = world.dynamo.injectFault({
    operation: 'updateItem',
    kind: 'throttle',
    times: between(random, 1, 2),
    when: (input) => {
      const { kind, leaseKey } = writeOf(input)
      if (kind !== 'renewal' || leaseKey !== shardId) return false
      throttled++
      return true
    },
  })
  // Before or after its holder's renewal is refused, or as the next owner's first one is.
  await world.sleep(oneOf(random, 0, 1000, 3500))
  await freeByHand(stage, shardId)
  const fromMs = world.nowMs()
  await stage.put(shardId)
  const goal = { rule: 'R43', what: `${shardId} has an owner that works on it` }
  await stage.reach({ ...goal, withinMs: RECONVERGED_MS }, () => {
    const owner = stage.table.rows.get(shardId)?.owner
    if (owner === undefined || !stage.fleet.isAlive(owner)) return false
    return stage.deliveries.lastCallMs(shardId) > fromMs && hasBegun(stage, shardId, owner)
  })
  fault.clear()
  reached(stage, 'renewal-throttled', throttled)
}

export const LEASES: readonly Scenario[] = [
  {
    name: 'R18',
    about: 'writes that fail leave counter and checkpoint as they were, beside renewals',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, {
        workers: 2,
        shards: 2,
        handler: oneOf(random, 'eachRecord', 'eachBatch'),
      }),
    script: failWrites,
  },
  {
    name: 'R19',
    about: 'writes that are applied and lose their replies cost neither lease nor checkpoint',
    everySeeds: 20,
    plan: (random) => {
      const plan = smallFleet(random, { workers: 2, shards: 2 })
      const updateItem = { loseReply: 0.15, failAfter: 0.1 }
      return { ...plan, faults: { ...plan.faults, dynamo: { operations: { updateItem } } } }
    },
    script: loseReplies,
  },
  {
    name: 'R20',
    about: 'a checkpoint and a renewal of one lease that are due together: neither is lost',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, {
        workers: 2,
        shards: 2,
        handler: oneOf(random, 'eachRecord', 'eachBatch'),
      }),
    script: overlapWrites,
  },
  {
    name: 'R43',
    about: 'a throttled renewal, and a row that names nobody: somebody works on it again soon',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: between(random, 2, 3), shards: 3 }),
    script: throttleRenewal,
  },
]
