/** R31, R36, R37, R38: who leads, who does not any more, and what the next leader does at once. */
import { splitOne } from '../fleet/reshard.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import {
  allServed,
  between,
  holdLockUp,
  oneOf,
  reached,
  smallFleet,
  steady,
  takesLock,
  writeOf,
} from './small-fleet.ts'

const L1_MS = 21_000
const L2_MS = 19_000
/** A look at the table, the list of shards, and a lease for each. */
const FIRST_SYNC_MS = 3000
/** The parent's last read and its end, a look of the leader, a discovery. */
const NEW_SHARDS_MS = 15_000
/** Three failures of the leader, a look and time-outs apart. */
const STEP_DOWN_MS = 15_000
/** Of close(), and what a worker waits for besides. */
const EXIT_MS = 9000

async function lateLeader(stage: Stage): Promise<void> {
  const { world, fleet, table } = stage
  const random = world.random('script')
  const lock = holdLockUp(stage, oneOf(random, 'fail', 'throttle'))
  await world.sleep(between(random, 5000, 20_000))
  reached(stage, 'empty-table-without-leader', table.rows.size === 0 ? 1 : 0)
  lock.clear()
  const leads = { rule: 'L2', what: 'a leader', withinMs: L2_MS, everyMs: 1 }
  await stage.reach(leads, () => fleet.isAlive(table.lock.owner))
  const dies = random.next() < 0.5
  if (dies) {
    // Right after it was elected: its successor finds the same empty table.
    world.count('marker.leader-died-before-first-sync')
    fleet.handle(stage.leader().slot)?.kill()
    await stage.reach({ ...leads, what: 'another leader' }, () => fleet.isAlive(table.lock.owner))
  }
  const shards = stage.plan.shards
  const goal = { rule: 'R31', what: 'a lease for each shard', withinMs: FIRST_SYNC_MS }
  await stage.reach(goal, () => table.rows.size >= shards)
}

async function deadLeader(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, table, bounds } = stage
  const random = world.random('script')
  await world.sleep(between(random, 0, 5000))
  const { slot, workerId } = stage.leader()
  reached(stage, 'leader-killed-for-good', fleet.isAlive(workerId) ? 1 : 0)
  fleet.handle(slot)?.kill()
  if (random.next() < 0.5) await splitOne(world, between(random, 0, 99))
  const leads = { rule: 'L2', what: 'another leader', withinMs: L2_MS }
  const tookMs = await stage.reach(leads, () => fleet.isAlive(table.lock.owner))
  if (tookMs !== undefined) bounds.record('L2', tookMs)
  await splitOne(world, between(random, 0, 99))
  const goal = { rule: 'R36', what: 'every open shard has an owner that is alive' }
  // The shard that is split may be one that the dead leader has, or was given last.
  await stage.reach({ ...goal, withinMs: L1_MS + NEW_SHARDS_MS }, () => allServed(stage))
}

async function failingLeader(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, table } = stage
  const random = world.random('script')
  const failsAt = oneOf(random, 'look', 'write')
  const { workerId: former } = stage.leader()
  let failures = 0
  const failed = (hits: boolean): boolean => {
    if (hits) failures++
    return hits
  }
  // Only a leader looks strongly at the whole table.
  const fault = world.dynamo.injectFault({
    operation: failsAt === 'look' ? 'scan' : 'updateItem',
    kind: oneOf(random, 'fail', 'throttle'),
    times: Number.POSITIVE_INFINITY,
    when: (input) =>
      failsAt === 'look'
        ? failed((input as { readonly ConsistentRead?: boolean }).ConsistentRead === true)
        : failed(writeOf(input).kind === 'assignment'),
  })
  // Something to assign: its leases run out, and then nobody can be given them.
  const { slot } = stage.follower()
  if (failsAt === 'write') fleet.handle(slot)?.kill()
  const untilFailingMs = failsAt === 'write' ? 16_000 : 5000
  const fails = { rule: 'SCENARIO', what: 'the leader fails', withinMs: untilFailingMs }
  await stage.reach(fails, () => failures > 0)
  const stepsDown = { rule: 'R37', what: `${former} steps down`, withinMs: STEP_DOWN_MS }
  await stage.reach({ ...stepsDown, everyMs: 5 }, () => table.lock.owner !== former)
  reached(stage, `leader-fails-to-${failsAt}`, failures)
  fault.clear()
  const leads = { rule: 'L2', what: 'somebody leads', withinMs: L2_MS }
  await stage.reach(leads, () => fleet.isAlive(table.lock.owner))
  const goal = { rule: 'R37', what: 'every shard is served', withinMs: NEW_SHARDS_MS }
  await stage.reach(goal, () => allServed(stage))
}

async function stopWhileElected(stage: Stage): Promise<void> {
  const { world, fleet, table } = stage
  const random = world.random('script')
  const isFirst = random.next() < 0.5
  if (!isFirst) await steady(stage)
  let stopping: string | undefined
  const delay = world.dynamo.injectFault({
    operation: 'putItem',
    kind: 'delay',
    delayMs: between(random, 0, 1900),
    delayed: oneOf(random, 'reply', 'request'),
    when: (input) => {
      const elected = takesLock(input)
      const slot = fleet.slotOf(elected)
      if (elected === undefined || slot === undefined) return false
      stopping = elected
      fleet.stop(slot)
      return true
    },
  })
  if (!isFirst) fleet.handle(stage.leader().slot)?.kill()
  const goal = { rule: 'SCENARIO', what: 'a worker is elected', withinMs: L2_MS }
  await stage.reach(goal, () => stopping !== undefined)
  reached(stage, 'stop-during-election', stopping === undefined ? 0 : 1)
  const exits = { rule: 'R38', what: `${stopping} ends`, withinMs: EXIT_MS }
  await stage.reach(exits, () => !fleet.isAlive(stopping))
  delay.clear()
  if (stopping !== undefined && table.lock.owner === stopping) {
    world.violation('R38', `${stopping} has stopped and still holds the lock`)
  }
}

export const LEADERS: readonly Scenario[] = [
  {
    name: 'R31',
    about: 'an empty table whose leader is elected late: the first shard sync does not wait',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { shards: between(random, 1, 5), records: 40 }),
    script: lateLeader,
  },
  {
    name: 'R36',
    about: 'the leader is killed for good: another leads within L2, new shards are assigned',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: between(random, 2, 4), stableIds: false }),
    script: deadLeader,
  },
  {
    name: 'R37',
    about: 'a leader whose looks or assignments fail each time steps down',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: between(random, 2, 3) }),
    script: failingLeader,
  },
  {
    name: 'R38',
    about: 'a worker that is told to stop while it takes the lock does not keep it',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: between(random, 2, 3), records: 40 }),
    script: stopWhileElected,
  },
]
