/** The lease as it stands once a write of ours is known to have been applied. Pure. */
import type { ExtendedSequenceNumber } from '@millrace/core'
import type { Lease } from './lease.ts'

export function afterRenewal(lease: Lease, throughputKBps?: number): Lease {
  return {
    ...lease,
    leaseCounter: lease.leaseCounter + 1,
    throughputKBps: throughputKBps ?? lease.throughputKBps,
  }
}

export function afterCheckpoint(
  lease: Lease,
  at: ExtendedSequenceNumber,
  throughputKBps?: number,
): Lease {
  return {
    ...afterRenewal(lease, throughputKBps),
    checkpoint: at,
    ownerSwitchesSinceCheckpoint: 0,
    pendingCheckpoint: undefined,
    pendingCheckpointState: undefined,
  }
}

export function afterPrepare(
  lease: Lease,
  pending: ExtendedSequenceNumber,
  state: Uint8Array | undefined,
  throughputKBps?: number,
): Lease {
  return {
    ...afterRenewal(lease, throughputKBps),
    ownerSwitchesSinceCheckpoint: 0,
    pendingCheckpoint: pending,
    pendingCheckpointState: state,
  }
}

export function afterStartTimestamp(lease: Lease, startTimestampMs: number): Lease {
  return { ...afterRenewal(lease), startTimestampMs }
}
