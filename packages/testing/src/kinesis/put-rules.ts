/** What PutRecord and PutRecords refuse as a whole, before any entry is stored. Pure. */
import type { kinesis } from '@millrace/core'
import { isSequenceNumber, LIMITS, parseHashKey } from '@millrace/core/internal'
import { hexOfHashKey, hexOfPartitionKey } from './hash-position.ts'
import { invalidArgument, invalidField } from './refusals.ts'

/** What the rules need to know of the stream. */
export interface PutTarget {
  readonly maxRecordBytes: number
  readonly distribution: 'AUTO' | 'USER_PARTITION_KEY'
}

/** An entry that passed, with what placing it needs. */
export interface CheckedEntry {
  readonly data: Uint8Array
  readonly partitionKey: string | undefined
  readonly sizeBytes: number
  /** Where it lies in the key space; undefined when the service picks the shard. */
  readonly hex: string | undefined
}

/** @throws ServiceError */
export function checkPutRecords(
  entries: readonly kinesis.PutRecordsEntry[],
  target: PutTarget,
): CheckedEntry[] {
  const operation = 'PutRecords'
  if (!Array.isArray(entries) || entries.length === 0) {
    throw invalidField(operation, 'records', 'Member must have length greater than or equal to 1')
  }
  if (entries.length > LIMITS.putRecordsMaxEntries) {
    throw invalidField(
      operation,
      'records',
      `Member must have length less than or equal to ${LIMITS.putRecordsMaxEntries}, not ${entries.length}`,
    )
  }
  const checked: CheckedEntry[] = []
  let requestBytes = 0
  for (let place = 0; place < entries.length; place++) {
    const entry = checkEntry(
      operation,
      `records.${place + 1}.member.`,
      entries[place] as kinesis.PutRecordsEntry,
      target,
    )
    requestBytes += entry.sizeBytes
    checked.push(entry)
  }
  if (requestBytes > LIMITS.putRecordsMaxBytes) {
    throw invalidArgument(
      operation,
      `Records size ${requestBytes} exceeds the limit of ${LIMITS.putRecordsMaxBytes} bytes`,
    )
  }
  return checked
}

/** @throws ServiceError */
export function checkPutRecord(input: kinesis.PutRecordInput, target: PutTarget): CheckedEntry {
  const operation = 'PutRecord'
  const ordering = input.SequenceNumberForOrdering
  if (ordering !== undefined) {
    if (target.distribution === 'AUTO') {
      throw invalidArgument(
        operation,
        'SequenceNumberForOrdering is not supported with AUTO record distribution',
      )
    }
    if (!isSequenceNumber(ordering)) {
      throw invalidField(operation, 'sequenceNumberForOrdering', 'Member must be a sequence number')
    }
  }
  return checkEntry(operation, '', input, target)
}

function checkEntry(
  operation: string,
  path: string,
  entry: kinesis.PutRecordsEntry,
  target: PutTarget,
): CheckedEntry {
  const data = entry.Data
  if (!(data instanceof Uint8Array)) {
    throw invalidField(operation, `${path}data`, 'Member must not be null')
  }
  const partitionKey = checkPartitionKey(operation, path, entry.PartitionKey, target)
  const sizeBytes =
    data.byteLength + (partitionKey === undefined ? 0 : Buffer.byteLength(partitionKey))
  if (sizeBytes > target.maxRecordBytes) {
    throw invalidField(
      operation,
      `${path}data`,
      `Member and its partition key must have length less than or equal to ${target.maxRecordBytes} bytes, not ${sizeBytes}`,
    )
  }
  const ownHex = hexOfExplicitHashKey(operation, path, entry.ExplicitHashKey)
  if (target.distribution === 'AUTO') return { data, partitionKey, sizeBytes, hex: undefined }
  return { data, partitionKey, sizeBytes, hex: ownHex ?? hexOfPartitionKey(partitionKey ?? '') }
}

function checkPartitionKey(
  operation: string,
  path: string,
  partitionKey: string | undefined,
  target: PutTarget,
): string | undefined {
  if (partitionKey === undefined && target.distribution === 'AUTO') return undefined
  const field = `${path}partitionKey`
  if (typeof partitionKey !== 'string') {
    throw invalidField(operation, field, 'Member must not be null')
  }
  const max = LIMITS.partitionKeyMaxCharacters
  // The service counts code points; only a long key is worth counting.
  const isTooLong = partitionKey.length > max && Array.from(partitionKey).length > max
  if (partitionKey.length === 0 || isTooLong) {
    throw invalidField(
      operation,
      field,
      `Member must have length from 1 to ${max}, not ${partitionKey.length}`,
    )
  }
  return partitionKey
}

function hexOfExplicitHashKey(
  operation: string,
  path: string,
  explicitHashKey: string | undefined,
): string | undefined {
  if (explicitHashKey === undefined) return undefined
  if (!/^(0|[1-9][0-9]{0,38})$/.test(explicitHashKey)) {
    throw invalidField(
      operation,
      `${path}explicitHashKey`,
      'Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})',
    )
  }
  const hashKey = parseHashKey(explicitHashKey)
  if (hashKey !== undefined) return hexOfHashKey(hashKey)
  throw invalidArgument(
    operation,
    `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicitHashKey}`,
  )
}
