/** Plans of histories in which one thing goes wrong, or nothing does. Pure. */
import type { Random } from '@millrace/core'
import { type Disturbance, type HistoryPlan, planHistory } from './history-plan.ts'
import { withLease } from './rarer-options.ts'

type Timed = HistoryPlan['disturbances'][number]

/** How long a calm history is. */
export const CALM_MS = 600_000
export const CALM_DAY_MS = 86_400_000
/** L7: a row that was lost is back within a minute. */
const L7_MS = 60_000

/** Nothing goes wrong by itself. */
export function quiet(random: Random): HistoryPlan {
  return {
    ...planHistory(random),
    handlerFailure: 0,
    handlerStuck: 0,
    faults: { latencyMs: { min: 1, max: 20 } },
    disturbances: [],
    reshardsAtShardEnd: 0,
  }
}

function inOrder(...disturbances: readonly Timed[]): Timed[] {
  return [...disturbances].sort((a, b) => a.atMs - b.atMs)
}

export function between(random: Random, min: number, max: number): number {
  return Math.floor(min + random.next() * (max - min + 1))
}

/** R32, L7: an operator deletes lease rows, also in the middle of reshards. */
export function planLostRow(random: Random): HistoryPlan {
  const plan = planHistory(random)
  const at = (min: number, max: number, kind: 'split' | 'merge' | 'delete-row'): Timed => ({
    atMs: between(random, min, max),
    what: { kind, pick: between(random, 0, 999) },
  })
  return {
    ...plan,
    faults: { latencyMs: plan.faults.latencyMs, indexLagMs: plan.faults.indexLagMs },
    disturbances: inOrder(
      at(10_000, 40_000, 'split'),
      at(10_000, 40_000, 'merge'),
      at(12_000, 45_000, 'delete-row'),
      at(45_000, 75_000, 'delete-row'),
    ),
    recoversWithinMs: L7_MS,
  }
}

/** S23: nothing at all, for ten minutes; half of the fleets assign by utilization. */
export function planCalm(random: Random): HistoryPlan {
  const plan = quiet(random)
  const calm: HistoryPlan = {
    ...plan,
    workers: between(random, 3, 5),
    shards: between(random, 4, 8),
    clocks: [],
    disturbedMs: CALM_MS,
    isOrderly: true,
  }
  return random.next() < 0.5 ? calm : withLease(calm, { assignmentStrategy: 'worker-utilization' })
}

/** S23, L5: a whole day, with as little to do as a fleet can have. */
export function planCalmDay(random: Random): HistoryPlan {
  return {
    ...quiet(random),
    workers: between(random, 2, 3),
    shards: between(random, 2, 3),
    records: 100,
    clocks: [],
    sizes: {
      ...{ listShardsPageSize: 1000, iteratorLifetimeMs: 300_000, maxRecords: 10_000 },
      returnsOldItemOnFailedCondition: true,
    },
    disturbedMs: CALM_DAY_MS,
    isOrderly: true,
    consumer: { retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 10_000 } },
    stopLookMs: 10_000,
    leaseCleanup: { intervalMs: 60_000, completedAfterMs: 300_000 },
  }
}

/** L3: each worker is asked to stop once. */
export function planRollingRestart(random: Random): HistoryPlan {
  const stop = (worker: number, atMs: number): Timed => ({
    atMs,
    what: { kind: 'stop', worker, restartAfterMs: between(random, 0, 3000) },
  })
  const plan = quiet(random)
  return {
    ...plan,
    workers: 3,
    shards: between(random, 2, 6),
    records: 150,
    disturbances: [stop(0, 25_000), stop(1, 40_000), stop(2, 55_000)],
    isOrderly: true,
  }
}

/** Pauses of about F, again and again, while every call takes a second or more. */
export function planSlowWakes(random: Random): HistoryPlan {
  const workers = between(random, 2, 3)
  const pause = (atMs: number): Timed => ({
    atMs,
    what: {
      kind: 'pause',
      worker: between(random, 0, workers - 1),
      forMs: between(random, 9500, 13_500),
    },
  })
  const cut = (atMs: number): Timed => {
    const what: Disturbance = {
      kind: 'disconnect',
      worker: between(random, 0, workers - 1),
      service: 'dynamo',
      forMs: between(random, 8000, 12_000),
    }
    return { atMs, what }
  }
  const plan = quiet(random)
  return {
    ...plan,
    workers,
    shards: 4,
    records: 120,
    handler: 'eachRecord',
    handlerMaxMs: 200,
    faults: { latencyMs: { min: 300, max: 900 } },
    disturbances: inOrder(
      ...[20_000, 45_000, 70_000, 95_000].map(pause),
      ...[33_000, 58_000, 83_000].map(cut),
    ),
    disturbedMs: 112_000,
  }
}

/** R36: the lock cannot be taken any more, and then a worker dies for good. */
export function planBrokenLock(random: Random): HistoryPlan {
  const workers = between(random, 2, 4)
  return {
    ...quiet(random),
    workers,
    stableIds: false,
    initialPosition: 'TRIM_HORIZON',
    disturbances: [
      { atMs: 20_000, what: { kind: 'break-lock' } },
      { atMs: between(random, 22_000, 30_000), what: { kind: 'split', pick: 0 } },
      {
        atMs: between(random, 30_000, 50_000),
        what: { kind: 'kill', worker: between(random, 0, workers - 1), restartAfterMs: 60_000 },
      },
    ],
    hasLeader: false,
  }
}
