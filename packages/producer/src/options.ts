/** ProducerOptions -> ResolvedProducerOptions: checked once, at construction. */
import {
  type AwsCredentialsOption,
  type Codec,
  InvalidOptionError,
  type KinesisPort,
  type Logger,
  type Metrics,
  type Random,
  type StreamRef,
} from '@millrace/core'
import {
  AGGREGATE_PARTITION_KEY,
  flag,
  group,
  integer,
  LIMITS,
  noMetrics,
  type OptionRule,
  objectWith,
  oneOf,
  optional,
  type ResolvedStreamRef,
  resolveLogger,
  resolveOptions,
  resolveStreamRef,
  systemRandom,
} from '@millrace/core/internal'
import type { MetricsGranularity, MetricsLevel } from './metric-names.ts'
import { leastTtlMs } from './pipeline/flush-decision.ts'

/** How user records are packed into Kinesis records. @public */
export interface AggregationOptions {
  /** User records of one Kinesis record. KPL: `AggregationMaxCount`. @default 4294967295 */
  readonly maxRecords?: number | undefined
  /** Bytes of one aggregate; its key of one byte counts too where it meets `maxRecordBytes`. KPL: `AggregationMaxSize`. @default 51_200 */
  readonly maxBytes?: number | undefined
}

/** How Kinesis records are packed into PutRecords requests. @public */
export interface CollectionOptions {
  /** Kinesis records of one request. KPL: `CollectionMaxCount`. @default 500 */
  readonly maxRecords?: number | undefined
  /**
   * Bytes of one request, partition keys included; at most 10 MiB. A larger Kinesis record travels
   * alone. KPL: `CollectionMaxSize`. @default 5_242_880
   */
  readonly maxBytes?: number | undefined
}

/** @public */
export interface ProducerOptions<T = Uint8Array> {
  /** Where records go that name no stream themselves. */
  readonly stream?: StreamRef | undefined
  /** Turns your values into data. @default none: data is bytes */
  readonly codec?: Codec<T> | undefined
  /**
   * Packs many user records into one Kinesis record, in KPL's format. `false` for readers that
   * cannot unpack it. KPL: `AggregationEnabled`. @default on
   */
  readonly aggregation?: false | AggregationOptions | undefined
  readonly collection?: CollectionOptions | undefined
  /** How long a record may wait for company, milliseconds. KPL: `RecordMaxBufferedTime`. @default 100 */
  readonly recordMaxBufferedTimeMs?: number | undefined
  /**
   * How long a record is tried, counted from its acceptance, milliseconds; past it the record fails
   * with code `Expired`. A success that comes later still counts. Must be longer than
   * `recordMaxBufferedTimeMs` and the wait for company in a request (a fifth of it, 50 ms at most).
   * KPL: `RecordTtl`. @default 30_000
   */
  readonly recordTtlMs?: number | undefined
  /**
   * Own limit per shard, in percent of what a shard takes (1,000 records/s, 1 MiB/s). 100 if this
   * producer has the stream for itself; above it several producers share, at the price of throttled
   * tries. KPL: `RateLimit`. @default 150
   */
  readonly rateLimitPercent?: number | undefined
  /** Fail a throttled record at once instead of trying again. KPL: `FailIfThrottled`. @default false */
  readonly failIfThrottled?: boolean | undefined
  /** Deadline of one PutRecords call, milliseconds. KPL: `RequestTimeout`. @default 6_000 */
  readonly requestTimeoutMs?: number | undefined
  /** Requests on the way at once, all streams together. KPL: `MaxConnections`. @default 24 */
  readonly maxConnections?: number | undefined
  /** Largest record (data plus partition key), bytes; raise it with the stream's own limit. KPL: `MaxUserRecordSize`. @default 1_048_576 */
  readonly maxRecordBytes?: number | undefined
  /** Accepted and unsettled records; beyond it `put()` waits and `tryPut()` says false. @default 50_000 */
  readonly maxOutstandingRecords?: number | undefined
  /** Their data and partition keys, bytes. @default 25_165_824 (24 MiB) */
  readonly maxBufferedBytes?: number | undefined
  /**
   * Calls of `put()` that may wait for room; one more rejects with `ERR_KINESIS_BUFFER_FULL`. Each
   * holds on to its record, beyond `maxBufferedBytes`: lower this if records are large. Encoded (and
   * checked) again when its turn comes. @default 10_000
   */
  readonly maxWaitingPuts?: number | undefined
  /** @default the AWS SDK's client, with `region`, `endpoint` and `credentials` */
  readonly client?: KinesisPort | undefined
  /** @default the AWS SDK's region chain */
  readonly region?: string | undefined
  /** URL of the service, for emulators and VPC endpoints. @default the region's */
  readonly endpoint?: string | undefined
  /** Allow `http:` beyond this machine. @default false */
  readonly allowInsecureEndpoint?: boolean | undefined
  /** @default the AWS SDK's credential chain */
  readonly credentials?: AwsCredentialsOption | undefined
  /** `false` silences. @default warnings and errors on stderr */
  readonly logger?: Logger | false | undefined
  /**
   * Gets KPL's metrics under KPL's names, each value once, under its finest dimensions. `metrics()`
   * of the producer tells them too. @default none
   */
  readonly metrics?: Metrics | undefined
  /**
   * How much is measured: `none` costs nothing, `summary` is what shows trouble, `detailed` is all.
   * KPL: `MetricsLevel`. @default 'detailed'
   */
  readonly metricsLevel?: MetricsLevel | undefined
  /**
   * Dimensions that are kept apart: all streams together, each stream, each shard. `stream` saves
   * memory with thousands of shards. KPL: `MetricsGranularity`. @default 'shard'
   */
  readonly metricsGranularity?: MetricsGranularity | undefined
  /** Source of jitter. @default the system's */
  readonly random?: Random | undefined
}

