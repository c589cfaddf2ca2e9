/** ProducerOptions -> ResolvedProducerOptions: checked once, at construction. */
import {
  type AwsCredentialsOption,
  type Codec,
  InvalidOptionError,
  type KinesisPort,
  type Logger,
  type Metrics,
  type MetricsLevel,
  type Random,
  type StreamRef,
} from '@millrace/core'
import {
  AGGREGATE_PARTITION_KEY,
  flag,
  integer,
  LIMITS,
  noMetrics,
  type OptionRule,
  objectWith,
  oneOf,
  optional,
  type ResolvedStreamRef,
  resolveLogger,
  resolveStreamRef,
  showValue,
  systemRandom,
} from '@millrace/core/internal'
import type { MetricsGranularity } from './metrics/metric-names.ts'
import { leastTtlMs } from './pipeline/flush-decision.ts'
import { group, resolveOptions } from './producer-rules.ts'

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

/**
 * `T` is what `data` may be; `S` names the streams that have a codec of their own, and their values.
 *
 * @public
 */
export interface ProducerOptions<T = Uint8Array, S = Record<never, never>> {
  /** Where records go that name no stream themselves. */
  readonly stream?: StreamRef | undefined
  /** Turns your values into data. @default none: data is bytes */
  readonly codec?: Codec<T> | undefined
  /**
   * Codecs of single streams, by their name (or ARN, as records spell it), in place of `codec`.
   *
   * @default none
   */
  readonly codecs?: { readonly [K in keyof S]: Codec<S[K]> } | undefined
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
  /**
   * Largest record (data plus partition key), bytes; at most 10 MiB. Left out, it is the limit of
   * each stream, which is asked for (kinesis:DescribeStreamSummary), and 1 MiB where that is not
   * known. KPL: `MaxUserRecordSize`. @default the stream's
   */
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
  /**
   * What calls Kinesis. `kinesisFromSdk()` sends PutRecords through the AWS SDK's serializer, in
   * JSON, at about three times the CPU of the default.
   *
   * @default `kinesisOverCbor()` with `region`, `endpoint` and `credentials`
   */
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
  /** Undefined: the stream's. */
  readonly maxRecordBytes: number | undefined
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
  readonly codec: Codec<unknown> | undefined
  /** By the name or ARN that the user wrote. */
  readonly codecs: ReadonlyMap<string, Codec<unknown>>
  readonly logger: Logger
  readonly metrics: Metrics
  readonly metricsLevel: MetricsLevel
  readonly metricsGranularity: MetricsGranularity
  readonly random: Random
}

type CheckedOptions = Omit<ResolvedProducerOptions, 'resolvedStream'>

const MIB = 1024 * 1024
const HOUR_MS = 3_600_000
const UINT32_MAX = 4_294_967_295
/** As in KPL: room for one full aggregate and its key. */
const COLLECTION_MIN_BYTES = 52_224

/** @throws InvalidOptionError */
export function resolveProducerOptions(given: unknown): ResolvedProducerOptions {
  const checked = resolveOptions<CheckedOptions>('', given, {
    stream: anything<StreamRef>,
    codec: codecRule,
    codecs: codecsRule,
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
    maxRecordBytes: optional(
      integer({
        default: LIMITS.recordDefaultMaxBytes,
        min: 64,
        max: LIMITS.recordLargestMaxBytes,
        defaultInWords: "the stream's own limit",
      }),
    ),
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
  const { aggregation, maxRecordBytes = LIMITS.recordDefaultMaxBytes } = checked
  const resolvedStream =
    checked.stream === undefined ? undefined : resolveStreamRef('stream', checked.stream)
  const resolved: ResolvedProducerOptions = {
    ...checked,
    aggregation: aggregation === false ? false : withinRecord(aggregation, maxRecordBytes),
    resolvedStream,
  }
  const [called, own] = [regionCalled(resolved), resolvedStream?.region]
  if (called === undefined || own === undefined || called === own) return resolved
  throw new InvalidOptionError(
    'region',
    `region is ${showValue(called)}, and stream is in ${own}`,
    'Leave region out: the ARN of the stream has it.',
  )
}

function refuseContradictions(options: CheckedOptions): void {
  const { aggregation, maxBufferedBytes, client } = options
  const { maxRecordBytes = LIMITS.recordDefaultMaxBytes } = options
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

/**
 * The region that a client of our own will call, if that is known here: an ARN names one, and so may
 * the user. Behind an endpoint of one's own it means nothing.
 */
export function regionCalled(options: ResolvedProducerOptions): string | undefined {
  const { client, endpoint, region, resolvedStream } = options
  if (client !== undefined || endpoint !== undefined) return undefined
  return region ?? resolvedStream?.region
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

const codecRule: OptionRule<Codec<unknown> | undefined> = objectWith<Codec<unknown>>([
  'encode',
  'decode',
])

const codecsRule: OptionRule<ReadonlyMap<string, Codec<unknown>>> = (path, value) => {
  const codecs = new Map<string, Codec<unknown>>()
  if (value === undefined) return codecs
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionError(
      path,
      `${path} is ${showValue(value)}`,
      'Pass { STREAM: codec }, with the methods encode and decode.',
    )
  }
  for (const [stream, given] of Object.entries(value)) {
    resolveStreamRef(`${path}.${stream}`, stream)
    const codec = codecRule(`${path}.${stream}`, given)
    if (codec !== undefined) codecs.set(stream, codec)
  }
  return codecs
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
