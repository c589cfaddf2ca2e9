/**
 * What became of a conditional write whose answer was lost or refused, judged from the row as it
 * is now. Pure. One conditional write can land at most once per counter value, which is what
 * makes this decidable (R18, R19).
 */
import { compareExtendedSequenceNumbers, type ExtendedSequenceNumber } from '@millrace/core'
import { actualOwner, type Lease } from './lease.ts'

/**
 * - `applied`: the row holds what was to be written
 * - `not-applied`: still ours, but this write has not landed: go on from the row and write again
 * - `lost`: somebody else owns the row, or it is gone
 */
export type WriteVerdict = 'applied' | 'not-applied' | 'lost'

/**
 * A holder's heartbeat or checkpoint. `at` is the position that was to be stored, if any. A handoff
 * from this worker that has begun meanwhile takes nothing away: it goes on holding the row.
 */
export function judgeHolderWrite(
  known: Lease,
  now: Lease | undefined,
  workerId: string,
  at?: ExtendedSequenceNumber,
): WriteVerdict {
  if (now === undefined || !isStillHeld(known, now, workerId)) return 'lost'
  if (now.leaseCounter === known.leaseCounter) return 'not-applied'
  // One step further and still ours: nobody else can have held it in between. Two steps could
  // hide a whole tenure of another worker.
  if (now.leaseCounter !== known.leaseCounter + 1) return 'lost'
  if (at === undefined) return 'applied'
  return compareExtendedSequenceNumbers(now.checkpoint, at) === 0 ? 'applied' : 'not-applied'
}

function isStillHeld(known: Lease, now: Lease, workerId: string): boolean {
  if (actualOwner(now) !== workerId) return false
  // Whoever ends a handoff gives the lease to somebody, be it back to us: a tenure of its own.
  if (now.checkpointOwner === undefined) return known.checkpointOwner === undefined
  return now.leaseOwner !== workerId
}

/** The pending position beside the current one. */
export function judgePrepare(
  known: Lease,
  now: Lease | undefined,
  workerId: string,
  pending: ExtendedSequenceNumber,
): WriteVerdict {
  const stored = now?.pendingCheckpoint
  const isThere =
    stored !== undefined &&
    stored.sequenceNumber === pending.sequenceNumber &&
    stored.subSequenceNumber === pending.subSequenceNumber
  return onlyWith(judgeHolderWrite(known, now, workerId), isThere)
}

export function judgeStartTimestamp(
  known: Lease,
  now: Lease | undefined,
  workerId: string,
  startTimestampMs: number,
): WriteVerdict {
  const isThere = now?.startTimestampMs === startTimestampMs
  return onlyWith(judgeHolderWrite(known, now, workerId), isThere)
}

/** A change of owner: by a leader, by a worker that hands over, by one that lets go. */
export function judgeOwnerWrite(
  known: Lease,
  now: Lease | undefined,
  newOwner: string | undefined,
): WriteVerdict {
  if (now === undefined) return 'lost'
  if (
    now.leaseCounter === known.leaseCounter &&
    now.leaseOwner === known.leaseOwner &&
    now.checkpointOwner === known.checkpointOwner
  ) {
    return 'not-applied'
  }
  const applied =
    now.leaseOwner === newOwner &&
    now.checkpointOwner === undefined &&
    now.leaseCounter === known.leaseCounter + 1
  return applied ? 'applied' : 'lost'
}

/** A lease taken from an owner that lives and may have written since: the counter tells nothing. */
export function judgeTake(known: Lease, now: Lease | undefined, newOwner: string): WriteVerdict {
  if (now === undefined || now.checkpointOwner !== undefined) return 'lost'
  if (now.leaseOwner === known.leaseOwner) return 'not-applied'
  return now.leaseOwner === newOwner ? 'applied' : 'lost'
}

/** A leader's request for a handoff: the counter tells nothing, the owner goes on renewing. */
export function judgeHandoffStart(
  known: Lease,
  now: Lease | undefined,
  newOwner: string,
): WriteVerdict {
  if (now === undefined) return 'lost'
  if (now.leaseOwner === known.leaseOwner && now.checkpointOwner === undefined) {
    return 'not-applied'
  }
  const applied = now.leaseOwner === newOwner && now.checkpointOwner === known.leaseOwner
  return applied ? 'applied' : 'lost'
}

function onlyWith(verdict: WriteVerdict, isThere: boolean): WriteVerdict {
  return verdict === 'applied' && !isThere ? 'not-applied' : verdict
}
