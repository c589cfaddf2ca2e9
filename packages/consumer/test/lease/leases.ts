/** Leases for tests, with everything but the named fields at rest. */
import type { dynamo } from '@millrace/core'
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

/** The row that stands for this lease, without entityType. */
export function rowOfLease(lease: Lease): dynamo.Item {
  const row: Record<string, dynamo.AttributeValue> = {
    leaseKey: { S: lease.leaseKey },
    leaseCounter: { N: String(lease.leaseCounter) },
    checkpoint: { S: lease.checkpoint.sequenceNumber },
    checkpointSubSequenceNumber: { N: String(lease.checkpoint.subSequenceNumber) },
    ownerSwitchesSinceCheckpoint: { N: String(lease.ownerSwitchesSinceCheckpoint) },
  }
  if (lease.leaseOwner !== undefined) row['leaseOwner'] = { S: lease.leaseOwner }
  if (lease.checkpointOwner !== undefined) row['checkpointOwner'] = { S: lease.checkpointOwner }
  if (lease.pendingCheckpoint !== undefined) {
    row['pendingCheckpoint'] = { S: lease.pendingCheckpoint.sequenceNumber }
    row['pendingCheckpointSubSequenceNumber'] = { N: '0' }
  }
  if (lease.startTimestampMs !== undefined) {
    row['startTimestampMs'] = { N: String(lease.startTimestampMs) }
  }
  if (lease.hashKeyRange !== undefined) {
    row['startingHashKey'] = { S: lease.hashKeyRange.start.toString() }
    row['endingHashKey'] = { S: lease.hashKeyRange.end.toString() }
  }
  if (lease.parentShardIds.length > 0) row['parentShardId'] = { SS: lease.parentShardIds }
  if (lease.childShardIds.length > 0) row['childShardIds'] = { SS: lease.childShardIds }
  return row
}
