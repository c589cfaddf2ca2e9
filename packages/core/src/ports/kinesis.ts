/**
 * What Millrace asks of Amazon Kinesis. Inputs and outputs have the service's own shapes and
 * spelling, so that no adapter copies a record only to rename its fields.
 * Every method rejects with `ServiceError` and nothing else. One attempt a call: retries are
 * decided above the port.
 */
import type { CallOptions } from './call-options.ts'

/** `StreamARN` is preferred when both are known; one of them is always there. */
export interface StreamInput {
  readonly StreamName?: string | undefined
  readonly StreamARN?: string | undefined
  /** Reserved by the service for later use. */
  readonly StreamId?: string | undefined
}

export interface PutRecordsEntry {
  readonly Data: Uint8Array
  /** Optional on streams with AUTO record distribution only. */
  readonly PartitionKey?: string | undefined
  readonly ExplicitHashKey?: string | undefined
}
export interface PutRecordsInput extends StreamInput {
  readonly Records: readonly PutRecordsEntry[]
}
export interface PutRecordsResultEntry {
  readonly SequenceNumber?: string | undefined
  readonly ShardId?: string | undefined
  readonly ErrorCode?: string | undefined
  readonly ErrorMessage?: string | undefined
}
export interface PutRecordsOutput {
  readonly FailedRecordCount: number
  readonly Records: readonly PutRecordsResultEntry[]
}

export interface KinesisRecord {
  readonly Data: Uint8Array
  /** Absent on streams with AUTO record distribution when the writer gave none. */
  readonly PartitionKey?: string | undefined
  readonly SequenceNumber: string
  readonly ApproximateArrivalTimestamp: Date
}
export interface HashKeyRange {
  readonly StartingHashKey: string
  readonly EndingHashKey: string
}
export interface ChildShard {
  readonly ShardId: string
  readonly ParentShards: readonly string[]
  readonly HashKeyRange: HashKeyRange
}
export interface GetRecordsInput {
  readonly ShardIterator: string
  readonly Limit?: number | undefined
  readonly StreamARN?: string | undefined
}
export interface GetRecordsOutput {
  readonly Records: readonly KinesisRecord[]
  /** Absent at the end of a closed shard. */
  readonly NextShardIterator?: string | undefined
  readonly MillisBehindLatest?: number | undefined
  /** Present at the end of a closed shard only. */
  readonly ChildShards?: readonly ChildShard[] | undefined
}

export type ShardIteratorType =
  | 'AT_SEQUENCE_NUMBER'
  | 'AFTER_SEQUENCE_NUMBER'
  | 'TRIM_HORIZON'
  | 'LATEST'
  | 'AT_TIMESTAMP'
export interface GetShardIteratorInput extends StreamInput {
  readonly ShardId: string
  readonly ShardIteratorType: ShardIteratorType
  readonly StartingSequenceNumber?: string | undefined
  readonly Timestamp?: Date | undefined
}
export interface GetShardIteratorOutput {
  readonly ShardIterator: string
  /** The service's clock when it answered (its `Date` header), epoch milliseconds. */
  readonly serviceTimeMs?: number | undefined
}

export type ShardFilterType =
  | 'AFTER_SHARD_ID'
  | 'AT_TRIM_HORIZON'
  | 'FROM_TRIM_HORIZON'
  | 'AT_LATEST'
  | 'AT_TIMESTAMP'
  | 'FROM_TIMESTAMP'
export interface ShardFilter {
  readonly Type: ShardFilterType
  readonly ShardId?: string | undefined
  readonly Timestamp?: Date | undefined
}
export interface ServiceShard {
  readonly ShardId: string
  readonly ParentShardId?: string | undefined
  readonly AdjacentParentShardId?: string | undefined
  readonly HashKeyRange: HashKeyRange
  readonly SequenceNumberRange: {
    readonly StartingSequenceNumber: string
    /** Present once the shard is closed. */
    readonly EndingSequenceNumber?: string | undefined
  }
}
/** With `NextToken` the service refuses name, ARN, filter and start shard. */
export interface ListShardsInput extends StreamInput {
  readonly NextToken?: string | undefined
  readonly ExclusiveStartShardId?: string | undefined
  readonly MaxResults?: number | undefined
  readonly ShardFilter?: ShardFilter | undefined
}
export interface ListShardsOutput {
  readonly Shards: readonly ServiceShard[]
  readonly NextToken?: string | undefined
}

export type StreamStatus = 'CREATING' | 'DELETING' | 'ACTIVE' | 'UPDATING'
export type StreamMode = 'PROVISIONED' | 'ON_DEMAND'
export interface StreamDescriptionSummary {
  readonly StreamName: string
  readonly StreamARN: string
  readonly StreamStatus: StreamStatus
  readonly StreamCreationTimestamp: Date
  readonly RetentionPeriodHours: number
  readonly OpenShardCount: number
  readonly StreamModeDetails?: { readonly StreamMode: StreamMode } | undefined
  readonly MaxRecordSizeInKiB?: number | undefined
  readonly RecordDistributionStrategy?: 'AUTO' | 'USER_PARTITION_KEY' | undefined
}
export interface DescribeStreamSummaryOutput {
  readonly StreamDescriptionSummary: StreamDescriptionSummary
}

/** What producers and consumers call. */
export interface KinesisPort {
  putRecords(input: PutRecordsInput, options?: CallOptions): Promise<PutRecordsOutput>
  getRecords(input: GetRecordsInput, options?: CallOptions): Promise<GetRecordsOutput>
  getShardIterator(
    input: GetShardIteratorInput,
    options?: CallOptions,
  ): Promise<GetShardIteratorOutput>
  listShards(input: ListShardsInput, options?: CallOptions): Promise<ListShardsOutput>
  describeStreamSummary(
    input: StreamInput,
    options?: CallOptions,
  ): Promise<DescribeStreamSummaryOutput>
}

export interface CreateStreamInput {
  readonly StreamName: string
  readonly ShardCount?: number | undefined
  readonly StreamModeDetails?: { readonly StreamMode: StreamMode } | undefined
  readonly MaxRecordSizeInKiB?: number | undefined
}
export interface SplitShardInput extends StreamInput {
  readonly ShardToSplit: string
  readonly NewStartingHashKey: string
}
export interface MergeShardsInput extends StreamInput {
  readonly ShardToMerge: string
  readonly AdjacentShardToMerge: string
}
export interface PutRecordInput extends StreamInput, PutRecordsEntry {
  readonly SequenceNumberForOrdering?: string | undefined
}
export interface PutRecordOutput {
  readonly ShardId: string
  readonly SequenceNumber: string
}

/** What set-up, tests and demos call besides. */
export interface KinesisAdminPort {
  createStream(input: CreateStreamInput, options?: CallOptions): Promise<void>
  deleteStream(input: StreamInput, options?: CallOptions): Promise<void>
  splitShard(input: SplitShardInput, options?: CallOptions): Promise<void>
  mergeShards(input: MergeShardsInput, options?: CallOptions): Promise<void>
  putRecord(input: PutRecordInput, options?: CallOptions): Promise<PutRecordOutput>
}
