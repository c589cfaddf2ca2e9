/** Lease table row <-> Lease, attribute for attribute as KCL 3.5 writes it. Pure. */
import { type dynamo, type ExtendedSequenceNumber, MAX_HASH_KEY } from '@millrace/core'
import { isSequenceNumber, isSequenceSentinel, parseHashKey } from '@millrace/core/internal'
import type { Lease, NewLease } from './lease.ts'
import { parseMultiStreamKey, parseStreamIdentifier } from './multi-stream-key.ts'
import { isReservedKey } from './reserved-keys.ts'

/** A row that is left alone, and why. */
export interface SkippedRow {
  /**
   * - `malformed`: a lease or a row of the fleet that says what it may not
   * - `unknown`: of an entity type that KCL 3.5 does not know
   * - `multi-stream`: a lease of a consumer of many streams
   */
  readonly kind: 'malformed' | 'unknown' | 'multi-stream'
  readonly leaseKey: string
  readonly why: string
}

/** What a scanned row is. `other`: known, and no lease. One to be skipped is counted, never trusted. */
export type RowReading =
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'other' }
  | SkippedRow

/** Entity types of KCL 3.5 beside LEASE. */
const KNOWN_TYPES: ReadonlySet<string> = new Set([
  'STREAM',
  'LEADER',
  'CLIENT_VERSION_MIGRATION',
  'TABLE_MIGRATION',
  'WORKER_METRIC_STATS',
])

/** What Kinesis takes for a shard id. */
const SHARD_ID = /^[a-zA-Z0-9_.-]{1,128}$/

export function readLeaseRow(row: dynamo.Item): RowReading {
  const leaseKey = textIn(row, 'leaseKey')
  if (leaseKey === undefined) return { kind: 'malformed', leaseKey: '', why: 'no leaseKey' }
  // Whatever it says: to write a lease there would destroy the fleet's own state.
  if (isReservedKey(leaseKey)) return { kind: 'other' }
  const hasType = row['entityType'] !== undefined
  const entityType = textIn(row, 'entityType')
  // Rows older than 3.5 have no entityType; absent means LEASE, unless the row is none at all.
  if (hasType && entityType !== 'LEASE') {
    if (entityType !== undefined && KNOWN_TYPES.has(entityType)) return { kind: 'other' }
    return { kind: 'unknown', leaseKey, why: 'its entityType is not one of KCL 3.5' }
  }
  if (!hasType && row['leaseCounter'] === undefined) {
    return { kind: 'unknown', leaseKey, why: 'it has neither entityType nor leaseCounter' }
  }
  if (isOfManyStreams(leaseKey, row)) {
    return { kind: 'multi-stream', leaseKey, why: 'it is the lease of a consumer of many streams' }
  }
  // Kinesis would refuse every call for it, for ever.
  if (!SHARD_ID.test(leaseKey)) return malformed(leaseKey, 'leaseKey')
  // In single-stream mode KCL writes no shardId.
  if (row['shardId'] !== undefined && textIn(row, 'shardId') !== leaseKey) {
    return malformed(leaseKey, 'shardId')
  }
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
      shardId: leaseKey,
      leaseOwner: filled(textIn(row, 'leaseOwner')),
      checkpointOwner: filled(textIn(row, 'checkpointOwner')),
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

/** By its key, or by the attributes that go with such a key. */
function isOfManyStreams(leaseKey: string, row: dynamo.Item): boolean {
  if (parseMultiStreamKey(leaseKey) !== undefined) return true
  const stream = textIn(row, 'streamName')
  return (
    stream !== undefined &&
    parseStreamIdentifier(stream) !== undefined &&
    row['shardId'] !== undefined
  )
}

/**
 * An owner or a parent that cannot be read is not the same as none: it would start a shard beside
 * its owner, or a child before its parent has ended.
 */
function mistypedAttribute(row: dynamo.Item): string | undefined {
  for (const name of ['leaseOwner', 'checkpointOwner']) {
    if (row[name] !== undefined && textIn(row, name) === undefined) return name
  }
  for (const name of ['parentShardId', 'childShardIds']) {
    if (row[name] !== undefined && !isTextSet(row[name]?.SS)) return name
  }
  return undefined
}

function malformed(leaseKey: string, attribute: string): RowReading {
  return { kind: 'malformed', leaseKey, why: `${attribute} is missing or not what KCL writes` }
}

/** Undefined for a value of another type, whatever the port let through. */
function textIn(row: dynamo.Item, name: string): string | undefined {
  const text: unknown = row[name]?.S
  return typeof text === 'string' ? text : undefined
}

function isTextSet(members: unknown): boolean {
  return Array.isArray(members) && members.every((member) => typeof member === 'string')
}

function filled(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text
}

function wholeNumber(value: dynamo.AttributeValue | undefined): number | undefined {
  if (typeof value?.N !== 'string' || value.N === '') return undefined
  const number = Number(value.N)
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

function position(
  sequenceNumber: dynamo.AttributeValue | undefined,
  subSequenceNumber: dynamo.AttributeValue | undefined,
): ExtendedSequenceNumber | undefined {
  const text: unknown = sequenceNumber?.S
  if (typeof text !== 'string' || !(isSequenceNumber(text) || isSequenceSentinel(text)))
    return undefined
  return { sequenceNumber: text, subSequenceNumber: wholeNumber(subSequenceNumber) ?? 0 }
}

function hashKeyRange(row: dynamo.Item): Lease['hashKeyRange'] {
  const start = parseHashKey(textIn(row, 'startingHashKey') ?? '')
  const end = parseHashKey(textIn(row, 'endingHashKey') ?? '')
  if (start === undefined || end === undefined || start > end || end > MAX_HASH_KEY) {
    return undefined
  }
  return { start, end }
}
