/** Pure: the attempts of one record, bounded: a record that is tried for a day must not fill the memory. */
import type { Attempt } from './user-record.ts'

/** These many at each end are kept one by one; those between are folded into one entry. */
const KEPT = 10
const FULL = 2 * KEPT + 1

/** Adds an attempt. In a full list, the oldest of the last ones is folded into the entry in the middle. */
export function addAttempt(attempts: Attempt[], attempt: Attempt): void {
  if (attempts.length === FULL) {
    const [folded, next] = [attempts[KEPT], attempts[KEPT + 1]] as [Attempt, Attempt]
    attempts.splice(KEPT, 2, {
      delayMs: folded.delayMs + next.delayMs,
      durationMs: folded.durationMs + next.durationMs,
      error: next.error,
      folded: triesOf(folded) + triesOf(next),
    })
  }
  attempts.push(attempt)
}

/** How many attempts were made. */
export function attemptsIn(attempts: readonly Attempt[] | undefined): number {
  if (attempts === undefined) return 0
  const middle = attempts.length === FULL ? attempts[KEPT] : undefined
  return middle === undefined ? attempts.length : attempts.length - 1 + triesOf(middle)
}

function triesOf(attempt: Attempt): number {
  return attempt.folded ?? 1
}
