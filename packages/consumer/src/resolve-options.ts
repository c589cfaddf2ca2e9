/** ConsumerOptions -> ResolvedConsumerOptions: checked once, in the constructor. Pure but for the default worker id. */
import { hostname } from 'node:os'
import {
  bytesCodec,
  type Codec,
  InvalidOptionError,
  type Logger,
  type Random,
} from '@millrace/core'
import {
  flag,
  integer,
  noMetrics,
  type OptionRule,
  objectWith,
  oneOf,
  optional,
  resolveLogger,
  resolveStreamRef,
  showValue,
  systemRandom,
  text,
} from '@millrace/core/internal'
import { group, resolveOptions } from './consumer-rules.ts'
import { refuseContradictions } from './contradictions.ts'
import { hintForBillingMode, KCL_METRICS_LEVELS, KCL_STRATEGIES } from './kcl-names.ts'
import { checkWorkerId } from './lease/reserved-keys.ts'
import type {
  ConsumerOptions,
  InitialPosition,
  ResolvedBilling,
  ResolvedCheckpointPolicy,
  ResolvedConsumerOptions,
  ResolvedGracefulHandoff,
  ResolvedLeaseCleanup,
  ResolvedLeaseOptions,
  ResolvedLeaseTable,
  ResolvedPolling,
} from './options.ts'
import type { OnHandlerError, OnMalformed } from './record-processor.ts'
import {
  type CheckedWorkerUtilization,
  utilizationFor,
  workerUtilization,
} from './resolve-worker-utilization.ts'

/** DynamoDB's 255, less the suffix of the coordinator table that older versions of KCL made. */
const TABLE_NAME = /^[a-zA-Z0-9_.-]{3,237}$/
const MIB = 1024 * 1024
const NO_LIMIT = Number.MAX_SAFE_INTEGER
const DAY_MS = 86_400_000

