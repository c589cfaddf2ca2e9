/**
 * Faults that a plan gets besides those of every plan: drawn last, so that what was drawn before
 * stays what it was. Pure.
 */
import type { Random } from '@millrace/core'
import type { SimulatedFaults } from '@millrace/testing'
import type { Disturbance, HistoryPlan, Target } from './history-plan.ts'

type Chance = (probability: number) => boolean

/** What lasts ends so long before everything heals. */
const QUIET_MS = 15_000
const EARLIEST_MS = 5000

export function withRarerFaults(plan: HistoryPlan, random: Random): HistoryPlan {
  const chance: Chance = (probability) => random.next() < probability
  return {
    ...plan,
    faults: moreFaults(plan.faults, random, chance),
    disturbances: [...plan.disturbances, ...moreDisturbances(plan, random, chance)].sort(
      (a, b) => a.atMs - b.atMs,
    ),
    handlerMischief: chance(0.3) ? random.next() * 0.1 : 0,
  }
}

function moreFaults(faults: SimulatedFaults, random: Random, chance: Chance): SimulatedFaults {
  const rate = (max: number): number => (chance(0.2) ? random.next() * max : 0)
  return {
    ...faults,
    kinesis: {
      ...faults.kinesis,
      failLookup: rate(0.03),
      expireCredentials: rate(0.03),
      refuseKey: rate(0.05),
      garbleReply: rate(0.03),
    },
    dynamo: {
      ...faults.dynamo,
      failLookup: rate(0.03),
      expireCredentials: rate(0.03),
      garbleReply: rate(0.05),
    },
  }
}

function moreDisturbances(
  { workers, disturbedMs, stableIds }: HistoryPlan,
  random: Random,
  chance: Chance,
): HistoryPlan['disturbances'] {
  const between = (min: number, max: number): number =>
    min + Math.floor(random.next() * (max - min + 1))
  const worker = (): Target => (chance(0.3) ? 'leader' : between(0, workers - 1))
  const drawn: { atMs: number; what: Disturbance }[] = []
  const add = (what: Disturbance): void => {
    const lastsMs = 'forMs' in what ? what.forMs : 0
    const untilMs = Math.min(disturbedMs - QUIET_MS, disturbedMs - lastsMs)
    drawn.push({ atMs: between(EARLIEST_MS, Math.max(EARLIEST_MS, untilMs)), what })
  }
  if (chance(0.35)) add({ kind: 'block-loop', worker: worker(), forMs: between(100, 30_000) })
  if (chance(0.25)) add({ kind: 'block-loop', worker: worker(), forMs: between(8000, 14_000) })
  for (const service of ['kinesis', 'dynamo'] as const) {
    if (chance(0.15)) {
      add({ kind: 'lose-replies', worker: worker(), service, forMs: between(1000, 20_000) })
    }
    if (chance(0.1)) add({ kind: 'brown-out', of: service, forMs: between(3000, 15_000) })
  }
  if (chance(0.15)) add({ kind: 'kill-mid-write', worker: worker(), restartAfterMs: 1000 })
  // Under ever new ids it leaves a sign of life each time, and leases go to one dead worker after
  // another until those are stale: longer than L1 by design of the metrics rows.
  if (stableIds && chance(0.3)) {
    add({ kind: 'crash-loop', worker: worker(), forMs: between(4000, 15_000) })
  }
  if (chance(0.1)) add({ kind: 'scale-to-zero', restartAfterMs: between(0, 10_000) })
  if (chance(0.1)) add({ kind: 'rolling-deploy', forMs: workers * between(2000, 8000) })
  if (chance(0.15)) add({ kind: 'trim', pick: between(0, 999) })
  if (chance(0.15)) add({ kind: 'trim', pick: between(0, 999) })
  return drawn
}
