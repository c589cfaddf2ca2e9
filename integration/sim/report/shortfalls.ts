/** What a run has not shown although it was long enough for it. Pure. */
import { BOUND_LIMITS_MS, type BoundId, type BoundSummary } from '../bounds.ts'
import { MARKED_SEEDS, REQUIRED_MARKERS } from '../required-markers.ts'

export interface RunExtent {
  readonly seeds: number
  /** All scenarios ran, not one that was asked for by name. */
  readonly isWhole: boolean
}

/** By then each scenario that measures has run several times. */
export const MEASURED_SEEDS = 20

/** Bounds that were never measured, or exceeded, each in a sentence. */
export function boundShortfalls(
  bounds: Readonly<Record<string, BoundSummary>>,
  { seeds, isWhole }: RunExtent,
): readonly string[] {
  return (Object.keys(BOUND_LIMITS_MS) as BoundId[]).flatMap((id) => {
    const bound = bounds[id]
    if (bound === undefined) {
      return isWhole && seeds >= MEASURED_SEEDS ? [`${id} was never measured`] : []
    }
    const { maxMs, limitMs } = bound
    return maxMs > limitMs ? [`${id} took ${maxMs} ms, its limit is ${limitMs} ms`] : []
  })
}

/** Required markers that no history reached. */
export function missedMarkers(
  markers: Readonly<Record<string, number>>,
  { seeds, isWhole }: RunExtent,
): readonly string[] {
  if (!isWhole || seeds < MARKED_SEEDS) return []
  return Object.keys(REQUIRED_MARKERS).filter((marker) => (markers[marker] ?? 0) === 0)
}
