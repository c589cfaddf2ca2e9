/** Leases for tests, with everything but the named fields at rest. */
import type { Lease } from '../../src/lease/lease.ts'

export function leaseOf(leaseKey: string, fields: Partial<Lease> = {}): Lease {
  return {
    leaseKey,
    shardId: leaseKey,
    leaseOwner: undefined,
    leaseCounter: 0,
    checkpointOwner: undefined,
    checkpoint: { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 },
    ownerSwitchesSinceCheckpoint: 0,
    parentShardIds: [],
    childShardIds: [],
    hashKeyRange: undefined,
    throughputKBps: undefined,
    pendingCheckpoint: undefined,
    pendingCheckpointState: undefined,
    startTimestampMs: undefined,
    ...fields,
  }
}

export function position(
  sequenceNumber: string | number,
  subSequenceNumber = 0,
): { readonly sequenceNumber: string; readonly subSequenceNumber: number } {
  return { sequenceNumber: String(sequenceNumber), subSequenceNumber }
}