/** @throws InvalidOptionError */
export function resolveConsumerOptions<T>(given: ConsumerOptions<T>): ResolvedConsumerOptions<T> {
  const random = objectWith<Random>(['next', 'uuid'])('random', given?.random) ?? systemRandom
  const resolved = resolveOptions<ResolvedConsumerOptions<T>>('', given, {
    applicationName: text({
      pattern: TABLE_NAME,
      expects: '3 to 237 letters, digits, "_", "." or "-": it names the lease table',
    }),
    stream: resolveStreamRef,
    workerId: (_path, value) => workerId(value, random),
    codec: (path, value) =>
      objectWith<Codec<T>>(['encode', 'decode'])(path, value) ??
      (bytesCodec as Codec<unknown> as Codec<T>),
    copy: flag(false),
    initialPosition,
    retrieval: (path, value) => retrieval(path, value ?? { mode: 'polling' }),
    checkpoint: optional(checkpointPolicy),
    concurrencyPerShard: integer({ default: 1, min: 1, max: 1000 }),
    maxRecordsPerBatch: integer({ default: 10_000, min: 1, max: 10_000 }),
    maxBatchWaitMs: integer({ default: 0, min: 0, max: 300_000 }),
    lease: leaseOptions,
    onRecreatedStream: oneOf(['refuse', 'reset'], 'refuse'),
    onHandlerError: verdictOrFunction(['retry', 'skip', 'stop'], 'retry') as OptionRule<
      OnHandlerError<T>
    >,
    onMalformed: verdictOrFunction(['raw', 'skip', 'stop'], 'raw') as OptionRule<OnMalformed>,
    onMisplacedAggregate: oneOf(['deliver', 'filter', 'drop'], 'deliver'),
    client: objectWith([
      'putRecords',
      'getRecords',
      'getShardIterator',
      'listShards',
      'describeStreamSummary',
    ]),
    dynamodb: objectWith([
      'getItem',
      'putItem',
      'updateItem',
      'deleteItem',
      'query',
      'scan',
      'createTable',
      'updateTable',
      'describeTable',
    ]),
    region: optional(text({ pattern: /^[a-z0-9-]{1,64}$/, expects: 'a region such as eu-west-1' })),
    endpoint: optional(text({ pattern: /^https?:\/\//, expects: 'a whole URL' })),
    dynamodbEndpoint: optional(text({ pattern: /^https?:\/\//, expects: 'a whole URL' })),
    allowInsecureEndpoint: flag(false),
    credentials: (_path, value) => value as ResolvedConsumerOptions['credentials'],
    logger: (path, value) =>
      resolveLogger(
        value === false
          ? false
          : objectWith<Logger>(['debug', 'info', 'warn', 'error'])(path, value),
      ),
    metrics: (path, value) =>
      objectWith<ResolvedConsumerOptions['metrics']>(['put'])(path, value) ?? noMetrics,
    metricsLevel: oneOf(['none', 'summary', 'detailed'], 'detailed', KCL_METRICS_LEVELS),
    random: () => random,
  })
  refuseContradictions(resolved)
  return resolved
}

function workerId(value: unknown, random: Random): string {
  if (value === undefined) return `${hostname()}:${process.pid}:${random.uuid()}`
  if (typeof value !== 'string') {
    throw new InvalidOptionError(
      'workerId',
      `workerId is ${showValue(value)}`,
      'Use a text that is unique among live workers.',
    )
  }
  checkWorkerId(value)
  return value
}

const initialPosition: OptionRule<InitialPosition> = (path, value) => {
  if (value === undefined) return 'LATEST'
  if (value === 'TRIM_HORIZON' || value === 'LATEST') return value
  const isObject = typeof value === 'object' && value !== null
  const { atTimestamp } = resolveOptions<{ atTimestamp: unknown }>(path, isObject ? value : {}, {
    atTimestamp: (_path, time) => time,
  })
  if (atTimestamp instanceof Date && !Number.isNaN(atTimestamp.getTime())) return { atTimestamp }
  throw new InvalidOptionError(
    path,
    `${path} is ${showValue(value)}`,
    'Use "TRIM_HORIZON", "LATEST" or { atTimestamp: Date }.',
  )
}

const retrieval: OptionRule<ResolvedPolling> = group<ResolvedPolling>({
  mode: oneOf(['polling'], 'polling'),
  maxRecords: integer({ default: 10_000, min: 1, max: 10_000 }),
  idleTimeBetweenReadsMs: integer({ default: 1500, min: 200, max: DAY_MS }),
  maxPendingBatches: integer({ default: 4, min: 0, max: 1000 }),
  maxPendingRecords: integer({ default: 30_000, min: 1, max: NO_LIMIT }),
  maxPendingBytes: integer({ default: 8 * MIB, min: 1, max: NO_LIMIT }),
  maxTotalPendingBytes: integer({ default: 256 * MIB, min: 1, max: NO_LIMIT }),
  requestTimeoutMs: integer({ default: 5000, min: 1, max: DAY_MS }),
})

const checkpointPolicy: OptionRule<ResolvedCheckpointPolicy> = (path, value) => {
  if (value === 'manual') return value
  const policy = resolveOptions<{ everyMs: number | undefined; everyRecords: number | undefined }>(
    path,
    value,
    {
      everyMs: optional(integer({ default: 1000, min: 0, max: DAY_MS })),
      everyRecords: optional(integer({ default: NO_LIMIT, min: 1, max: NO_LIMIT })),
    },
  )
  // Whichever is reached first; one that was not asked for never is, unless neither was.
  const byTime = policy.everyRecords === undefined ? 1000 : NO_LIMIT
  return { everyMs: policy.everyMs ?? byTime, everyRecords: policy.everyRecords ?? NO_LIMIT }
}

function leaseOptions(path: string, value: unknown): ResolvedLeaseOptions {
  const interval = (byDefault: number): OptionRule<number> =>
    integer({ default: byDefault, min: 10, max: DAY_MS })
  const { workerUtilization: utilization, ...lease } = resolveOptions<CheckedLease>(path, value, {
    failoverTimeMs: integer({ default: 10_000, min: 100, max: DAY_MS }),
    maxLeasesForWorker: integer({ default: NO_LIMIT, min: 1, max: NO_LIMIT }),
    assignmentStrategy: oneOf(['lease-count', 'worker-utilization'], 'lease-count', KCL_STRATEGIES),
    workerUtilization: optional(workerUtilization),
    assignmentIntervalMs: interval(5000),
    observationIntervalMs: interval(2000),
    discoveryIntervalMs: interval(2000),
    workerMetricsIntervalMs: interval(10_000),
    workerMetrics: oneOf(['auto', 'cpu', 'off'], 'auto'),
    leaderLeaseDurationMs: integer({ default: 10_000, min: 100, max: DAY_MS }),
    gracefulHandoff: group<ResolvedGracefulHandoff>({
      enabled: flag(true),
      timeoutMs: integer({ default: 30_000, min: 1000, max: DAY_MS }),
    }),
    leaseCleanup: group<ResolvedLeaseCleanup>({
      enabled: flag(true),
      intervalMs: interval(60_000),
      completedAfterMs: integer({ default: 300_000, min: 0, max: DAY_MS }),
    }),
    table: group<ResolvedLeaseTable>({
      billing,
      tags,
      deletionProtection: flag(false),
      pointInTimeRecovery: flag(false),
    }),
  })
  return { ...lease, workerUtilization: utilizationFor(lease, utilization) }
}

type CheckedLease = Omit<ResolvedLeaseOptions, 'workerUtilization'> & {
  readonly workerUtilization: CheckedWorkerUtilization | undefined
}

const billing: OptionRule<ResolvedLeaseTable['billing']> = (path, value) => {
  if (value === undefined || value === 'on-demand') return 'on-demand'
  if (typeof value !== 'object') {
    throw new InvalidOptionError(
      path,
      `${path} is ${showValue(value)}`,
      hintForBillingMode(value) ?? 'Use "on-demand" or { readCapacityUnits, writeCapacityUnits }.',
    )
  }
  const units = integer({ default: 10, min: 1, max: NO_LIMIT })
  return resolveOptions<ResolvedBilling>(path, value, {
    readCapacityUnits: units,
    writeCapacityUnits: units,
  })
}

/** The service's own limits, so that a start does not fail on them. */
const MOST_TAGS = 50
const LONGEST_TAG_KEY = 128
const LONGEST_TAG_VALUE = 256

const tags: OptionRule<ResolvedLeaseTable['tags']> = (path, value) => {
  const given = value ?? {}
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new InvalidOptionError(
      path,
      `${path} is ${showValue(value)}`,
      'Use an object of texts, such as { team: "orders" }.',
    )
  }
  const entries = Object.entries(given)
  if (entries.length > MOST_TAGS) {
    throw new InvalidOptionError(
      path,
      `${path} has ${entries.length} tags`,
      `Use at most ${MOST_TAGS}.`,
    )
  }
  return entries.map(([Key, Value]: [string, unknown]) => {
    if (Key === '' || Key.length > LONGEST_TAG_KEY || /^aws:/i.test(Key)) {
      throw new InvalidOptionError(
        path,
        `${path} has the key ${JSON.stringify(Key.slice(0, LONGEST_TAG_KEY))}`,
        `Use keys of 1 to ${LONGEST_TAG_KEY} characters that do not begin with "aws:".`,
      )
    }
    if (typeof Value !== 'string' || Value.length > LONGEST_TAG_VALUE) {
      throw new InvalidOptionError(
        `${path}.${Key}`,
        `${path}.${Key} is no text, or too long`,
        `Use a text of at most ${LONGEST_TAG_VALUE} characters.`,
      )
    }
    return { Key, Value }
  })
}

function verdictOrFunction(
  verdicts: readonly [string, ...string[]],
  byDefault: string,
): OptionRule<unknown> {
  const rule = oneOf(verdicts, byDefault)
  return (path, value) => (typeof value === 'function' ? value : rule(path, value))
}
