/** Histories drawn from a seed, and special ones that look closer at one promise. */
import type { Random } from '@millrace/core'
import { planHistory } from '../fleet/history-plan.ts'
import { STREAM } from '../fleet/names.ts'
import { withRarerFaults } from '../fleet/rarer-faults.ts'
import { isByUtilization, withRarerOptions } from '../fleet/rarer-options.ts'
import {
  CALM_DAY_MS,
  CALM_MS,
  planBrokenLock,
  planCalm,
  planCalmDay,
  planLostRow,
  planRollingRestart,
  planSlowWakes,
} from '../fleet/special-plans.ts'
import type { Stage } from '../fleet/stage.ts'
import { withStyles } from '../fleet/styles.ts'
import type { FleetScenario } from '../scenario.ts'

/** By then a fleet that nobody joins or leaves has spread its leases. */
const SPREAD_MS = 30_000
/** Loads are evened out once a minute, and what was moved is seen a round later. */
const SPREAD_BY_LOAD_MS = 200_000
/** Discovery looks every 2 s; the calls, the index and the loop take a little. */
const ADOPTED_MS = 3000

/**
 * For fleets that assign by utilization: as much for each shard, or now and then a little for some.
 * The one are loads that are alike, the other differences that are none.
 */
async function littleToTellApart(stage: Stage): Promise<void> {
  const { world, plan } = stage
  if (!isByUtilization(plan)) return
  const random = world.random('script')
  const isEven = random.next() < 0.5
  const shards = world.kinesis.shards(STREAM)
  while (world.nowMs() < plan.disturbedMs) {
    for (const { ShardId } of shards) {
      if (isEven) await stage.put(ShardId, EVEN_TEXT)
      else if (random.next() < NOISE) await stage.put(ShardId, noiseText(random))
    }
    await world.sleep(EVERY_MS)
  }
  world.count(`marker.calm-by-utilization-${isEven ? 'alike' : 'idle'}`)
}

const EVEN_TEXT = 'even'.repeat(2000)
const EVERY_MS = 1000
/** With the records below, 0.1 KB/s a shard, and never for long the same. */
const NOISE = 0.2

function noiseText(random: Random): string {
  return 'x'.repeat(1 + Math.floor(random.next() * 1000))
}

/** S23, L5: nothing moves, nothing is lost; leases are taken up by those that they were given to. */
function judgeCalm(untilMs: number): NonNullable<FleetScenario['judge']> {
  return ({ plan, leasesLost, table }, world) => {
    const spreadMs = isByUtilization(plan) ? SPREAD_BY_LOAD_MS : SPREAD_MS
    const isJudged = (atMs: number): boolean => atMs > spreadMs && atMs < untilMs
    const lost = leasesLost.filter(({ atMs }) => atMs > spreadMs).length
    if (lost > 0) world.violation('S23', `${lost} leases were lost although nothing went wrong`)
    const moves = table.moves.filter(isJudged).length
    if (moves > 0) world.violation('S23', `${moves} leases moved although nothing had changed`)
    const slowestMs = table.adoptionsMs.reduce((most, ms) => Math.max(most, ms), 0)
    if (slowestMs > ADOPTED_MS) {
      world.violation('L4', `a lease was taken up ${slowestMs.toFixed(0)} ms after it was assigned`)
    }
  }
}

export const SWARM: readonly FleetScenario[] = [
  {
    name: 'fleet',
    about: 'workers, a producer, reshards, kills, pauses, throttles, lost replies',
    plan: (random) => {
      const plan = withRarerOptions(withRarerFaults(planHistory(random), random), random)
      return withStyles(plan, random)
    },
  },
  {
    name: 'lost-row',
    about: 'R32, L7: a lease row deleted by hand is back within a minute, and nothing is lost',
    plan: planLostRow,
    everySeeds: 2,
  },
  {
    name: 'rolling-restart',
    about: 'L3: workers that stop one after another hand everything over; no lease ever expires',
    plan: planRollingRestart,
    everySeeds: 5,
    judge: ({ leasesLost }, world) => {
      const expired = leasesLost.filter(({ reason }) => reason === 'expired').length
      if (expired > 0) world.violation('L3', `${expired} leases expired in an orderly fleet`)
    },
  },
  {
    name: 'slow-wakes',
    about: 'S7, S8: answers take a second, and paused workers wake just as their leases run out',
    plan: planSlowWakes,
    everySeeds: 5,
  },
  {
    name: 'broken-lock',
    about: 'R36: nobody can lead, yet the leases of a dead worker are served',
    plan: planBrokenLock,
    everySeeds: 5,
  },
  {
    name: 'calm',
    about: 'S23, L5: ten minutes in which nothing goes wrong and nothing moves',
    plan: planCalm,
    script: littleToTellApart,
    everySeeds: 25,
    judge: judgeCalm(CALM_MS),
  },
  {
    name: 'calm-day',
    about: 'S23, L5: as calm, for 24 hours',
    plan: planCalmDay,
    everySeeds: 400,
    judge: judgeCalm(CALM_DAY_MS),
  },
]
