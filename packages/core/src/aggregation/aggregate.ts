/** Packs user records into as few Kinesis records as the rules allow, in KPL's bytes. */
import { InvalidOptionError } from '../errors.ts'
import { hashPartitionKey, hashUserRecord } from '../hash-key.ts'
import { type HashWords, hashKeyOfWords, newHashWords } from '../hash-words.ts'
import { LIMITS } from '../limits.ts'
import { integer, type OptionRule, optional, resolveOptions } from '../options.ts'
import {
  canonicalHashKey,
  checkPartitionKey,
  checkRecordData,
  checkRecordObject,
  checkRecordSize,
} from '../record-rules.ts'
import type { Shard } from '../shard.ts'
import { ShardMap } from '../shard-map.ts'
import { sealAggregates } from './checksums.ts'
import { AggregateEncoder } from './encoder.ts'
import { AGGREGATE_PARTITION_KEY } from './format.ts'

/** What goes in: a user record without its stream. @public */
export interface AggregateInput {
  /** 1 to 256 characters. */
  readonly partitionKey: string
  /** Decimal text of 0 to 2^128 - 1; places the record in the key space instead of the key. */
  readonly explicitHashKey?: string | undefined
  readonly data: Uint8Array
}

/** One PutRecords entry: pass all three fields on, the hash key too. @public */
export interface AggregatedRecord {
  readonly data: Uint8Array
  /** The user record's own when it travels alone, else `a`. */
  readonly partitionKey: string
  /** Decimal text, always set: without it an aggregate would land by the key `a`. */
  readonly explicitHashKey: string
}

/** @public */
export interface AggregateOptions {
  /**
   * The stream's shards. Given, no aggregate crosses two of them, and a user record that none of
   * them owns travels alone. **Without them everything is packed together, and a Java consumer
   * (KCL) silently drops an aggregate that holds a user record of another shard**: leave them out
   * only for a stream of one shard, or where every consumer is Millrace or KCL without the filter.
   * @default undefined
   */
  readonly shards?: readonly Shard[] | undefined
  /** Most bytes of an aggregate. KPL: `aggregationMaxSize`. @default 51_200 */
  readonly maxBytes?: number | undefined
  /** Most user records of an aggregate. KPL: `aggregationMaxCount`. @default 4_294_967_295 */
  readonly maxRecords?: number | undefined
  /**
   * Most bytes of one user record, data and partition key: the stream's own limit, 10 MiB at most.
   * KPL: `maxUserRecordSize`. @default 1_048_576
   */
  readonly maxRecordBytes?: number | undefined
}

/**
 * Aggregates user records in KPL's format, keeping their order within each Kinesis record. A user
 * record that stays alone is not wrapped: its data travels as it is, under its own key.
 *
 * @throws InvalidRecordError for a record that the service would refuse; nothing is returned then
 * @throws InvalidOptionError for an unknown or wrong option
 * @example
 * ```ts
 * const entries = aggregate(userRecords, { shards })
 * ```
 * @public
 */
export function aggregate(
  userRecords: Iterable<AggregateInput>,
  options: AggregateOptions = {},
): AggregatedRecord[] {
  const { maxBytes, maxRecords, maxRecordBytes, shards } = resolveOptions<ResolvedAggregateOptions>(
    '',
    options,
    RULES,
  )
  // The aggregate's own partition key counts too.
  const mostBytes = Math.min(maxBytes, maxRecordBytes - AGGREGATE_PARTITION_KEY.length)
  const map = shards === undefined ? undefined : ShardMap.from(shards)
  const open = new Map<number, OpenAggregate>()
  const done: AggregatedRecord[] = []
  const unsealed: Uint8Array[] = []
  const hash = newHashWords()
  for (const userRecord of userRecords) {
    checkRecordObject(userRecord)
    const { partitionKey, explicitHashKey, data } = userRecord
    checkPartitionKey(partitionKey)
    const hashKey = explicitHashKey === undefined ? undefined : canonicalHashKey(explicitHashKey)
    checkRecordData(data)
    const keyBytes = hashPartitionKey(partitionKey, hash)
    checkRecordSize(data.length, keyBytes, maxRecordBytes)
    if (hashKey !== undefined) hashUserRecord(partitionKey, hashKey, hash)
    const shard = map === undefined ? 0 : map.indexFor(hash)
    let target = open.get(shard)
    if (target === undefined) {
      target = new OpenAggregate()
      open.set(shard, target)
    }
    const limit = shard === UNKNOWN_SHARD ? 1 : maxRecords
    if (target.tryAdd(partitionKey, keyBytes, hashKey, data, hash, mostBytes, limit)) continue
    done.push(target.close(unsealed))
    target.tryAdd(partitionKey, keyBytes, hashKey, data, hash, mostBytes, limit)
  }
  for (const target of open.values()) done.push(target.close(unsealed))
  sealAggregates(unsealed)
  return done
}

const UNKNOWN_SHARD = -1

/** An aggregate being filled, with what its PutRecords entry needs of its first user record. */
class OpenAggregate {
  readonly #encoder = new AggregateEncoder()
  readonly #firstHash: HashWords = newHashWords()
  #firstKey = ''

  tryAdd(
    partitionKey: string,
    keyBytes: number,
    explicitHashKey: string | undefined,
    data: Uint8Array,
    hash: HashWords,
    maxBytes: number,
    maxRecords: number,
  ): boolean {
    if (this.#encoder.records >= maxRecords) return false
    if (!this.#encoder.tryAdd(partitionKey, keyBytes, explicitHashKey, data, maxBytes)) return false
    if (this.#encoder.records === 1) {
      this.#firstKey = partitionKey
      this.#firstHash.set(hash)
    }
    return true
  }

  /** @param unsealed gets the data if it still needs its checksum */
  close(unsealed: Uint8Array[]): AggregatedRecord {
    const encoder = this.#encoder
    const alone = encoder.records === 1
    const data = alone
      ? encoder.encode()
      : encoder.encodeInto(Buffer.allocUnsafeSlow(encoder.bytes))
    if (!alone) unsealed.push(data)
    encoder.reset()
    return {
      data,
      partitionKey: alone ? this.#firstKey : AGGREGATE_PARTITION_KEY,
      explicitHashKey: hashKeyOfWords(this.#firstHash).toString(),
    }
  }
}

interface ResolvedAggregateOptions {
  readonly shards: readonly Shard[] | undefined
  readonly maxBytes: number
  readonly maxRecords: number
  readonly maxRecordBytes: number
}

const shardList: OptionRule<readonly Shard[]> = (path, value) => {
  if (Array.isArray(value)) return value as readonly Shard[]
  throw new InvalidOptionError(path, `${path} is no array`, 'Pass the shards of the stream.')
}

const RULES = {
  shards: optional(shardList),
  maxBytes: integer({ default: 51_200, min: 64, max: LIMITS.recordLargestMaxBytes }),
  maxRecords: integer({ default: 0xffff_ffff, min: 1, max: Number.MAX_SAFE_INTEGER }),
  maxRecordBytes: integer({
    default: LIMITS.recordDefaultMaxBytes,
    min: 64,
    max: LIMITS.recordLargestMaxBytes,
  }),
}
