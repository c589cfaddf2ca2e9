/** What a consumer can be told, and what becomes of it once it is checked (resolve-options.ts). */
import type {
  AwsCredentialsOption,
  Codec,
  DynamoPort,
  KinesisPort,
  Logger,
  Metrics,
  MetricsLevel,
  Random,
  StreamRef,
} from '@millrace/core'
import type { ResolvedStreamRef } from '@millrace/core/internal'
import type { OnHandlerError, OnMalformed, OnMisplacedAggregate } from './record-processor.ts'

/** Where a stream without leases is read from. KCL: `InitialPositionInStreamExtended`. @public */
export type InitialPosition = 'TRIM_HORIZON' | 'LATEST' | { readonly atTimestamp: Date }

/** What to do about leases of a former stream of the same name. @public */
export type OnRecreatedStream = 'refuse' | 'reset'

export interface PollingOptions {
  readonly mode: 'polling'
  /** Most records asked for in one GetRecords call, default and maximum 10,000. KCL: `maxRecords`. */
  readonly maxRecords?: number | undefined
  /**
   * Pause between two reads of a shard at its tip, milliseconds, default 1,500, least 200.
   * Behind the tip the pause is 200 ms. KCL: `idleTimeBetweenReadsInMillis`.
   */
  readonly idleTimeBetweenReadsMs?: number | undefined
  /**
   * Responses buffered ahead of the handler for each shard, default 4. With 0 a shard is read only
   * when its handler wants more. KCL: `maxPendingProcessRecordsInput`.
   */
  readonly maxPendingBatches?: number | undefined
  /**
   * Kinesis records buffered ahead for each shard (one response may exceed it), default 30,000. KCL:
   * `maxRecordsCount`.
   */
  readonly maxPendingRecords?: number | undefined
  /** Bytes buffered ahead for each shard (one response may exceed it), default 8 MiB. KCL: `maxByteSize`. */
  readonly maxPendingBytes?: number | undefined
  /**
   * Bytes of record data that all shards of this consumer hold together, those with their handler
   * included; default 256 MiB. Room for a response is reserved before it is asked for, and given
   * back when its last record is handled. It is never exceeded, except by a single response that is
   * larger by itself. What is read ahead of handlers takes half of it at most, and shards without a
   * response come first, so that slow handlers hold up no other shard until they fill the other
   * half; a shard that waits for ten seconds says so in the log. Below 20 MiB, twice the largest
   * response, one that is larger than half of it waits until nothing else is held. KCL bounds each
   * shard alone.
   */
  readonly maxTotalPendingBytes?: number | undefined
  /**
   * Deadline of one GetRecords call, milliseconds, default 5,000: a shard of which one answer was lost
   * is read again within 10 s, back-off and all (KCL: 30,000). KCL: `kinesisRequestTimeout`.
   */
  readonly requestTimeoutMs?: number | undefined
}
export interface ResolvedPolling {
  readonly mode: 'polling'
  readonly maxRecords: number
  readonly idleTimeBetweenReadsMs: number
  readonly maxPendingBatches: number
  readonly maxPendingRecords: number
  readonly maxPendingBytes: number
  readonly maxTotalPendingBytes: number
  readonly requestTimeoutMs: number
}

/** When the leases of finished shards are deleted. KCL: `LeaseCleanupConfig`. @public */
export interface LeaseCleanupOptions {
  /** Default true. With false such leases stay until another worker, or you, delete them. */
  readonly enabled?: boolean | undefined
  /** Pause between two looks at finished leases, milliseconds, default 60,000. KCL: `leaseCleanupIntervalMillis`. */
  readonly intervalMs?: number | undefined
  /** Least time between the end of a shard and the deletion, milliseconds, default 300,000. KCL: `completedLeaseCleanupIntervalMillis`. */
  readonly completedAfterMs?: number | undefined
}
export interface ResolvedLeaseCleanup {
  readonly enabled: boolean
  readonly intervalMs: number
  readonly completedAfterMs: number
}

