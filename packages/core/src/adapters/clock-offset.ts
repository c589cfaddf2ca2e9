/** Pure: how far the service's clock is ahead of ours, by the `Date` header of its answers. */

/** The service takes signatures that are up to 5 minutes off; below this there is nothing to mend. */
const TOLERATED_MS = 60_000

/**
 * @param headers of an answer, names in lower case
 * @returns the offset to sign with from now on: the old one unless it is clearly wrong
 */
export function clockOffsetMs(
  headers: Readonly<Record<string, string | undefined>>,
  offsetMs: number,
  ourTimeMs: number,
): number {
  // An answer out of a cache has the time of its making.
  if (headers['age'] !== undefined) return offsetMs
  const serviceTimeMs = Date.parse(headers['date'] ?? '')
  if (Number.isNaN(serviceTimeMs)) return offsetMs
  const measuredMs = serviceTimeMs - ourTimeMs
  return isClearlyOff(offsetMs, measuredMs) ? measuredMs : offsetMs
}

/** Whether a signature made with one offset may be refused where the other is right. */
export function isClearlyOff(offsetMs: number, rightMs: number): boolean {
  return Math.abs(offsetMs - rightMs) >= TOLERATED_MS
}
