/**
 * What became of a conditional write whose answer was lost or refused, judged from the row as it
 * is now. Pure. One conditional write can land at most once per counter value, which is what
 * makes this decidable (R18, R19).
 */
import { compareExtendedSequenceNumbers, type ExtendedSequenceNumber } from '@millrace/core'
import type { Lease } from './lease.ts'

/**
 * - `applied`: the row holds what was to be written
 * - `not-applied`: still ours, but this write has not landed: go on from the row and write again
 * - `lost`: somebody else owns the row, or it is gone
 */
export type WriteVerdict = 'applied' | 'not-applied' | 'lost'

/** A holder's heartbeat or checkpoint. `at` is the position that was to be stored, if any. */
export function judgeHolderWrite(
  known: Lease,
  now: Lease | undefined,
  workerId: string,
  at?: ExtendedSequenceNumber,
): WriteVerdict {
  if (now === undefined || now.leaseOwner !== workerId || now.checkpointOwner !== undefined) {
    return 'lost'
  }
  if (now.leaseCounter === known.leaseCounter) return 'not-applied'
  // One step further and still ours: nobody else can have held it in between. Two steps could
  // hide a whole tenure of another worker.
  if (now.leaseCounter !== known.leaseCounter + 1) return 'lost'
  if (at === undefined) return 'applied'
  return compareExtendedSequenceNumbers(now.checkpoint, at) === 0 ? 'applied' : 'not-applied'
}

/** A change of owner: by a leader, by a worker that hands over, by one that lets go. */
export function judgeOwnerWrite(
  known: Lease,
  now: Lease | undefined,
  newOwner: string | undefined,
): WriteVerdict {
  if (now === undefined) return 'lost'
  if (now.leaseCounter === known.leaseCounter && now.leaseOwner === known.leaseOwner) {
    return 'not-applied'
  }
  const applied = now.leaseOwner === newOwner && now.leaseCounter === known.leaseCounter + 1
  return applied ? 'applied' : 'lost'
}
