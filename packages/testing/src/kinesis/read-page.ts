/** One GetRecords page of a shard: which records, how far behind, and whether it is the last. */
import type { kinesis } from '@millrace/core'
import { LIMITS } from '@millrace/core/internal'
import { invalidArgument, invalidField } from './refusals.ts'
import { type ShardStore, toChildShard, toKinesisRecord } from './shard-store.ts'

export interface ReadPage {
  readonly records: readonly kinesis.KinesisRecord[]
  readonly sizeBytes: number
  /** The page was cut at the most bytes a reply may hold. */
  readonly isFull: boolean
  readonly nextOrdinal: number
  readonly millisBehindLatest: number
  /** Present once nothing more can come: the shard is closed and read to its end. */
  readonly childShards: readonly kinesis.ChildShard[] | undefined
}

/** @throws ServiceError */
export function checkPageLimit(limit: number | undefined): number {
  if (limit === undefined) return LIMITS.getRecordsMaxRecords
  if (!Number.isInteger(limit) || limit < 1) {
    throw invalidField('GetRecords', 'limit', 'Member must have value greater than or equal to 1')
  }
  if (limit <= LIMITS.getRecordsMaxRecords) return limit
  throw invalidArgument(
    'GetRecords',
    `Limit ${limit} is greater than ${LIMITS.getRecordsMaxRecords}.`,
  )
}

/** @param maxRecords 0 gives an empty page that moves nowhere */
export function readPage(
  shard: ShardStore,
  startOrdinal: number,
  maxRecords: number,
  nowMs: number,
): ReadPage {
  const records: kinesis.KinesisRecord[] = []
  // Records trimmed since the iterator was issued are gone: reading goes on at the oldest kept.
  let ordinal = Math.max(startOrdinal, shard.firstOrdinal)
  let sizeBytes = 0
  let lastArrivalMs: number | undefined
  let isFull = false
  for (; records.length < maxRecords; ordinal++) {
    const record = shard.at(ordinal)
    if (record === undefined) break
    // The largest record fills a page and no more, so that a page always moves on.
    if (sizeBytes + record.sizeBytes > LIMITS.getRecordsMaxBytes) {
      isFull = true
      break
    }
    sizeBytes += record.sizeBytes
    lastArrivalMs = record.arrivalMs
    records.push(toKinesisRecord(record))
  }
  const next = shard.at(ordinal)
  return {
    records,
    sizeBytes,
    isFull: isFull || sizeBytes >= LIMITS.getRecordsMaxBytes,
    nextOrdinal: ordinal,
    // At least 1 while records follow: 0 means that the reader has caught up.
    millisBehindLatest:
      next === undefined ? 0 : Math.max(1, nowMs - (lastArrivalMs ?? next.arrivalMs)),
    childShards: next === undefined && !shard.isOpen ? shard.children.map(toChildShard) : undefined,
  }
}
