/** When a worker may take, keep or work around the leader lock. Pure. */
import type { LeaderRow } from '../lease/leader-row.ts'

export interface LockObservation {
  readonly row: LeaderRow | undefined
  /** Monotonic time at which this version of the row was first seen. */
  readonly sinceMs: number
  readonly lookedMs: number
  /** Long after the look before, which did not show it stale yet: others may have watched closely. */
  readonly isFromAfar: boolean
}

/** Share of the lock's duration: between two looks of a worker that watches closely less passes. */
const CLOSE = 0.5

export function observeLock(
  before: LockObservation | undefined,
  row: LeaderRow | undefined,
  nowMs: number,
): LockObservation {
  const unchanged =
    before !== undefined && before.row?.recordVersionNumber === row?.recordVersionNumber
  if (!unchanged) return { row, sinceMs: nowMs, lookedMs: nowMs, isFromAfar: false }
  const pauseMs = nowMs - before.lookedMs
  const isFromAfar =
    row !== undefined && pauseMs > CLOSE * row.leaseDurationMs && !isStale(before, before.lookedMs)
  return { row, sinceMs: before.sinceMs, lookedMs: nowMs, isFromAfar }
}

/** Absent, given back, or unchanged for longer than its own duration. */
export function isStale(seen: LockObservation, nowMs: number): boolean {
  if (seen.row === undefined || seen.row.isReleased) return true
  return nowMs - seen.sinceMs > seen.row.leaseDurationMs
}

/**
 * A stale lock is for those who have watched closely: they know which leases have expired, while a
 * leader that has looked from afar would wait for F once more. It takes the lock at its next look.
 */
export function mayAcquire(seen: LockObservation, nowMs: number): boolean {
  return isStale(seen, nowMs) && !seen.isFromAfar
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

/** How long a leader that has made way leaves the lock to others. */
const HOLD_OFF_MS = 30_000
/** Nobody has taken a free lock for so long: Java's workers look at it every F. */
const UNWANTED_MS = 15_000

/** A worker that could not lead would otherwise be the next leader as often as not. */
export function leavesItToOthers(
  seen: LockObservation,
  nowMs: number,
  { madeWayMs, hasPeers }: { readonly madeWayMs: number; readonly hasPeers: boolean },
): boolean {
  if (!hasPeers || nowMs - madeWayMs >= HOLD_OFF_MS) return false
  // A lock that stands still was taken, and its holder is dead or as badly off.
  const isFree = seen.row === undefined || seen.row.isReleased
  return isFree && nowMs - seen.sinceMs < UNWANTED_MS
}

/** As in KCL: a leader that fails this often in a row makes way for another. */
const MOST_FAILURES = 3
/** What passes by itself is given longer, so that an outage does not pass the lock round a fleet. */
const PASSES_WITHIN_MS = 30_000

export interface LeadingTrouble {
  /** In a row, from 1. */
  readonly failures: number
  /** When the first of them was begun. */
  readonly sinceMs: number
  /** Waiting may help; unless it is this worker alone that is badly off. */
  readonly passes: boolean
  /** Whether another worker lives that could lead. */
  readonly hasPeers: boolean
}

/** By the time the next one makes way, the last one's hold-off is over: somebody always may lead. */
export function mustMakeWay(trouble: LeadingTrouble, nowMs: number): boolean {
  const { failures, sinceMs, passes, hasPeers } = trouble
  if (!passes) return failures >= MOST_FAILURES
  return hasPeers && nowMs - sinceMs >= PASSES_WITHIN_MS
}
