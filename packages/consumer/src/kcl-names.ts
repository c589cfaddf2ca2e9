/** What KCL calls the options of a consumer, for whoever comes from there. Pure. */
import { type ForeignName, foreignNameHint, type NameHint, named } from '@millrace/core/internal'
import { KCL_ONLY } from './kcl-only-names.ts'

/** docs/migrating-from-kcl.md lists each of them. */
export const KCL_NAMES: readonly ForeignName[] = [
  named('tableName', 'applicationName', 'It names the lease table.'),
  named('streamName', 'stream'),
  named('streamArn', 'stream', 'A name or an ARN.'),
  named('streamTracker', 'stream', 'One consumer reads one stream.'),
  named('workerIdentifier', 'workerId'),
  named('initialPositionInStream', 'initialPosition'),
  named('initialPositionInStreamExtended', 'initialPosition'),
  named('regionName', 'region'),
  named(
    'awsCredentialsProvider',
    'credentials',
    'A provider of the AWS SDK for JavaScript, or keys.',
  ),
  named('kinesisClient', 'client'),
  named('dynamoDBClient', 'dynamodb'),
  named('kinesisEndpoint', 'endpoint'),
  named('dynamoDBEndpoint', 'dynamodbEndpoint'),
  named('metricsFactory', 'metrics'),
  named('metricsConfig', 'metrics'),
  named('metricsLevel', 'metricsLevel'),
  named('leaseManagementConfig', 'lease'),
  named('retrievalConfig', 'retrieval'),
  named('retrievalSpecificConfig', 'retrieval'),
  named('pollingConfig', 'retrieval'),

  named('maxRecords', 'retrieval.maxRecords'),
  named('idleTimeBetweenReadsInMillis', 'retrieval.idleTimeBetweenReadsMs'),
  named('maxPendingProcessRecordsInput', 'retrieval.maxPendingBatches'),
  named('maxByteSize', 'retrieval.maxPendingBytes'),
  named('maxRecordsCount', 'retrieval.maxPendingRecords'),
  named('kinesisRequestTimeout', 'retrieval.requestTimeoutMs', 'In milliseconds.'),

  named('failoverTimeMillis', 'lease.failoverTimeMs'),
  named('maxLeasesForWorker', 'lease.maxLeasesForWorker'),
  named('leaseAssignmentStrategy', 'lease.assignmentStrategy'),
  named('leaseAssignmentIntervalMillis', 'lease.assignmentIntervalMs'),
  named(
    'dynamoDbLockBasedLeaderLeaseDurationInMillis',
    'lease.leaderLeaseDurationMs',
    'Its heartbeat follows from it.',
  ),
  named(
    'dynamoDbLockBasedLeaderHeartbeatPeriodInMillis',
    'lease.leaderLeaseDurationMs',
    'The heartbeat follows from it.',
  ),
  named('gracefulLeaseHandoffConfig', 'lease.gracefulHandoff'),
  named('isGracefulLeaseHandoffEnabled', 'lease.gracefulHandoff.enabled'),
  named('gracefulLeaseHandoffTimeoutMillis', 'lease.gracefulHandoff.timeoutMs'),
  named('leaseCleanupConfig', 'lease.leaseCleanup'),
  named('cleanupLeasesUponShardCompletion', 'lease.leaseCleanup.enabled'),
  named('leaseCleanupIntervalMillis', 'lease.leaseCleanup.intervalMs'),
  named('completedLeaseCleanupIntervalMillis', 'lease.leaseCleanup.completedAfterMs'),
  named(
    'billingMode',
    'lease.table.billing',
    'PAY_PER_REQUEST is "on-demand"; PROVISIONED is { readCapacityUnits, writeCapacityUnits }.',
  ),
  named('initialLeaseTableReadCapacity', 'lease.table.billing.readCapacityUnits'),
  named('initialLeaseTableWriteCapacity', 'lease.table.billing.writeCapacityUnits'),
  named('tags', 'lease.table.tags'),
  named('leaseTableDeletionProtectionEnabled', 'lease.table.deletionProtection'),
  named('leaseTablePitrEnabled', 'lease.table.pointInTimeRecovery'),

  named('workerUtilizationAwareAssignmentConfig', 'lease.workerUtilization'),
  named('reBalanceThresholdPercentage', 'lease.workerUtilization.rebalanceThresholdPercentage'),
  named('dampeningPercentage', 'lease.workerUtilization.dampeningPercentage'),
  named('allowThroughputOvershoot', 'lease.workerUtilization.allowThroughputOvershoot'),
  named('maxThroughputPerHostKBps', 'lease.workerUtilization.maxThroughputPerHostKBps'),
  named('varianceBalancingFrequency', 'lease.workerUtilization.varianceBalancingFrequency'),
  named('workerMetricsEMAAlpha', 'lease.workerUtilization.metricsEmaAlpha'),
  named('disableWorkerMetrics', 'lease.workerMetrics', 'Use "off" for true, "auto" for false.'),
  named('workerMetricList', 'lease.workerMetrics', 'Use "auto", "cpu" or "off".'),
  named('workerMetricsReporterFreqInMillis', 'lease.workerMetricsIntervalMs'),
  ...KCL_ONLY,
]

/** For an option that is unknown where it stands: what KCL's name is called here, if it is one. */
export const hintForKclName: NameHint = foreignNameHint('KCL', KCL_NAMES)

/** KCL's words for the values of `lease.assignmentStrategy`. */
export const KCL_STRATEGIES = {
  WORKER_UTILIZATION_AWARE: 'worker-utilization',
  LEASE_COUNT_BASED: 'lease-count',
} as const

/** KCL's words for the values of `metricsLevel`. */
export const KCL_METRICS_LEVELS = {
  NONE: 'none',
  SUMMARY: 'summary',
  DETAILED: 'detailed',
} as const

/** A hint for KCL's words for the values of `lease.table.billing`. */
export function hintForBillingMode(value: unknown): string | undefined {
  if (value === 'PAY_PER_REQUEST') return 'Use "on-demand" (KCL: PAY_PER_REQUEST).'
  if (value === 'PROVISIONED') {
    return 'Use { readCapacityUnits, writeCapacityUnits }, or {} for 10 of each (KCL: PROVISIONED).'
  }
  return undefined
}
