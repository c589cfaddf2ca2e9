/** One stream: its shards and its status. Status changes fall due by the clock, without timers. */
import type { kinesis, ShardHashKeyRange } from '@millrace/core'
import { MAX_HASH_KEY } from '@millrace/core'
import { OpenShards } from './open-shards.ts'
import type { ReshardPlan } from './reshard.ts'
import { SequenceAllocator } from './sequence-allocator.ts'
import { ShardStore, type StoredRecord } from './shard-store.ts'
import { TokenBucket } from './token-bucket.ts'

export interface StreamBirth {
  readonly name: string
  readonly arn: string
  /** Unique in a simulator, also among streams of one name. */
  readonly birth: number
  readonly createdMs: number
  readonly activeAtMs: number
  readonly retentionMs: number
  readonly shardCount: number
  readonly mode: kinesis.StreamMode
  readonly maxRecordBytes: number
  readonly distribution: 'AUTO' | 'USER_PARTITION_KEY'
}

interface StatusChange {
  readonly atMs: number
  readonly status: kinesis.StreamStatus | 'DELETED'
  readonly plan?: ReshardPlan | undefined
}

/** ListShards calls a stream answers in a second. */
const LIST_SHARDS_PER_SECOND = 1000

export class SimulatedStream {
  readonly birth: StreamBirth
  readonly listings: TokenBucket
  readonly #sequences: SequenceAllocator
  /** Every shard that retention has not removed, in order of its number. */
  readonly #shards = new Map<string, ShardStore>()
  #open: OpenShards
  #nextIndex = 0
  /** When the next closed shard leaves retention. */
  #nextExpiryMs = Number.POSITIVE_INFINITY
  #status: kinesis.StreamStatus | 'DELETED' = 'CREATING'
  #change: StatusChange | undefined

  constructor(birth: StreamBirth) {
    this.birth = birth
    this.listings = new TokenBucket(LIST_SHARDS_PER_SECOND, birth.createdMs)
    this.#sequences = new SequenceAllocator(birth.birth)
    for (const range of equalRanges(birth.shardCount)) this.#addShard(range, [], birth.createdMs)
    this.#open = new OpenShards([...this.#shards.values()])
    this.#change = { atMs: birth.activeAtMs, status: 'ACTIVE' }
  }

  get status(): kinesis.StreamStatus | 'DELETED' {
    return this.#status
  }

  get open(): OpenShards {
    return this.#open
  }

  get sequences(): SequenceAllocator {
    return this.#sequences
  }

  /** Shards within retention, in order of their number. */
  get shards(): IterableIterator<ShardStore> {
    return this.#shards.values()
  }

  /** The shard, its expired records trimmed; undefined for one that never was or has expired. */
  shard(shardId: string, nowMs: number): ShardStore | undefined {
    const shard = this.#shards.get(shardId)
    shard?.trim(nowMs - this.birth.retentionMs)
    return shard
  }

  /** Brings status, shards and retention up to now. */
  settle(nowMs: number): void {
    const change = this.#change
    if (change !== undefined && nowMs >= change.atMs) {
      this.#change = undefined
      this.#status = change.status
      if (change.plan !== undefined) this.#reshard(change.plan, change.atMs)
    }
    if (nowMs >= this.#nextExpiryMs) this.#removeExpired(nowMs)
  }

  /** The plan takes effect, at one instant, when the change falls due. */
  beginReshard(plan: ReshardPlan, dueMs: number): void {
    this.#status = 'UPDATING'
    this.#change = { atMs: dueMs, status: 'ACTIVE', plan }
  }

  beginDelete(dueMs: number): void {
    this.#status = 'DELETING'
    this.#change = { atMs: dueMs, status: 'DELETED' }
  }

  /** Stores a record that was admitted. */
  store(
    shard: ShardStore,
    data: Uint8Array,
    partitionKey: string | undefined,
    sizeBytes: number,
    nowMs: number,
  ): StoredRecord {
    return shard.append({
      // A copy, as a network makes: the caller may reuse its buffer.
      data: new Uint8Array(data),
      partitionKey,
      sequenceNumber: this.#sequences.next(shard.index),
      arrivalMs: nowMs,
      sizeBytes,
    })
  }

  /** A closed shard leaves before its time. */
  expire(shardId: string): void {
    // Its children still name it as their parent; its records need not stay for that.
    this.#shards.get(shardId)?.trim(Number.POSITIVE_INFINITY)
    this.#shards.delete(shardId)
  }

  /** A closed shard is gone once its youngest possible record is. */
  #removeExpired(nowMs: number): void {
    this.#nextExpiryMs = Number.POSITIVE_INFINITY
    for (const shard of this.#shards.values()) {
      if (shard.closedMs === undefined) continue
      const expiryMs = shard.closedMs + this.birth.retentionMs
      if (expiryMs > nowMs) {
        this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiryMs)
        continue
      }
      // Its children still name it as their parent; its records need not stay for that.
      shard.trim(nowMs - this.birth.retentionMs)
      this.#shards.delete(shard.shardId)
    }
  }

  #reshard(plan: ReshardPlan, atMs: number): void {
    const parents = plan.parents
    for (const parent of parents) parent.close(this.#sequences.next(parent.index), atMs)
    const children = plan.children.map((range) => this.#addShard(range, parents, atMs))
    for (const parent of parents) parent.children = children
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, atMs + this.birth.retentionMs)
    this.#open = new OpenShards([...this.#shards.values()].filter((shard) => shard.isOpen))
  }

  #addShard(range: ShardHashKeyRange, parents: readonly ShardStore[], atMs: number): ShardStore {
    const index = this.#nextIndex++
    const shard = new ShardStore({
      index,
      range,
      parents,
      startingSequenceNumber: this.#sequences.next(index),
      createdMs: atMs,
    })
    this.#shards.set(shard.shardId, shard)
    return shard
  }
}

/** Covers the key space with ranges of equal width; the last takes the remainder. */
function equalRanges(count: number): ShardHashKeyRange[] {
  const width = (MAX_HASH_KEY + 1n) / BigInt(count)
  return Array.from({ length: count }, (_, place) => ({
    start: width * BigInt(place),
    end: place === count - 1 ? MAX_HASH_KEY : width * BigInt(place + 1) - 1n,
  }))
}
