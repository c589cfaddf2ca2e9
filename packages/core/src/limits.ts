/** Limits of the service, in one table. Source: Amazon Kinesis API reference, 2026. */
const KIB = 1024
const MIB = 1024 * KIB

export interface Limits {
  readonly putRecordsMaxEntries: number
  readonly putRecordsMaxBytes: number
  readonly recordDefaultMaxBytes: number
  readonly recordLargestMaxBytes: number
  readonly partitionKeyMaxCharacters: number
  readonly shardWriteRecordsPerSecond: number
  readonly shardWriteBytesPerSecond: number
  readonly shardReadCallsPerSecond: number
  readonly shardReadBytesPerSecond: number
  readonly getRecordsMaxRecords: number
  readonly getRecordsMaxBytes: number
  readonly shardIteratorCallsPerSecond: number
  readonly iteratorLifetimeMs: number
  readonly listShardsMaxResults: number
  readonly listShardsTokenLifetimeMs: number
  readonly describeStreamSummaryCallsPerSecond: number
}

export const LIMITS: Limits = {
  /** PutRecords: entries a request. */
  putRecordsMaxEntries: 500,
  /** PutRecords: data plus partition keys of a request, bytes. */
  putRecordsMaxBytes: 10 * MIB,
  /** Data plus partition key of one record on a stream with default settings, bytes. */
  recordDefaultMaxBytes: 1 * MIB,
  /** The same at the most a stream can be set to, bytes. */
  recordLargestMaxBytes: 10 * MIB,
  /** Partition key length: Unicode characters as the service counts them. */
  partitionKeyMaxCharacters: 256,
  /** Writes a shard takes a second. */
  shardWriteRecordsPerSecond: 1000,
  shardWriteBytesPerSecond: 1 * MIB,
  /** GetRecords calls a shard takes a second. */
  shardReadCallsPerSecond: 5,
  shardReadBytesPerSecond: 2 * MIB,
  getRecordsMaxRecords: 10_000,
  getRecordsMaxBytes: 10 * MIB,
  /** GetShardIterator calls a shard takes a second. */
  shardIteratorCallsPerSecond: 5,
  iteratorLifetimeMs: 300_000,
  listShardsMaxResults: 1000,
  listShardsTokenLifetimeMs: 300_000,
  describeStreamSummaryCallsPerSecond: 20,
}
