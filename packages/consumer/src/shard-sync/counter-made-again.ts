/**
 * The counter of a row that may have existed before. Pure. Writes that nobody saw may have raised it
 * far above what is remembered, if anything is; a former holder that has not noticed must not take the
 * new row for its own, and fencing epochs must not come twice, however often a row is lost. So it
 * starts at the time of day: no counter is raised a thousand times a second, and clocks of workers
 * that are hours apart still do not name the same millisecond.
 */

/** No counter that began at 0 gets there: it would take a write each millisecond for thirty years. */
const LEAST = 1_000_000_000_000
/** Of a row that is remembered, should the clock of this worker be far behind. */
const MARGIN = 1000

/** @param known of the row as last seen, or of a parent */
export function counterMadeAgain(nowMs: number, known = 0): number {
  return Math.max(nowMs, known + MARGIN, LEAST)
}

/** A parent that was made a second time has had its children before. */
export function wasMadeAgain(leaseCounter: number): boolean {
  return leaseCounter >= LEAST
}
