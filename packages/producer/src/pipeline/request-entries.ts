/** HOT: Kinesis records -> their PutRecords entries: one buffer and about 1 us a Kinesis record. */
import type { kinesis } from '@millrace/core'
import {
  AGGREGATE_PARTITION_KEY,
  hashKeyOfWords,
  hashUserRecord,
  newHashWords,
  sealAggregates,
} from '@millrace/core/internal'
import type { AggregateBuffers } from './aggregate-buffers.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import type { OutstandingRecord } from './outstanding-record.ts'

const words = newHashWords()

/**
 * Alone, a user record travels raw; several travel as an aggregate under its first one's hash key.
 * As in KPL the hash key is always sent. Checksums are written together: so they cost a fifth.
 */
export function requestEntries(
  records: readonly KinesisRecord[],
  buffers: AggregateBuffers,
): kinesis.PutRecordsEntry[] {
  const unsealed: Uint8Array[] = []
  const entries = records.map((record) => entryOf(record, buffers, unsealed))
  sealAggregates(unsealed)
  return entries
}

function entryOf(
  record: KinesisRecord,
  buffers: AggregateBuffers,
  unsealed: Uint8Array[],
): kinesis.PutRecordsEntry {
  const first = record.first as OutstandingRecord
  // Where the stream needs no key: neither of them counts there.
  if (first.partitionKey === '') return { Data: first.data }
  const aggregate = record.write(buffers)
  if (aggregate !== undefined) unsealed.push(aggregate)
  return {
    Data: aggregate ?? first.data,
    PartitionKey: aggregate === undefined ? first.partitionKey : AGGREGATE_PARTITION_KEY,
    ExplicitHashKey: first.explicitHashKey ?? decimalHashKey(first.partitionKey),
  }
}

function decimalHashKey(partitionKey: string): string {
  hashUserRecord(partitionKey, undefined, words)
  return hashKeyOfWords(words).toString()
}
