/** When a worker may take, keep or work around the leader lock. Pure. */
import type { LeaderRow } from '../lease/leader-row.ts'

export interface LockObservation {
  readonly row: LeaderRow | undefined
  /** Monotonic time at which this version of the row was first seen. */
  readonly sinceMs: number
}

export function observeLock(
  before: LockObservation | undefined,
  row: LeaderRow | undefined,
  nowMs: number,
): LockObservation {
  const unchanged =
    before !== undefined && before.row?.recordVersionNumber === row?.recordVersionNumber
  return { row, sinceMs: unchanged ? before.sinceMs : nowMs }
}

/** Absent, given back, or unchanged for longer than its own duration. */
export function mayAcquire(seen: LockObservation, nowMs: number): boolean {
  if (seen.row === undefined || seen.row.isReleased) return true
  return nowMs - seen.sinceMs > seen.row.leaseDurationMs
}

/**
 * A fleet whose leader does nothing must not starve: a worker that has watched for F itself takes
 * what the plan gives it, once the lock has stood still for this long.
 */
export function mayServeItself(
  seen: LockObservation,
  nowMs: number,
  watchedMs: number,
  options: { readonly assignmentIntervalMs: number; readonly failoverTimeMs: number },
): boolean {
  if (watchedMs <= options.failoverTimeMs) return false
  const patienceMs = Math.max(2 * options.assignmentIntervalMs, seen.row?.leaseDurationMs ?? 0)
  return nowMs - seen.sinceMs > patienceMs
}