/** What a provisioned table is made with. KCL: `billingMode` PROVISIONED. @public */
export interface ProvisionedBilling {
  /** Default 10. KCL: `initialLeaseTableReadCapacity`. */
  readonly readCapacityUnits?: number | undefined
  /** Default 10. KCL: `initialLeaseTableWriteCapacity`. */
  readonly writeCapacityUnits?: number | undefined
}

/**
 * How the lease table is made when it is absent. A table that is there keeps its billing, its tags
 * and its protection. @public
 */
export interface LeaseTableOptions {
  /** Default `'on-demand'`. The owner index gets the same capacity as the table. KCL: `billingMode`. */
  readonly billing?: 'on-demand' | ProvisionedBilling | undefined
  /**
   * Default none. Needs `dynamodb:TagResource`; where the policy lacks it the table is made without
   * tags, with one warning (KCL does not start). KCL: `tags`.
   */
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** Whether the table cannot be deleted until that is switched off, default false. KCL: `leaseTableDeletionProtectionEnabled`. */
  readonly deletionProtection?: boolean | undefined
  /**
   * Switches point-in-time recovery on at every start, also of a table that is there; default false,
   * which leaves it as it is. Needs `dynamodb:UpdateContinuousBackups`; where that is refused the
   * worker runs without, with one warning (KCL does not start). KCL: `leaseTablePitrEnabled`.
   */
  readonly pointInTimeRecovery?: boolean | undefined
}
export interface ResolvedLeaseTable {
  readonly billing: 'on-demand' | ResolvedBilling
  readonly tags: readonly { readonly Key: string; readonly Value: string }[]
  readonly deletionProtection: boolean
  readonly pointInTimeRecovery: boolean
}
export interface ResolvedBilling {
  readonly readCapacityUnits: number
  readonly writeCapacityUnits: number
}

/**
 * How `assignmentStrategy: 'worker-utilization'` evens out load. Workers are compared by the CPU use
 * in their worker-metrics rows (`lease.workerMetrics`), and those that report none by the throughput
 * of their leases. Names are KCL's, of `WorkerUtilizationAwareAssignmentConfig`. @public
 */
export interface WorkerUtilizationOptions {
  /**
   * Leases move when a worker is further from the average than this, percent of the average,
   * default 10, and at least one percentage point whatever is given here. Workers that report no
   * CPU must also differ by 10 KB/s; while none of them carries as much, the counts of leases are
   * evened out instead. KCL, which has no such floor: `reBalanceThresholdPercentage`.
   */
  readonly rebalanceThresholdPercentage?: number | undefined
  /** Share of its excess that a busy worker gives away at once, percent, default 60. KCL: `dampeningPercentage`. */
  readonly dampeningPercentage?: number | undefined
  /** Whether a worker with no lease as small as that gives its smallest, default true. KCL: `allowThroughputOvershoot`. */
  readonly allowThroughputOvershoot?: boolean | undefined
  /** A worker whose leases carry more, kilobytes per second, is given none, default unlimited. KCL: `maxThroughputPerHostKBps`. */
  readonly maxThroughputPerHostKBps?: number | undefined
  /**
   * Loads are evened out in every n-th assignment, default as many as make a minute: 12 with the
   * default `assignmentIntervalMs`, 3 with KCL's of 20 s. CPU use is reported each 30 s, so that
   * loads judged more often would be those of before the last move. KCL: `varianceBalancingFrequency`.
   */
  readonly varianceBalancingFrequency?: number | undefined
  /** Weight of the newest of the values that a worker reports, above 0 and at most 1, default 0.5. KCL: `workerMetricsEMAAlpha`. */
  readonly metricsEmaAlpha?: number | undefined
}
export interface ResolvedWorkerUtilization {
  readonly rebalanceThresholdPercentage: number
  readonly dampeningPercentage: number
  readonly allowThroughputOvershoot: boolean
  readonly maxThroughputPerHostKBps: number
  readonly varianceBalancingFrequency: number
  readonly metricsEmaAlpha: number
}