export interface ResolvedProducerOptions {
  readonly aggregation: false | { readonly maxRecords: number; readonly maxBytes: number }
  readonly collection: { readonly maxRecords: number; readonly maxBytes: number }
  readonly recordMaxBufferedTimeMs: number
  readonly recordTtlMs: number
  readonly rateLimitPercent: number
  readonly failIfThrottled: boolean
  readonly requestTimeoutMs: number
  readonly maxConnections: number
  readonly maxRecordBytes: number
  readonly maxOutstandingRecords: number
  readonly maxBufferedBytes: number
  readonly maxWaitingPuts: number
  readonly allowInsecureEndpoint: boolean
  readonly stream: StreamRef | undefined
  readonly resolvedStream: ResolvedStreamRef | undefined
  readonly client: KinesisPort | undefined
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly credentials: AwsCredentialsOption | undefined
  readonly logger: Logger
  readonly metrics: Metrics
  readonly metricsLevel: MetricsLevel
  readonly metricsGranularity: MetricsGranularity
  readonly random: Random
}

/** The codec is typed by the user's T and checked apart. */
type CheckedOptions = Omit<ResolvedProducerOptions, 'resolvedStream'> & {
  readonly codec: Codec<unknown> | undefined
}

const MIB = 1024 * 1024
const HOUR_MS = 3_600_000
const UINT32_MAX = 4_294_967_295
/** As in KPL: room for one full aggregate and its key. */
const COLLECTION_MIN_BYTES = 52_224

/** @throws InvalidOptionError */
export function resolveProducerOptions(given: unknown): ResolvedProducerOptions {
  const { codec: _, ...checked } = resolveOptions<CheckedOptions>('', given, {
    stream: anything<StreamRef>,
    codec: objectWith<Codec<unknown>>(['encode', 'decode']),
    aggregation: aggregationRule,
    collection: group({
      maxRecords: integer({
        default: LIMITS.putRecordsMaxEntries,
        min: 1,
        max: LIMITS.putRecordsMaxEntries,
      }),
      maxBytes: integer({
        default: 5 * MIB,
        min: COLLECTION_MIN_BYTES,
        max: LIMITS.putRecordsMaxBytes,
      }),
    }),
    recordMaxBufferedTimeMs: integer({ default: 100, min: 0, max: HOUR_MS }),
    recordTtlMs: integer({ default: 30_000, min: 100, max: 24 * HOUR_MS }),
    rateLimitPercent: integer({ default: 150, min: 1, max: 1_000_000 }),
    failIfThrottled: flag(false),
    requestTimeoutMs: integer({ default: 6000, min: 100, max: 600_000 }),
    maxConnections: integer({ default: 24, min: 1, max: 256 }),
    maxRecordBytes: integer({
      default: LIMITS.recordDefaultMaxBytes,
      min: 64,
      max: LIMITS.recordLargestMaxBytes,
    }),
    maxOutstandingRecords: integer({ default: 50_000, min: 1, max: UINT32_MAX }),
    maxBufferedBytes: integer({ default: 24 * MIB, min: 64, max: Number.MAX_SAFE_INTEGER }),
    maxWaitingPuts: integer({ default: 10_000, min: 0, max: UINT32_MAX }),
    client: objectWith<KinesisPort>(['putRecords', 'listShards', 'describeStreamSummary']),
    region: anything<string>,
    endpoint: anything<string>,
    allowInsecureEndpoint: flag(false),
    credentials: anything<AwsCredentialsOption>,
    logger: loggerRule,
    metrics: withDefault(objectWith<Metrics>(['put']), noMetrics),
    metricsLevel: oneOf(['none', 'summary', 'detailed'], 'detailed'),
    metricsGranularity: oneOf(['global', 'stream', 'shard'], 'shard'),
    random: withDefault(objectWith<Random>(['next', 'uuid']), systemRandom),
  })
  refuseContradictions(checked)
  const { aggregation, maxRecordBytes } = checked
  return {
    ...checked,
    aggregation: aggregation === false ? false : withinRecord(aggregation, maxRecordBytes),
    resolvedStream:
      checked.stream === undefined ? undefined : resolveStreamRef('stream', checked.stream),
  }
}

