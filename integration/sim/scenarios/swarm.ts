/** Histories drawn from a seed, and special ones that look closer at one promise. */
import { planHistory } from '../fleet/history-plan.ts'
import { withRarerFaults } from '../fleet/rarer-faults.ts'
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
import type { Scenario } from '../scenario.ts'

/** By then a fleet that nobody joins or leaves has spread its leases. */
const SPREAD_MS = 30_000
/** Discovery looks every 2 s; the calls, the index and the loop take a little. */
const ADOPTED_MS = 3000

/** S23, L5: nothing moves, nothing is lost; leases are taken up by those that they were given to. */
function judgeCalm(untilMs: number): NonNullable<Scenario['judge']> {
  return ({ leasesLost, table }, world) => {
    const isJudged = (atMs: number): boolean => atMs > SPREAD_MS && atMs < untilMs
    const lost = leasesLost.filter(({ atMs }) => atMs > SPREAD_MS).length
    if (lost > 0) world.violation('S23', `${lost} leases were lost although nothing went wrong`)
    const moves = table.moves.filter(isJudged).length
    if (moves > 0) world.violation('S23', `${moves} leases moved although nothing had changed`)
    const slowestMs = table.adoptionsMs.reduce((most, ms) => Math.max(most, ms), 0)
    if (slowestMs > ADOPTED_MS) {
      world.violation('L4', `a lease was taken up ${slowestMs.toFixed(0)} ms after it was assigned`)
    }
  }
}

export const SWARM: readonly Scenario[] = [
  {
    name: 'fleet',
    about: 'workers, a producer, reshards, kills, pauses, throttles, lost replies',
    plan: (random) => withRarerFaults(planHistory(random), random),
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