/** How a leader moves a lease from a worker that lives. KCL: `GracefulLeaseHandoffConfig`. @public */
export interface GracefulHandoffOptions {
  /**
   * Whether this worker, as the leader, asks the owner to finish and hand over; default true. With
   * false the lease moves at once, and a handler that runs is cut short. KCL: `isGracefulLeaseHandoffEnabled`.
   */
  readonly enabled?: boolean | undefined
  /**
   * How long a worker that is asked may take to finish, milliseconds, default 30,000, least 1,000;
   * then the lease moves all the same. KCL: `gracefulLeaseHandoffTimeoutMillis`.
   */
  readonly timeoutMs?: number | undefined
}
export interface ResolvedGracefulHandoff {
  readonly enabled: boolean
  readonly timeoutMs: number
}

export interface LeaseOptions {
  /** A lease not renewed for this long is free, milliseconds, default 10,000; equal in the whole fleet. KCL: `failoverTimeMillis`. */
  readonly failoverTimeMs?: number | undefined
  /** Most leases the assignment gives to one worker, default unlimited. KCL: `maxLeasesForWorker`. */
  readonly maxLeasesForWorker?: number | undefined
  /**
   * How the leader spreads leases over the workers; equal in the whole fleet. `'lease-count'`
   * (default): each worker has as many as any other, give or take one. `'worker-utilization'` (KCL's
   * default): by how busy the workers are, see `workerUtilization`; right for shards that differ
   * much in traffic. KCL: `leaseAssignmentStrategy`.
   */
  readonly assignmentStrategy?: 'lease-count' | 'worker-utilization' | undefined
  /** For `assignmentStrategy: 'worker-utilization'` alone. KCL: `workerUtilizationAwareAssignmentConfig`. */
  readonly workerUtilization?: WorkerUtilizationOptions | undefined
  /** Pause between two assignments of the leader, milliseconds, default 5,000. KCL: `leaseAssignmentIntervalMillis`. */
  readonly assignmentIntervalMs?: number | undefined
  /** Pause between two looks at all lease counters, milliseconds, default 2,000. */
  readonly observationIntervalMs?: number | undefined
  /** Pause between two looks for leases assigned to this worker, milliseconds, default 2,000. */
  readonly discoveryIntervalMs?: number | undefined
  /** Pause between two worker-metrics rows, the sign of life of a worker, milliseconds, default 10,000. */
  readonly workerMetricsIntervalMs?: number | undefined
  /**
   * Whether worker-metrics rows carry CPU use, by which a leader balances that assigns by
   * utilization: one of ours with `assignmentStrategy: 'worker-utilization'`, or a Java one by
   * default. It compares workers that report CPU with one another only, so all workers of a fleet
   * should report it, or none.
   *
   * `'auto'` (default): where a Java worker would by itself: on ECS (from its task metadata), in
   * Kubernetes (cgroups v2 or v1) and on EC2 (`/proc/stat`). The EC2 metadata service is never
   * called: where Java cannot reach it, use `'off'`. `'cpu'`: on any Linux, for a fleet whose Java
   * workers, if any, are configured to do so too. `'off'`: never; nothing of the machine is read,
   * which tests in virtual time need to be repeatable.
   *
   * KCL: `disableWorkerMetrics`, `workerMetrics`.
   */
  readonly workerMetrics?: 'auto' | 'cpu' | 'off' | undefined
  /**
   * How long a leader row stands before it is stale, milliseconds, default 10,000, at least twice
   * `observationIntervalMs`. KCL: `dynamoDbLockBasedLeaderLeaseDurationInMillis`.
   */
  readonly leaderLeaseDurationMs?: number | undefined
  /** Moves of leases that nobody has lost. */
  readonly gracefulHandoff?: GracefulHandoffOptions | undefined
  /** The leader deletes leases of finished shards, once all their children have begun. */
  readonly leaseCleanup?: LeaseCleanupOptions | undefined
  /** How the lease table is made. */
  readonly table?: LeaseTableOptions | undefined
}
export interface ResolvedLeaseOptions {
  readonly failoverTimeMs: number
  readonly maxLeasesForWorker: number
  readonly assignmentStrategy: 'lease-count' | 'worker-utilization'
  /** Undefined with `'lease-count'`. */
  readonly workerUtilization: ResolvedWorkerUtilization | undefined
  readonly assignmentIntervalMs: number
  readonly observationIntervalMs: number
  readonly discoveryIntervalMs: number
  readonly workerMetricsIntervalMs: number
  readonly workerMetrics: 'auto' | 'cpu' | 'off'
  readonly leaderLeaseDurationMs: number
  readonly gracefulHandoff: ResolvedGracefulHandoff
  readonly leaseCleanup: ResolvedLeaseCleanup
  readonly table: ResolvedLeaseTable
}

