/** HOT: a Kinesis record -> its PutRecords entry: one buffer and about 1 us a Kinesis record. */
import type { kinesis } from '@millrace/core'
import {
  AGGREGATE_PARTITION_KEY,
  hashKeyOfWords,
  hashUserRecord,
  newHashWords,
} from '@millrace/core/internal'
import type { AggregateBuffers } from './aggregate-buffers.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import type { OutstandingRecord } from './outstanding-record.ts'

const words = newHashWords()

/**
 * Alone, a user record travels raw; several travel as an aggregate under its first one's hash key.
 * As in KPL the hash key is always sent.
 */
export function requestEntry(
  record: KinesisRecord,
  buffers: AggregateBuffers,
): kinesis.PutRecordsEntry {
  const first = record.first as OutstandingRecord
  // Where the stream needs no key: neither of them counts there.
  if (first.partitionKey === '') return { Data: first.data }
  const alone = record.length === 1 || record.encoder === undefined
  return {
    Data: record.write(buffers),
    PartitionKey: alone ? first.partitionKey : AGGREGATE_PARTITION_KEY,
    ExplicitHashKey: first.explicitHashKey ?? decimalHashKey(first.partitionKey),
  }
}

function decimalHashKey(partitionKey: string): string {
  hashUserRecord(partitionKey, undefined, words)
  return hashKeyOfWords(words).toString()
}
