/** Options of KCL's that have no counterpart here, and why. Pure. */
import { type ForeignName, withoutCounterpart } from '@millrace/core/internal'

export const KCL_ONLY: readonly ForeignName[] = [
  withoutCounterpart(
    'shardRecordProcessorFactory',
    'The handler is given to run(): { processor: (shard) => ... }.',
  ),
  withoutCounterpart('checkpointFactory', 'Checkpoints are in the lease table.'),
  withoutCounterpart('coordinatorFactory', 'There are no executors.'),
  withoutCounterpart('executorService', 'There are no threads.'),
  withoutCounterpart('maxActiveThreads', 'There are no threads.'),
  withoutCounterpart('maxGetRecordsThreadPool', 'There are no threads.'),
  withoutCounterpart(
    'maxLeaseRenewalThreads',
    'There are no threads; all leases are renewed at once.',
  ),
  withoutCounterpart('executableName', 'The handler runs in this process.'),
  withoutCounterpart('processingLanguage', 'The handler runs in this process.'),
  withoutCounterpart(
    'timeoutInSeconds',
    'A handler may take its time; describe() tells of one that is stuck.',
  ),
  withoutCounterpart('shutdownGraceMillis', 'Give close({ timeoutMs }) the time that it may take.'),

  withoutCounterpart('fanOutConfig', 'Reading is by polling; fan-out is not built yet.'),
  withoutCounterpart('consumerArn', 'Reading is by polling; fan-out is not built yet.'),
  withoutCounterpart('consumerName', 'Reading is by polling; fan-out is not built yet.'),
  withoutCounterpart('retrievalMode', 'Reading is by polling; fan-out is not built yet.'),
  withoutCounterpart(
    'retryGetRecordsInSeconds',
    'A read that has no answer is given up after retrieval.requestTimeoutMs.',
  ),
  withoutCounterpart(
    'millisBehindLatestThresholdForReducedTps',
    'A shard at its tip is read each idleTimeBetweenReadsMs, one behind it sooner.',
  ),
  withoutCounterpart('maxConsecutiveThrottles', 'A throttled shard is read more slowly by itself.'),
  withoutCounterpart('recordsFetcherFactory', 'Give a client of your own.'),
  withoutCounterpart('dataFetcherProvider', 'Give a client of your own.'),
  withoutCounterpart(
    'sleepTimeController',
    'A shard at its tip is read each idleTimeBetweenReadsMs, one behind it sooner.',
  ),
  withoutCounterpart(
    'callProcessRecordsEvenForEmptyRecordList',
    'Handlers are called with records only.',
  ),
  withoutCounterpart(
    'glueSchemaRegistryDeserializer',
    'The Glue Schema Registry is not built yet; decode in your codec.',
  ),
  withoutCounterpart('aggregatorUtil', 'See onMisplacedAggregate and onMalformed.'),

  withoutCounterpart('orphanedStreamInitialPositionInStream', 'One consumer reads one stream.'),
  withoutCounterpart(
    'shardSyncIntervalMillis',
    'Missing leases are made as soon as they are seen to miss.',
  ),
  withoutCounterpart(
    'skipShardSyncAtWorkerInitializationIfLeasesExist',
    'What is done at a start costs a few calls.',
  ),
  withoutCounterpart(
    'leasesRecoveryAuditorExecutionFrequencyMillis',
    'Missing leases are made as soon as they are seen to miss.',
  ),
  withoutCounterpart(
    'leasesRecoveryAuditorInconsistencyConfidenceThreshold',
    'A hole is closed when it is seen twice.',
  ),
  withoutCounterpart(
    'listShardsBackoffTimeInMillis',
    'Calls are paced, and repeated with a growing pause.',
  ),
  withoutCounterpart(
    'maxListShardsRetryAttempts',
    'Calls are paced, and repeated with a growing pause.',
  ),
  withoutCounterpart(
    'listShardsCacheAllowedAgeInSeconds',
    'Shards are asked for when they are needed.',
  ),
  withoutCounterpart('maxCacheMissesBeforeReload', 'Shards are asked for when they are needed.'),
  withoutCounterpart(
    'ignoreUnexpectedChildShards',
    'The end of a shard is verified with ListShards.',
  ),
  withoutCounterpart(
    'parentShardPollIntervalMillis',
    'A child begins as soon as its parents have ended.',
  ),
  withoutCounterpart('shardPrioritization', 'All shards of a worker are served at once.'),
  withoutCounterpart('maxLeasesToStealAtOneTime', 'A leader assigns leases; nobody steals them.'),
  withoutCounterpart(
    'enablePriorityLeaseAssignment',
    'A leader assigns leases; nobody steals them.',
  ),
  withoutCounterpart('epsilonMillis', 'The slack of a lease follows from lease.failoverTimeMs.'),
  withoutCounterpart('consistentReads', 'A row is read strongly before it is believed.'),
  withoutCounterpart(
    'dynamoDbRequestTimeout',
    'The deadline of a lease write follows from lease.failoverTimeMs.',
  ),
  withoutCounterpart('garbageLeaseCleanupIntervalMillis', 'See lease.leaseCleanup.'),
  withoutCounterpart('leaseTableScanTotalSegments', 'The table is scanned in one go.'),
  withoutCounterpart('tableCreatorCallback', 'See lease.table.'),
  withoutCounterpart(
    'clientVersionConfig',
    'Only the 3.x mode is spoken; finish the migration of the Java fleet first.',
  ),
  withoutCounterpart(
    'migrateAllEntitiesToLeaseTable',
    'One table is spoken only; finish the migration of the Java fleet first.',
  ),
  withoutCounterpart(
    'tableMigrationCompleteBakeTimeSeconds',
    'One table is spoken only; finish the migration of the Java fleet first.',
  ),

  withoutCounterpart('taskBackoffTimeMillis', 'Pauses between attempts grow by themselves.'),
  withoutCounterpart(
    'shardConsumerDispatchPollIntervalMillis',
    'Nothing is polled between the steps of a shard.',
  ),
  withoutCounterpart('maxInitializationAttempts', 'A start is tried 20 times, as there.'),
  withoutCounterpart(
    'schedulerInitializationBackoffTimeMillis',
    'A start is tried 20 times, a second or so apart, as there.',
  ),
  withoutCounterpart(
    'logWarningForTaskAfterMillis',
    'describe() tells for how long a call is under way.',
  ),
  withoutCounterpart(
    'readTimeoutsToIgnoreBeforeWarning',
    'Troubles that pass by themselves are no warnings.',
  ),
  withoutCounterpart('taskExecutionListener', 'Listen to the events, or look at metrics().'),
  withoutCounterpart('workerStateChangeListener', 'Listen to the event "stateChange".'),
  withoutCounterpart('consumerTaskFactory', 'There are no tasks to replace.'),

  withoutCounterpart(
    'metricsEnabledDimensions',
    'Your own `metrics` keeps the dimensions it wants.',
  ),
  withoutCounterpart('metricsBufferTimeMillis', 'Your own `metrics` decides when to send.'),
  withoutCounterpart('metricsMaxQueueSize', 'Your own `metrics` decides what to keep.'),
  withoutCounterpart('publisherFlushBuffer', 'Your own `metrics` decides when to send.'),
  withoutCounterpart('metricsBackend', 'Your own `metrics` decides where they go.'),
  withoutCounterpart('openTelemetry', 'Your own `metrics` decides where they go.'),
  withoutCounterpart('cloudWatchClient', 'Your own `metrics` decides where they go.'),
]
