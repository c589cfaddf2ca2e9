/** R49, R54: what a lost lease, and many that come and go, cost the rest of a worker. */
import v8 from 'node:v8'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import {
  allServed,
  askFor,
  freeByHand,
  hasBegun,
  oneOf,
  pickLease,
  reached,
  smallFleet,
  steady,
} from './small-fleet.ts'

/** Of a handler call that does not look at its signal. */
const LONG_CALL_MS = 600_000
const FEED_EVERY_MS = 4000
/** A shard is read each 1,500 ms at its tip, by a clock that may be 1 % slow; and a call. */
const DELIVERED_MS = 2000
const L1_MS = 21_000

async function lostWhileRunning(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, table, deliveries } = stage
  const random = world.random('script')
  const { shardId, owner } = pickLease(stage, random)
  let isCalled = false
  let isOver = false
  stage.onCall = async (call) => {
    if (isCalled || call.workerId !== owner || call.shard.shardId !== shardId) return
    isCalled = true
    await world.sleep(LONG_CALL_MS)
    isOver = true
  }
  await stage.put(shardId)
  await stage.reach({ rule: 'SCENARIO', what: 'a call', withinMs: 2000 }, () => isCalled)
  const movedFrom = table.ownedFrom(shardId)
  const how = oneOf(random, 'freed', 'asked-for')
  const to = fleet.alive().find((id) => id !== owner) ?? ''
  if (how === 'freed') await freeByHand(stage, shardId)
  else await askFor(stage, shardId, { from: owner, to })
  const moves = { rule: 'R49', what: `${shardId} is worked on again`, withinMs: L1_MS }
  await stage.reach(moves, () => {
    const row = table.rows.get(shardId)
    if (row?.checkpointOwner !== undefined || !fleet.isAlive(row?.owner)) return false
    return movedFrom < table.ownedFrom(shardId) && hasBegun(stage, shardId, row?.owner)
  })
  reached(stage, `lease-lost-in-long-call-${how}`, isOver ? 0 : 1)
  const lostBefore = fleet.leasesLost.length
  let fed = 0
  while (!isOver) {
    const shards = stage.heldBy(owner).filter((held) => held !== shardId)
    const fromMs = world.nowMs()
    for (const one of shards) await stage.put(one)
    const served = { rule: 'R49', what: `${owner} serves ${shards}`, withinMs: DELIVERED_MS }
    await stage.reach(served, () => shards.every((one) => deliveries.lastCallMs(one) > fromMs))
    fed += shards.length
    await world.sleep(FEED_EVERY_MS)
  }
  reached(stage, 'served-beside-long-call', fed)
  // Of the first loss its worker may hear late.
  const later = fleet.leasesLost.slice(lostBefore + 1)
  if (later.length > 0) world.violation('R49', `${later.length} more leases were lost`)
}

const ROUNDS = 100
const WARM_UP_ROUNDS = 5
const HANDED_OVER_MS = 10_000
/** Of timers and calls a worker has more at one moment than at another. */
const SAMPLE_MS = 8000
const SAMPLE_EVERY_MS = 50
/** Of what just happens to be under way. */
const SLACK = 4

/** Two leases change places again and again: the counts stay even, and the leader moves nothing. */
async function thereAndBack(stage: Stage): Promise<void> {
  await steady(stage)
  const { world } = stage
  await swapLeases(stage, WARM_UP_ROUNDS)
  const before = await weigh(stage)
  await swapLeases(stage, ROUNDS)
  const after = await weigh(stage)
  for (const [workerId, waiting] of after.waiting) {
    const was = before.waiting.get(workerId) ?? 0
    if (waiting > was + SLACK)
      world.violation('R54', `${workerId} has ${waiting} timers, it had ${was}`)
  }
  if (after.signals > before.signals + SLACK) {
    world.violation('R54', `${after.signals} signals are alive, ${before.signals} were before`)
  }
  await stage.reach({ rule: 'R54', what: 'all is served', withinMs: L1_MS }, () => allServed(stage))
}

async function swapLeases(stage: Stage, rounds: number): Promise<void> {
  const { world, table } = stage
  const random = world.random('script')
  const [a = '', b = ''] = stage.fleet.alive()
  for (let round = 0; round < rounds; round++) {
    const [[ofA = ''], [ofB = '']] = [stage.heldBy(a), stage.heldBy(b)]
    await askFor(stage, ofA, { from: a, to: b })
    await askFor(stage, ofB, { from: b, to: a })
    // With something to read, and without.
    if (random.next() < 0.3) await stage.put(oneOf(random, ofA, ofB))
    const goal = { rule: 'R54', what: `${ofA} and ${ofB} change places`, withinMs: HANDED_OVER_MS }
    await stage.reach(goal, () =>
      [
        [ofA, b],
        [ofB, a],
      ].every(([shardId = '', to]) => {
        const row = table.rows.get(shardId)
        return (
          row?.owner === to && row?.checkpointOwner === undefined && hasBegun(stage, shardId, to)
        )
      }),
    )
    world.count('marker.handed-there-and-back', 2)
  }
}

interface Weight {
  /** By worker, at most in a while. */
  readonly waiting: ReadonlyMap<string, number>
  /** Abort signals that are alive in this whole Node: each tenure has some, and hears others. */
  readonly signals: number
}

async function weigh({ world, fleet }: Stage): Promise<Weight> {
  const waiting = new Map<string, number>()
  for (let ms = 0; ms < SAMPLE_MS; ms += SAMPLE_EVERY_MS) {
    for (const workerId of fleet.alive()) {
      const now = fleet.handle(fleet.slotOf(workerId) ?? 0)?.waiting ?? 0
      waiting.set(workerId, Math.max(now, waiting.get(workerId) ?? 0))
    }
    await world.sleep(SAMPLE_EVERY_MS)
  }
  return { waiting, signals: v8.queryObjects(AbortSignal) as number }
}

export const TENURES: readonly Scenario[] = [
  {
    name: 'R49',
    about: 'a lease is lost while its handler runs for ten minutes: all else is served meanwhile',
    everySeeds: 100,
    plan: (random) => smallFleet(random, { workers: 2, shards: 4, records: 40 }),
    script: lostWhileRunning,
  },
  {
    name: 'R54',
    about: '200 handoffs there and back: timers, signals and listeners stay as many as they were',
    everySeeds: 100,
    plan: (random) => smallFleet(random, { workers: 2, shards: 4, records: 40, clocks: [] }),
    script: thereAndBack,
  },
]