/** When delivered records are checkpointed without being asked. @public */
export type CheckpointPolicy =
  | 'manual'
  | { readonly everyMs?: number | undefined; readonly everyRecords?: number | undefined }
export type ResolvedCheckpointPolicy =
  | 'manual'
  | { readonly everyMs: number; readonly everyRecords: number }

/** @public */
export interface ConsumerOptions<T = Uint8Array> {
  /** Names the lease table, as in KCL. */
  readonly applicationName: string
  readonly stream: StreamRef
  /** Must be unique among live workers. Default: host name, process id and a UUID. KCL: `workerIdentifier`. */
  readonly workerId?: string | undefined
  /**
   * What `data` of a record is made by; its type flows to every handler. Default: the bytes as they
   * are. Records are decoded batch by batch before the handler is called. A value that does not decode
   * ends its batch: the records before it are handled first, then it is a failure of its own
   * (`onMalformed`, `onHandlerError`), then the rest follows.
   */
  readonly codec?: Codec<T> | undefined
  /**
   * Whether the bytes of each record are copied before they are decoded, default false: they are a
   * view on the page that they came in, which is quick, and keeps the whole page (up to 10 MiB) in
   * memory for as long as one record's bytes are kept. Set it to keep bytes beyond the handler call.
   */
  readonly copy?: boolean | undefined
  /** Default `LATEST`, as in KCL. Applies to a stream that has no leases yet. */
  readonly initialPosition?: InitialPosition | undefined
  /** Default `{ mode: 'polling' }` (KCL's default is fan-out). */
  readonly retrieval?: PollingOptions | undefined
  /** Default `{ everyMs: 1000 }` for eachRecord and eachBatch, `'manual'` for a processor. */
  readonly checkpoint?: CheckpointPolicy | undefined
  /**
   * How many calls of `eachRecord` run at once in one shard, default 1, at most 1,000. Records of one
   * partition key are handled one after the other, in order; those of different keys, and those
   * without one, side by side. Checkpoints cover what is done without a gap, `checkpoint()` of the
   * handler's shard included: after a crash all records from the first on that was not done are
   * delivered again. While a record fails, those of its key wait; others go on until 10,000 records or
   * `retrieval.maxPendingBytes` are delivered beyond it.
   */
  readonly concurrencyPerShard?: number | undefined
  /**
   * Most records that one call of `eachBatch` or `processRecords` is given, default and maximum
   * 10,000. One response may hold more, for an aggregate counts as one there. KCL: `maxRecords`.
   */
  readonly maxRecordsPerBatch?: number | undefined
  /**
   * How long records may be held to make larger batches, milliseconds, default 0 (each page is handed
   * on as it comes), at most 300,000. A batch is handed on when it has `maxRecordsPerBatch` records or
   * `retrieval.maxPendingBytes` bytes, when its first record has been held for so long, when
   * `retrieval.maxTotalPendingBytes` are used up and a shard waits to be read, before a value
   * that does not decode, and at the end of the shard. `close()` and a moved lease leave what is held
   * to the next owner. For `eachBatch` and a processor.
   */
  readonly maxBatchWaitMs?: number | undefined
  readonly lease?: LeaseOptions | undefined
  /**
   * When the stream was deleted and created anew under its name, the stored positions mean nothing
   * any more. Default `'refuse'`: run() rejects with LeaseTableError. `'reset'`: the old leases are
   * deleted and reading begins at `initialPosition`. KCL does not notice. Looked at when a worker starts.
   */
  readonly onRecreatedStream?: OnRecreatedStream | undefined
  /** Default `'retry'`: back off and call again, without end. */
  readonly onHandlerError?: OnHandlerError<T> | undefined
  /**
   * Default `'raw'`: deliver the stored bytes as one record. Bytes that `codec` refuses (reason
   * `codec`) cannot be delivered that way: under `'raw'` they count as a failure of the handler.
   */
  readonly onMalformed?: OnMalformed | undefined
  /** Default `'deliver'`. KCL's behaviour is `'drop'`. */
  readonly onMisplacedAggregate?: OnMisplacedAggregate | undefined
  /**
   * What calls Kinesis. `kinesisFromSdk()` reads records through the AWS SDK's serializer as well, in
   * JSON, at three times the CPU: for middleware of its own. Beside it `endpoint` is refused, and
   * `region` and `credentials` are for DynamoDB only.
   * Default: `kinesisOverCbor()` with `region`, `endpoint` and `credentials`.
   */
  readonly client?: KinesisPort | undefined
  readonly dynamodb?: DynamoPort | undefined
  readonly region?: string | undefined
  /** Kinesis endpoint, for local stand-ins. */
  readonly endpoint?: string | undefined
  /** DynamoDB endpoint, for local stand-ins. */
  readonly dynamodbEndpoint?: string | undefined
  /** Takes plain `http:` endpoints outside loopback, default false: records and leases cross the network in the clear. */
  readonly allowInsecureEndpoint?: boolean | undefined
  /** Default: the AWS SDK's chain. */
  readonly credentials?: AwsCredentialsOption | undefined
  /** Default: warnings and errors to stderr; `false` silences. */
  readonly logger?: Logger | false | undefined
  /**
   * Gets KCL's metrics under KCL's names, each value once, under its finest dimensions. `metrics()`
   * has them without it. KCL: `metricsFactory`.
   */
  readonly metrics?: Metrics | undefined
  /** How much is measured: `'none'`, `'summary'` or `'detailed'`, default `'detailed'`. KCL: `metricsLevel`. */
  readonly metricsLevel?: MetricsLevel | undefined
  readonly random?: Random | undefined
}

export interface ResolvedConsumerOptions<T = Uint8Array> {
  readonly applicationName: string
  readonly stream: ResolvedStreamRef
  readonly workerId: string
  readonly codec: Codec<T>
  readonly copy: boolean
  readonly initialPosition: InitialPosition
  readonly retrieval: ResolvedPolling
  /** Undefined: the default of the handler's kind. */
  readonly checkpoint: ResolvedCheckpointPolicy | undefined
  readonly concurrencyPerShard: number
  readonly maxRecordsPerBatch: number
  readonly maxBatchWaitMs: number
  readonly lease: ResolvedLeaseOptions
  readonly onRecreatedStream: OnRecreatedStream
  readonly onHandlerError: OnHandlerError<T>
  readonly onMalformed: OnMalformed
  readonly onMisplacedAggregate: OnMisplacedAggregate
  readonly client: KinesisPort | undefined
  readonly dynamodb: DynamoPort | undefined
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly dynamodbEndpoint: string | undefined
  readonly allowInsecureEndpoint: boolean
  readonly credentials: AwsCredentialsOption | undefined
  readonly logger: Logger
  readonly metrics: Metrics
  readonly metricsLevel: MetricsLevel
  readonly random: Random
}
