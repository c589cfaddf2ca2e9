/** R44, R45, R47, R48: who is given the leases of the dead, of nobody, and of shards that are new. */
import { splitOne } from '../fleet/reshard.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import {
  allServed,
  between,
  freeByHand,
  pickLease,
  reached,
  smallFleet,
  steady,
  watchWrites,
} from './small-fleet.ts'

const L1_MS = 21_000
/** A look of the leader, and a discovery. */
const ASSIGNED_MS = 6000
/** Ends of parents, looks and discoveries. */
const SPLITS_SERVED_MS = 20_000

/** Of these two each has room for three leases. */
const FULL_WORKERS = 2

/** The leases of a killed worker are delivered by another: L1. */
async function delivered(stage: Stage, rule: string, shardIds: readonly string[]): Promise<void> {
  const { world, deliveries, bounds } = stage
  const fromMs = world.nowMs()
  for (const shardId of shardIds) await stage.put(shardId)
  const goal = { rule, what: `${shardIds.join(', ')} delivered`, withinMs: L1_MS }
  const tookMs = await stage.reach(goal, () =>
    shardIds.every((shardId) => deliveries.lastCallMs(shardId) > fromMs),
  )
  if (tookMs !== undefined) bounds.record('L1', tookMs)
}

async function balancedFleetLosesOne(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet } = stage
  const random = world.random('script')
  await world.sleep(between(random, 0, 5000))
  const { slot, workerId } = random.next() < 0.3 ? stage.leader() : stage.follower()
  const orphans = stage.heldBy(workerId)
  reached(stage, 'balanced-worker-killed', orphans.length)
  fleet.handle(slot)?.kill()
  await delivered(stage, 'R44', orphans)
}

async function everybodyIsFull(stage: Stage): Promise<void> {
  const { world, fleet, table } = stage
  // Its room comes back when the history heals.
  fleet.handle(FULL_WORKERS)?.kill()
  await steady(stage)
  const random = world.random('script')
  for (let split = 0; split < 2; split++) {
    await splitOne(world, between(random, 0, 99))
    await world.sleep(between(random, 0, 3000))
  }
  const goal = { rule: 'R45', what: 'every open shard has an owner', withinMs: SPLITS_SERVED_MS }
  await stage.reach(goal, () => stage.openLeases().length === 6 && allServed(stage))
  reached(stage, 'ended-leases-beside-full-workers', table.rows.size - stage.openLeases().length)
  let alarms = 0
  fleet.onWarning = (message) => {
    if (message === 'no worker has room for these leases') alarms++
  }
  await splitOne(world, between(random, 0, 99))
  const alarm = { rule: 'R45', what: 'a lease without room is told of', withinMs: SPLITS_SERVED_MS }
  await stage.reach(alarm, () => alarms > 0)
  reached(stage, 'lease-without-room', alarms)
}

/** Observers see old counters and clocks in whole seconds; neither makes them take too soon or twice. */
async function slowObservers(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, table } = stage
  const random = world.random('script')
  const { slot, workerId } = stage.follower()
  const movesBefore = table.moves.length
  // A renewal that is due each 3.3 s, and a pause: together less than F.
  fleet.handle(slot)?.pause(between(random, 1000, 5500))
  await world.sleep(12_000)
  if (table.moves.length > movesBefore) world.violation('R47', 'taken before it had run out')
  const orphans = stage.heldBy(workerId)
  const tries = new Map<string, number>()
  const watch = watchWrites(stage, ({ kind, leaseKey }) => {
    if (kind === 'assignment') tries.set(leaseKey, (tries.get(leaseKey) ?? 0) + 1)
  })
  fleet.handle(slot)?.kill()
  await delivered(stage, 'R47', orphans)
  watch.clear()
  reached(stage, 'take-at-first-try', orphans.length)
  for (const shardId of orphans) {
    const found = tries.get(shardId) ?? 0
    if (found !== 1) world.violation('R47', `${shardId} was taken at try ${found}`)
  }
}

async function rowsWithoutOwner(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, table } = stage
  const random = world.random('script')
  const { slot, workerId } = stage.follower()
  fleet.handle(slot)?.kill()
  const orphans = stage.heldBy(workerId)
  // Before, while or after its leases run out.
  await world.sleep(between(random, 0, 14_000))
  const freed = new Set([pickLease(stage, random).shardId, pickLease(stage, random).shardId])
  for (const shardId of freed) await freeByHand(stage, shardId)
  reached(stage, 'row-without-owner', freed.size)
  // Perhaps to the dead one, as long as nobody can know.
  const goal = { rule: 'R48', what: 'rows without an owner are assigned', withinMs: ASSIGNED_MS }
  const given = new Set<string>()
  await stage.reach(goal, () => {
    for (const id of freed) if (table.rows.get(id)?.owner !== undefined) given.add(id)
    return given.size === freed.size
  })
  await delivered(stage, 'R48', [...new Set([...orphans, ...freed])])
}

export const ASSIGNMENT: readonly Scenario[] = [
  {
    name: 'R44',
    about: 'a worker of a balanced fleet dies: its leases are taken although everyone has enough',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { shards: 6, stableIds: false }),
    script: balancedFleetLosesOne,
  },
  {
    name: 'R45',
    about: 'workers with room for just the open shards: ended leases take none of it',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, {
        ...{ workers: FULL_WORKERS + 1, shards: 4, stableIds: false },
        // Ended leases stay.
        leaseCleanup: { intervalMs: 60_000, completedAfterMs: 600_000 },
        consumer: { lease: { maxLeasesForWorker: 3 } },
      }),
    script: everybodyIsFull,
  },
  {
    name: 'R47',
    about: 'stale reads and clocks that are off: no take before F has passed, then the first works',
    everySeeds: 20,
    plan: (random) => {
      const plan = smallFleet(random, { shards: 6, stableIds: false })
      return {
        ...plan,
        faults: { ...plan.faults, indexLagMs: between(random, 500, 3000) },
        clocks: [0, 1, 2].map(() => ({
          clockOffsetMs: between(random, -3_600_000, 3_600_000),
          clockRate: 0.99 + random.next() * 0.02,
        })),
      }
    },
    script: slowObservers,
  },
  {
    name: 'R48',
    about: 'rows without an owner beside those of a dead worker: assigned at the next look',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { shards: 6, stableIds: false }),
    script: rowsWithoutOwner,
  },
]
