/** KPL's fifteen metrics: unit, level, and how deep each is measured. Pure. */
import type { MeasuredMetric, MetricsQuery } from '@millrace/core'
import type { MetricKind } from '@millrace/core/internal'

/** How finely it is kept apart. @public */
export type MetricsGranularity = 'global' | 'stream' | 'shard'

/** A name of a metric. @public */
export type ProducerMetricName =
  | 'UserRecordsPut'
  | 'UserRecordsDataPut'
  | 'RetriesPerRecord'
  | 'BufferingTime'
  | 'UserRecordExpired'
  | 'KinesisRecordsPut'
  | 'KinesisRecordsDataPut'
  | 'UserRecordsPerKinesisRecord'
  | 'AllErrors'
  | 'UserRecordsReceived'
  | 'UserRecordsPending'
  | 'RequestTime'
  | 'KinesisRecordsPerPutRecordsRequest'
  | 'UserRecordsPerPutRecordsRequest'
  | 'ErrorsByCode'

/**
 * One metric of `Producer.metrics()`. Its dimensions are `StreamName` and `ShardId`, and `ErrorCode` for
 * `ErrorsByCode`. Without a shard: all of the stream; with none: all streams. KPL: `Metric`. @public
 */
export type ProducerMetric = MeasuredMetric<ProducerMetricName>
/** What `Producer.metrics()` is asked for. @public */
export type ProducerMetricsQuery = MetricsQuery<ProducerMetricName>

export interface ProducerMetricKind extends MetricKind<ProducerMetricName> {
  /** Its finest dimension. */
  readonly deepest: 'stream' | 'shard'
}

/** Those of shards first: a shard keeps room for its own only. The last one is counted per code. */
export const METRICS: readonly ProducerMetricKind[] = [
  { name: 'UserRecordsPut', unit: 'Count', level: 'summary', deepest: 'shard' },
  { name: 'UserRecordsDataPut', unit: 'Bytes', level: 'detailed', deepest: 'shard' },
  { name: 'RetriesPerRecord', unit: 'Count', level: 'detailed', deepest: 'shard' },
  { name: 'BufferingTime', unit: 'Milliseconds', level: 'summary', deepest: 'shard' },
  { name: 'UserRecordExpired', unit: 'Count', level: 'summary', deepest: 'shard' },
  { name: 'KinesisRecordsPut', unit: 'Count', level: 'summary', deepest: 'shard' },
  { name: 'KinesisRecordsDataPut', unit: 'Bytes', level: 'detailed', deepest: 'shard' },
  { name: 'UserRecordsPerKinesisRecord', unit: 'Count', level: 'detailed', deepest: 'shard' },
  { name: 'AllErrors', unit: 'Count', level: 'summary', deepest: 'shard' },
  { name: 'UserRecordsReceived', unit: 'Count', level: 'detailed', deepest: 'stream' },
  { name: 'UserRecordsPending', unit: 'Count', level: 'detailed', deepest: 'stream' },
  { name: 'RequestTime', unit: 'Milliseconds', level: 'detailed', deepest: 'stream' },
  {
    name: 'KinesisRecordsPerPutRecordsRequest',
    unit: 'Count',
    level: 'detailed',
    deepest: 'stream',
  },
  { name: 'UserRecordsPerPutRecordsRequest', unit: 'Count', level: 'detailed', deepest: 'stream' },
  { name: 'ErrorsByCode', unit: 'Count', level: 'summary', deepest: 'shard' },
]

/** Places in `METRICS`. */
export const USER_RECORDS_PUT = 0
export const USER_RECORDS_DATA_PUT = 1
export const RETRIES_PER_RECORD = 2
export const BUFFERING_TIME = 3
export const USER_RECORD_EXPIRED = 4
export const KINESIS_RECORDS_PUT = 5
export const KINESIS_RECORDS_DATA_PUT = 6
export const USER_RECORDS_PER_KINESIS_RECORD = 7
export const ALL_ERRORS = 8
export const USER_RECORDS_RECEIVED = 9
export const USER_RECORDS_PENDING = 10
export const REQUEST_TIME = 11
export const KINESIS_RECORDS_PER_REQUEST = 12
export const USER_RECORDS_PER_REQUEST = 13
export const ERRORS_BY_CODE = 14

/** How many of `METRICS` a shard has, and a stream, each without the one per code. */
export const SHARD_METRICS = 9
export const STREAM_METRICS = 14
