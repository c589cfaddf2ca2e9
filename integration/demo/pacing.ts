/** How many shards an input needs and how long its puts take. Pure. */
import { hashKeyOf } from '@millrace/core'
import { LIMITS } from '@millrace/core/internal'
import type { InputRecord } from './parse-input.ts'

export interface Pacing {
  readonly shards: number
  /** From the first put to the last, milliseconds. */
  readonly putMs: number
}

const USUAL_SHARDS = 4
const MOST_SHARDS = 32
const USUAL_PUT_MS = 30_000
const LEAST_PUT_MS = 12_000
/** A shorter programme is enough for fewer records than the flights. */
const USUAL_RECORDS = 20_000
/** Bytes a second and shard that leave room for keys that are not spread evenly and for a merge. */
const COMFORTABLE_BYTES_PER_SECOND = 0.5 * LIMITS.shardWriteBytesPerSecond
/** What the fullest shard may take. */
const MOST_BYTES_PER_SECOND = 0.8 * LIMITS.shardWriteBytesPerSecond
const HASH_KEY_BITS = 128n

/** Slow enough that no shard is asked for more than it takes. */
export function pacingOf(records: readonly InputRecord[], shards: number | undefined): Pacing {
  const share = Math.min(1, records.length / USUAL_RECORDS)
  const wishedMs = Math.max(LEAST_PUT_MS, USUAL_PUT_MS * share)
  const totalBytes = records.reduce((sum, record) => sum + bytesOf(record), 0)
  const needed = Math.ceil(totalBytes / ((wishedMs / 1000) * COMFORTABLE_BYTES_PER_SECOND))
  const chosen = shards ?? Math.min(MOST_SHARDS, Math.max(USUAL_SHARDS, needed))
  const neededMs = (fullestShardBytes(records, chosen) / MOST_BYTES_PER_SECOND) * 1000
  return { shards: chosen, putMs: Math.round(Math.max(wishedMs, neededMs)) }
}

/** A new stream's shards divide the hash key space evenly. */
function fullestShardBytes(records: readonly InputRecord[], shards: number): number {
  const bytes = new Array<number>(shards).fill(0)
  const shardOfKey = new Map<string, number>()
  for (const record of records) {
    let shard = shardOfKey.get(record.partitionKey)
    if (shard === undefined) {
      shard = Number((hashKeyOf(record.partitionKey) * BigInt(shards)) >> HASH_KEY_BITS)
      shardOfKey.set(record.partitionKey, shard)
    }
    bytes[shard] = (bytes[shard] ?? 0) + bytesOf(record)
  }
  return Math.max(...bytes)
}

function bytesOf({ partitionKey, data }: InputRecord): number {
  return data.length + Buffer.byteLength(partitionKey)
}

/** Record `i` of a run: the input as it is, cut short, or again and again. */
export function limited<T>(input: readonly T[], records: number | undefined): readonly T[] {
  if (records === undefined) return input
  return Array.from({ length: records }, (_, i) => input[i % input.length] as T)
}