function refuseContradictions(options: Omit<CheckedOptions, 'codec'>): void {
  const { aggregation, maxRecordBytes, maxBufferedBytes, client } = options
  const { recordTtlMs, recordMaxBufferedTimeMs } = options
  const leastMs = leastTtlMs(recordMaxBufferedTimeMs, aggregation !== false)
  if (recordTtlMs < leastMs) {
    throw new InvalidOptionError(
      'recordTtlMs',
      `recordTtlMs is ${recordTtlMs}, and recordMaxBufferedTimeMs is ${recordMaxBufferedTimeMs}: records would expire before they are sent`,
      `Raise recordTtlMs to ${leastMs} or (better) much more, or lower recordMaxBufferedTimeMs.`,
    )
  }
  if (aggregation !== false && aggregation.maxBytes > maxRecordBytes) {
    throw new InvalidOptionError(
      'aggregation.maxBytes',
      `aggregation.maxBytes is ${aggregation.maxBytes}, above maxRecordBytes (${maxRecordBytes})`,
      'Lower aggregation.maxBytes, or raise maxRecordBytes with the record size of the stream.',
    )
  }
  if (maxBufferedBytes < maxRecordBytes) {
    throw new InvalidOptionError(
      'maxBufferedBytes',
      `maxBufferedBytes is ${maxBufferedBytes}, below maxRecordBytes (${maxRecordBytes})`,
      'A record of the largest size must fit into the buffer: raise the one or lower the other.',
    )
  }
  if (client === undefined) return
  for (const name of ['region', 'endpoint', 'credentials'] as const) {
    if (options[name] === undefined) continue
    throw new InvalidOptionError(
      name,
      `${name} is given beside client`,
      `Give ${name} to the client that you made, or leave client out.`,
    )
  }
}

/** The aggregate's own partition key counts too. */
function withinRecord(
  aggregation: Exclude<ResolvedProducerOptions['aggregation'], false>,
  maxRecordBytes: number,
): ResolvedProducerOptions['aggregation'] {
  const most = maxRecordBytes - AGGREGATE_PARTITION_KEY.length
  return { ...aggregation, maxBytes: Math.min(aggregation.maxBytes, most) }
}

const aggregationRule: OptionRule<ResolvedProducerOptions['aggregation']> = (path, value) => {
  if (value === false) return false
  return resolveOptions(path, value === true ? undefined : value, {
    maxRecords: integer({ default: UINT32_MAX, min: 1, max: Number.MAX_SAFE_INTEGER }),
    maxBytes: integer({ default: 51_200, min: 64, max: LIMITS.recordLargestMaxBytes }),
  })
}

const loggerRule: OptionRule<Logger> = (path, value) => {
  if (value === false) return resolveLogger(false)
  return resolveLogger(
    optional(objectWith<Logger>(['debug', 'info', 'warn', 'error']))(path, value),
  )
}

/** Checked by whoever it is handed to: the stream reference, the SDK adapter. */
function anything<T>(_path: string, value: unknown): T | undefined {
  return value as T | undefined
}

function withDefault<T>(rule: OptionRule<T | undefined>, byDefault: T): OptionRule<T> {
  return (path, value) => rule(path, value) ?? byDefault
}
