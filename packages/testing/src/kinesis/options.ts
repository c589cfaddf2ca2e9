/** Options of the simulated Kinesis: what the user writes, checked once. */
import { InvalidOptionError, type kinesis, type Random } from '@millrace/core'
import {
  flag,
  integer,
  LIMITS,
  nowMs,
  type OptionRule,
  objectWith,
  optional,
  resolveOptions,
  systemRandom,
  text,
} from '@millrace/core/internal'

/** What `onRecord` is told of every record that was stored. @public */
export interface StoredRecordNotice {
  readonly streamName: string
  readonly shardId: string
  readonly record: kinesis.KinesisRecord
}

/** @public */
export interface SimulatedKinesisOptions {
  /**
   * Enforce the service's rates: writes 1,000 records/s and 1 MiB/s a shard (per-entry throttles),
   * reads 5 calls/s and 2 MiB/s a shard, and the control-plane rates. @default true
   */
  readonly limits?: boolean | undefined
  /** Age in milliseconds at which a shard iterator expires. @default 300_000 */
  readonly iteratorLifetimeMs?: number | undefined
  /** How long a stream is CREATING, UPDATING or DELETING, in milliseconds. @default 0 */
  readonly statusChangeMs?: number | undefined
  /** Most shards on one ListShards page; a small one exercises paging. @default 1000 */
  readonly listShardsPageSize?: number | undefined
  /** Hours a record is kept. @default 24 */
  readonly retentionHours?: number | undefined
  /** Region in ARNs. @default 'us-east-1' */
  readonly region?: string | undefined
  /** Account in ARNs and messages. @default '000000000000' */
  readonly accountId?: string | undefined
  /** Source of tokens' secrets and of AUTO placement. @default the system's */
  readonly random?: Random | undefined
  /**
   * The service's clock, epoch milliseconds. A simulator whose workers have skewed clocks passes
   * the true one. @default core/time, hence virtual time when that is beneath
   */
  readonly nowMs?: (() => number) | undefined
  /** Called synchronously for every stored record, in storage order. It must not throw. */
  readonly onRecord?: ((stored: StoredRecordNotice) => void) | undefined
}

export interface ResolvedSimulatedKinesisOptions {
  readonly limits: boolean
  readonly iteratorLifetimeMs: number
  readonly statusChangeMs: number
  readonly listShardsPageSize: number
  readonly retentionHours: number
  readonly region: string
  readonly accountId: string
  readonly random: Random
  readonly nowMs: () => number
  readonly onRecord: ((stored: StoredRecordNotice) => void) | undefined
}

const DAY_MS = 86_400_000
/** The longest retention that the service offers. */
const MAX_RETENTION_HOURS = 8760

/** @throws InvalidOptionError */
export function resolveSimulatedKinesisOptions(given: unknown): ResolvedSimulatedKinesisOptions {
  return resolveOptions<ResolvedSimulatedKinesisOptions>('', given, {
    limits: flag(true),
    iteratorLifetimeMs: integer({ default: LIMITS.iteratorLifetimeMs, min: 1, max: DAY_MS }),
    statusChangeMs: integer({ default: 0, min: 0, max: DAY_MS }),
    listShardsPageSize: integer({
      default: LIMITS.listShardsMaxResults,
      min: 1,
      max: LIMITS.listShardsMaxResults,
    }),
    retentionHours: integer({ default: 24, min: 1, max: MAX_RETENTION_HOURS }),
    region: withDefault(text({ pattern: /^[a-z0-9-]+$/, expects: 'a region name' }), 'us-east-1'),
    accountId: withDefault(text({ pattern: /^[0-9]{12}$/, expects: '12 digits' }), '000000000000'),
    random: withDefault(objectWith<Random>(['next', 'uuid']), systemRandom),
    nowMs: withDefault(callback<() => number>(), nowMs),
    onRecord: optional(callback<(stored: StoredRecordNotice) => void>()),
  })
}

function withDefault<T>(rule: OptionRule<T | undefined>, byDefault: T): OptionRule<T> {
  return (path, value) =>
    value === undefined ? byDefault : (rule(path, value) as Exclude<T, undefined>)
}

function callback<F>(): OptionRule<F> {
  return (path, value) => {
    if (typeof value === 'function') return value as F
    throw new InvalidOptionError(path, `${path} is not a function`, `Pass a function for ${path}.`)
  }
}
