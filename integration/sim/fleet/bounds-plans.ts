/** Plans of histories that measure how long one recovery takes: nothing else goes wrong. Pure. */
import type { Random } from '@millrace/core'
import type { HistoryPlan } from './history-plan.ts'
import { between, quiet } from './special-plans.ts'

/** A fleet with records flowing, left alone while a script does one thing to it. */
export function planSteady(random: Random): HistoryPlan {
  const workers = between(random, 2, 4)
  return {
    ...quiet(random),
    workers,
    shards: between(random, workers, 7),
    records: 60,
    disturbedMs: 50_000,
  }
}

/** One worker more makes a real difference. */
export function planJoin(random: Random): HistoryPlan {
  return {
    ...planSteady(random),
    workers: between(random, 2, 5),
    shards: between(random, 6, 12),
  }
}
