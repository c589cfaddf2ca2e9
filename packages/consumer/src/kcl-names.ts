/** What KCL calls the options of a consumer, for whoever comes from there. Pure. */

interface KclName {
  readonly kcl: string
  /** The option here, by its path; undefined where there is none. */
  readonly here: string | undefined
  /** What else is to be known, a whole sentence. */
  readonly note?: string | undefined
}

const names = (kcl: string, here: string, note?: string): KclName => ({ kcl, here, note })
const without = (kcl: string, note: string): KclName => ({ kcl, here: undefined, note })

/** docs/from-kcl.md lists each of them. */
export const KCL_NAMES: readonly KclName[] = [
  names('tableName', 'applicationName', 'It names the lease table.'),
  names('streamName', 'stream'),
  names('streamArn', 'stream', 'A name or an ARN.'),
  names('streamTracker', 'stream', 'One consumer reads one stream.'),
  names('workerIdentifier', 'workerId'),
  names('initialPositionInStream', 'initialPosition'),
  names('initialPositionInStreamExtended', 'initialPosition'),
  names('regionName', 'region'),
  names('kinesisClient', 'client'),
  names('dynamoDBClient', 'dynamodb'),
  names('kinesisEndpoint', 'endpoint'),
  names('dynamoDBEndpoint', 'dynamodbEndpoint'),
  names('metricsFactory', 'metrics'),
  names('leaseManagementConfig', 'lease'),
  names('retrievalConfig', 'retrieval'),
  names('retrievalSpecificConfig', 'retrieval'),
  names('pollingConfig', 'retrieval'),
  without('fanOutConfig', 'Reading is by polling; fan-out is not built yet.'),

  names('maxRecords', 'retrieval.maxRecords'),
  names('idleTimeBetweenReadsInMillis', 'retrieval.idleTimeBetweenReadsMs'),
  names('maxPendingProcessRecordsInput', 'retrieval.maxPendingBatches'),
  names('maxByteSize', 'retrieval.maxPendingBytes'),
  names('kinesisRequestTimeout', 'retrieval.requestTimeoutMs', 'In milliseconds.'),

  names('failoverTimeMillis', 'lease.failoverTimeMs'),
  names('maxLeasesForWorker', 'lease.maxLeasesForWorker'),
  names('leaseAssignmentStrategy', 'lease.assignmentStrategy'),
  names('leaseAssignmentIntervalMillis', 'lease.assignmentIntervalMs'),
  names(
    'dynamoDbLockBasedLeaderLeaseDurationInMillis',
    'lease.leaderLeaseDurationMs',
    'Its heartbeat follows from it.',
  ),
  names(
    'dynamoDbLockBasedLeaderHeartbeatPeriodInMillis',
    'lease.leaderLeaseDurationMs',
    'The heartbeat follows from it.',
  ),
  names('gracefulLeaseHandoffConfig', 'lease.gracefulHandoff'),
  names('isGracefulLeaseHandoffEnabled', 'lease.gracefulHandoff.enabled'),
  names('gracefulLeaseHandoffTimeoutMillis', 'lease.gracefulHandoff.timeoutMs'),
  names('leaseCleanupConfig', 'lease.leaseCleanup'),
  names('cleanupLeasesUponShardCompletion', 'lease.leaseCleanup.enabled'),
  names('leaseCleanupIntervalMillis', 'lease.leaseCleanup.intervalMs'),
  names('completedLeaseCleanupIntervalMillis', 'lease.leaseCleanup.completedAfterMs'),
  names(
    'billingMode',
    'lease.table.billing',
    'PAY_PER_REQUEST is "on-demand"; PROVISIONED is { readCapacityUnits, writeCapacityUnits }.',
  ),
  names('initialLeaseTableReadCapacity', 'lease.table.billing.readCapacityUnits'),
  names('initialLeaseTableWriteCapacity', 'lease.table.billing.writeCapacityUnits'),
  names('tags', 'lease.table.tags'),
  names('leaseTableDeletionProtectionEnabled', 'lease.table.deletionProtection'),
  names('leaseTablePitrEnabled', 'lease.table.pointInTimeRecovery'),

  names('workerUtilizationAwareAssignmentConfig', 'lease.workerUtilization'),
  names('reBalanceThresholdPercentage', 'lease.workerUtilization.rebalanceThresholdPercentage'),
  names('dampeningPercentage', 'lease.workerUtilization.dampeningPercentage'),
  names('allowThroughputOvershoot', 'lease.workerUtilization.allowThroughputOvershoot'),
  names('maxThroughputPerHostKBps', 'lease.workerUtilization.maxThroughputPerHostKBps'),
  names('varianceBalancingFrequency', 'lease.workerUtilization.varianceBalancingFrequency'),
  names('workerMetricsEMAAlpha', 'lease.workerUtilization.metricsEmaAlpha'),
  names('disableWorkerMetrics', 'lease.workerMetrics', 'Use "off" for true, "auto" for false.'),
  names('workerMetricList', 'lease.workerMetrics', 'Use "auto", "cpu" or "off".'),
  names('workerMetricsReporterFreqInMillis', 'lease.workerMetricsIntervalMs'),

  without('shardSyncIntervalMillis', 'Missing leases are made as soon as they are seen to miss.'),
  without('parentShardPollIntervalMillis', 'A child begins as soon as its parents have ended.'),
  without('maxLeasesToStealAtOneTime', 'A leader assigns leases; nobody steals them.'),
  without('maxLeaseRenewalThreads', 'There are no threads; all leases are renewed at once.'),
  without(
    'clientVersionConfig',
    'Only the 3.x mode is spoken; finish the migration of the Java fleet first.',
  ),
  without(
    'skipShardSyncAtWorkerInitializationIfLeasesExist',
    'What is done at a start costs a few calls.',
  ),
  without('callProcessRecordsEvenForEmptyRecordList', 'Handlers are called with records only.'),
  without('maxGetRecordsThreadPool', 'There are no threads.'),
]

const byName = new Map(KCL_NAMES.map((name) => [name.kcl.toLowerCase(), name]))

/** For an option that is unknown where it stands: what KCL's name is called here, if it is one. */
export function hintForKclName(name: string): string | undefined {
  const known = byName.get(name.toLowerCase())
  if (known === undefined) return undefined
  const { kcl, here, note } = known
  const what =
    here === undefined ? `KCL's ${kcl} has no counterpart here.` : `Use "${here}" (KCL: ${kcl}).`
  return note === undefined ? what : `${what} ${note}`
}

/** KCL's words for the values of `lease.assignmentStrategy`. */
export const KCL_STRATEGIES = {
  WORKER_UTILIZATION_AWARE: 'worker-utilization',
  LEASE_COUNT_BASED: 'lease-count',
} as const

/** A hint for KCL's words for the values of `lease.table.billing`. */
export function hintForBillingMode(value: unknown): string | undefined {
  if (value === 'PAY_PER_REQUEST') return 'Use "on-demand" (KCL: PAY_PER_REQUEST).'
  if (value === 'PROVISIONED') {
    return 'Use { readCapacityUnits, writeCapacityUnits }, or {} for 10 of each (KCL: PROVISIONED).'
  }
  return undefined
}
