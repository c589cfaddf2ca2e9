/** KCL's metrics, and some of ours: which operation has which, unit, level, finest dimension. Pure. */
import type { MeasuredMetric, MetricsQuery, MetricUnit } from '@millrace/core'
import type { MetricKind } from '@millrace/core/internal'

/** A name of a metric. @public */
export type ConsumerMetricName =
  | 'RecordsProcessed'
  | 'DataBytesProcessed'
  | 'MillisBehindLatest'
  | 'Success'
  | 'Time'
  | 'RecordProcessor.processRecords.Time'
  | 'RecordProcessor.initialize.Time'
  | 'RecordProcessor.shutdown.Time'
  | 'KinesisDataFetcher.getRecords.Success'
  | 'KinesisDataFetcher.getRecords.Time'
  | 'KinesisDataFetcher.getShardIterator.Success'
  | 'KinesisDataFetcher.getShardIterator.Time'
  | 'ExpiredIterator'
  | 'UpdateLease.Success'
  | 'UpdateLease.Time'
  | 'HandlerFailures'
  | 'SkippedRecords'
  | 'MalformedRecords'
  | 'MisplacedUserRecords'
  | 'RetentionPassed'
  | 'Initialize.Success'
  | 'CurrentLeases'
  | 'LostLeases'
  | 'RenewLease.Success'
  | 'RenewLease.Time'
  | 'NewLeasesDiscovered'
  | 'TotalLeases'
  | 'NumWorkers'
  | 'ExpiredLeases'
  | 'LeaseSpillover'
  | 'NumOfLeasesReassignment'
  | 'SkippedLeaseRows'
  | 'LeaderDecider:IsLeader'

/** What is measured together. KCL: the dimension `Operation`. */
export type ConsumerOperation =
  | 'ProcessTask'
  | 'ApplicationTracker'
  | 'InitializeTask'
  | 'ShutdownTask'
  | 'Scheduler:Initialize'
  | 'RenewAllLeases'
  | 'LeaseDiscovery'
  | 'LeaseAssignmentManager'
  | 'ShardSyncTask'
  | 'WorkerMetricStatsReporter'
  | 'LeaderDecider'

export interface ConsumerDimensions {
  readonly Operation: ConsumerOperation
  readonly ShardId?: string
  readonly WorkerIdentifier?: string
}

/** Where the parts of a consumer put what they measure: core's port, with names that are known. */
export interface ConsumerMeter {
  put(
    name: ConsumerMetricName,
    value: number,
    unit: MetricUnit,
    dimensions: ConsumerDimensions & Readonly<Record<string, string>>,
  ): void
}

/**
 * One metric of `Consumer.metrics()`. Its dimensions are `Operation`, and `ShardId` or
 * `WorkerIdentifier` where it has them; of `ProcessTask` also all shards together. @public
 */
export type ConsumerMetric = MeasuredMetric<ConsumerMetricName>
/** What `Consumer.metrics()` is asked for. @public */
export type ConsumerMetricsQuery = MetricsQuery<ConsumerMetricName>

type Kind = MetricKind<ConsumerMetricName>

const SUMMARY = { level: 'summary' } as const
const DETAILED = { level: 'detailed' } as const
const COUNT = { unit: 'Count' } as const
const MS = { unit: 'Milliseconds' } as const

/** `X.Success` and `X.Time`, or the bare names. */
function outcome(call: '' | `${string}.`, level: { readonly level: Kind['level'] }): Kind[] {
  return [
    { name: `${call}Success` as ConsumerMetricName, ...COUNT, ...level },
    { name: `${call}Time` as ConsumerMetricName, ...MS, ...level },
  ]
}

export const OPERATIONS: Readonly<Record<ConsumerOperation, readonly Kind[]>> = {
  ProcessTask: [
    { name: 'RecordsProcessed', ...COUNT, ...SUMMARY },
    { name: 'DataBytesProcessed', unit: 'Bytes', ...SUMMARY },
    { name: 'MillisBehindLatest', ...MS, ...SUMMARY },
    ...outcome('', SUMMARY),
    { name: 'RecordProcessor.processRecords.Time', ...MS, ...SUMMARY },
    ...outcome('KinesisDataFetcher.getRecords.', DETAILED),
    ...outcome('KinesisDataFetcher.getShardIterator.', DETAILED),
    { name: 'ExpiredIterator', ...COUNT, ...SUMMARY },
    ...outcome('UpdateLease.', DETAILED),
    { name: 'HandlerFailures', ...COUNT, ...SUMMARY },
    { name: 'SkippedRecords', ...COUNT, ...SUMMARY },
    { name: 'MalformedRecords', ...COUNT, ...SUMMARY },
    { name: 'MisplacedUserRecords', ...COUNT, ...SUMMARY },
    { name: 'RetentionPassed', ...COUNT, ...SUMMARY },
  ],
  ApplicationTracker: [{ name: 'MillisBehindLatest', ...MS, ...SUMMARY }],
  InitializeTask: [{ name: 'RecordProcessor.initialize.Time', ...MS, ...SUMMARY }],
  ShutdownTask: [{ name: 'RecordProcessor.shutdown.Time', ...MS, ...SUMMARY }],
  'Scheduler:Initialize': [{ name: 'Initialize.Success', ...COUNT, ...SUMMARY }],
  RenewAllLeases: [
    { name: 'CurrentLeases', ...COUNT, ...SUMMARY },
    { name: 'LostLeases', ...COUNT, ...SUMMARY },
    ...outcome('RenewLease.', DETAILED),
  ],
  LeaseDiscovery: [...outcome('', SUMMARY), { name: 'NewLeasesDiscovered', ...COUNT, ...DETAILED }],
  LeaseAssignmentManager: [
    { name: 'TotalLeases', ...COUNT, ...SUMMARY },
    { name: 'NumWorkers', ...COUNT, ...SUMMARY },
    { name: 'ExpiredLeases', ...COUNT, ...SUMMARY },
    { name: 'LeaseSpillover', ...COUNT, ...SUMMARY },
    { name: 'NumOfLeasesReassignment', ...COUNT, ...SUMMARY },
    { name: 'SkippedLeaseRows', ...COUNT, ...SUMMARY },
    ...outcome('', SUMMARY),
  ],
  ShardSyncTask: outcome('', SUMMARY),
  WorkerMetricStatsReporter: outcome('', SUMMARY),
  LeaderDecider: [{ name: 'LeaderDecider:IsLeader', ...COUNT, ...DETAILED }],
}

/** Each once. */
export const METRIC_NAMES: readonly ConsumerMetricName[] = [
  ...new Set(Object.values(OPERATIONS).flatMap((kinds) => kinds.map(({ name }) => name))),
]
