/** The ways of handling that the workers of a history have: the same for all, or to each its own. Pure. */
import type { Random } from '@millrace/core'
import type { HistoryPlan } from './history-plan.ts'

/** In which the worker asks for records; in the others it is called. */
const PULLING = ['batches', 'iterator', 'readable'] as const
export const STYLES = ['eachRecord', 'eachBatch', 'processor', ...PULLING] as const
export type PullingStyle = (typeof PULLING)[number]
export type Style = (typeof STYLES)[number]

const MIXED = 0.5

export function isPulling(style: Style): style is PullingStyle {
  return (PULLING as readonly Style[]).includes(style)
}

export function styleOf({ styles, handler }: HistoryPlan, slot: number): Style {
  return styles?.[slot % styles.length] ?? handler
}

/** Half of the fleets have a style for each worker. Drawn last, so that the rest of a plan stays. */
export function withStyles(plan: HistoryPlan, random: Random): HistoryPlan {
  if (random.next() >= MIXED) return plan
  const styles = Array.from(
    { length: plan.workers },
    () => STYLES[Math.floor(random.next() * STYLES.length)] ?? 'iterator',
  )
  return { ...plan, styles }
}
