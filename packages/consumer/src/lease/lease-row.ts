/** Lease table row <-> Lease, attribute for attribute as KCL 3.5 writes it. Pure. */
import { type dynamo, type ExtendedSequenceNumber, MAX_HASH_KEY } from '@millrace/core'
import { isSequenceNumber, isSequenceSentinel, parseHashKey } from '@millrace/core/internal'
import type { Lease, NewLease } from './lease.ts'

/** What a scanned row is. A malformed one is skipped and counted, never trusted. */
export type RowReading =
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'other' }
  | { readonly kind: 'malformed'; readonly leaseKey: string; readonly why: string }

export function readLeaseRow(row: dynamo.Item): RowReading {
  const leaseKey = row['leaseKey']?.S
  if (leaseKey === undefined) return { kind: 'malformed', leaseKey: '', why: 'no leaseKey' }
  const entityType = row['entityType']
  // Rows older than 3.5 have no entityType; absent means LEASE, unless the row is none at all.
  if (entityType !== undefined && entityType.S !== 'LEASE') return { kind: 'other' }
  if (entityType === undefined && row['leaseCounter'] === undefined) return { kind: 'other' }
  const leaseCounter = wholeNumber(row['leaseCounter'])
  if (leaseCounter === undefined) return malformed(leaseKey, 'leaseCounter')
  const checkpoint = position(row['checkpoint'], row['checkpointSubSequenceNumber'])
  if (checkpoint === undefined) return malformed(leaseKey, 'checkpoint')
  const switches = wholeNumber(row['ownerSwitchesSinceCheckpoint'])
  if (switches === undefined) return malformed(leaseKey, 'ownerSwitchesSinceCheckpoint')
  const mistyped = mistypedAttribute(row)
  if (mistyped !== undefined) return malformed(leaseKey, mistyped)
  const throughput = Number(row['throughputKBps']?.N)
  return {
    kind: 'lease',
    lease: {
      leaseKey,
      shardId: row['shardId']?.S ?? leaseKey,
      leaseOwner: filled(row['leaseOwner']?.S),
      checkpointOwner: filled(row['checkpointOwner']?.S),
      leaseCounter,
      checkpoint,
      ownerSwitchesSinceCheckpoint: switches,
      parentShardIds: [...(row['parentShardId']?.SS ?? [])].sort(),
      childShardIds: [...(row['childShardIds']?.SS ?? [])].sort(),
      hashKeyRange: hashKeyRange(row),
      throughputKBps: Number.isFinite(throughput) ? throughput : undefined,
      pendingCheckpoint: position(
        row['pendingCheckpoint'],
        row['pendingCheckpointSubSequenceNumber'],
      ),
      pendingCheckpointState: row['pendingCheckpointState']?.B,
      startTimestampMs: wholeNumber(row['startTimestampMs']),
    },
  }
}

/** The row that creates a lease. */
export function newLeaseRow(lease: NewLease): dynamo.Item {
  return {
    leaseKey: { S: lease.leaseKey },
    entityType: { S: 'LEASE' },
    leaseCounter: { N: String(lease.leaseCounter ?? 0) },
    checkpoint: { S: lease.checkpoint.sequenceNumber },
    checkpointSubSequenceNumber: { N: String(lease.checkpoint.subSequenceNumber) },
    ownerSwitchesSinceCheckpoint: { N: '0' },
    startingHashKey: { S: lease.hashKeyRange.start.toString() },
    endingHashKey: { S: lease.hashKeyRange.end.toString() },
    // DynamoDB refuses empty sets: an original shard has no parent attribute at all.
    ...(lease.parentShardIds.length === 0
      ? {}
      : { parentShardId: { SS: [...new Set(lease.parentShardIds)] } }),
    ...(lease.leaseOwner === undefined ? {} : { leaseOwner: { S: lease.leaseOwner } }),
    ...(lease.startTimestampMs === undefined
      ? {}
      : { startTimestampMs: { N: String(lease.startTimestampMs) } }),
  }
}

/**
 * An owner or a parent that cannot be read is not the same as none: it would start a shard beside
 * its owner, or a child before its parent has ended.
 */
function mistypedAttribute(row: dynamo.Item): string | undefined {
  for (const name of ['leaseOwner', 'checkpointOwner']) {
    if (row[name] !== undefined && row[name].S === undefined) return name
  }
  for (const name of ['parentShardId', 'childShardIds']) {
    if (row[name] !== undefined && row[name].SS === undefined) return name
  }
  return undefined
}

function malformed(leaseKey: string, attribute: string): RowReading {
  return { kind: 'malformed', leaseKey, why: `${attribute} is missing or not what KCL writes` }
}

function filled(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text
}

function wholeNumber(value: dynamo.AttributeValue | undefined): number | undefined {
  if (value?.N === undefined) return undefined
  const number = Number(value.N)
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

function position(
  sequenceNumber: dynamo.AttributeValue | undefined,
  subSequenceNumber: dynamo.AttributeValue | undefined,
): ExtendedSequenceNumber | undefined {
  const text = sequenceNumber?.S
  if (text === undefined || !(isSequenceNumber(text) || isSequenceSentinel(text))) return undefined
  return { sequenceNumber: text, subSequenceNumber: wholeNumber(subSequenceNumber) ?? 0 }
}

function hashKeyRange(row: dynamo.Item): Lease['hashKeyRange'] {
  const start = parseHashKey(row['startingHashKey']?.S ?? '')
  const end = parseHashKey(row['endingHashKey']?.S ?? '')
  if (start === undefined || end === undefined || start > end || end > MAX_HASH_KEY) {
    return undefined
  }
  return { start, end }
}
