/**
 * What a consumer that filters by hash range does not deliver: like KCL it drops an aggregate whole
 * when one user record of it lies outside its shard. It reckons for itself, with none of our hashing.
 */
import { createHash } from 'node:crypto'
import type { kinesis } from '@millrace/core'
import { type DeaggregatedRecord, deaggregate } from '@millrace/core/aggregation'
import type { StoredRecordNotice } from '@millrace/testing'

interface Range {
  readonly start: bigint
  readonly end: bigint
}

export class StrictReader {
  readonly #shards: () => readonly kinesis.ServiceShard[]
  /** Shards never change their range. */
  readonly #ranges = new Map<string, Range>()
  /** Kinesis records that are dropped, by shard and sequence number. */
  readonly #dropped = new Set<string>()
  readonly #hashes = new Map<string, bigint>()
  /** False where the service places records: no range says anything then. */
  filters = true

  /** @param shards of the one stream that is read */
  constructor(shards: () => readonly kinesis.ServiceShard[]) {
    this.#shards = shards
  }

  /** Kinesis records that were stored and will not be delivered. */
  get dropped(): number {
    return this.#dropped.size
  }

  stored({ shardId, record }: StoredRecordNotice): void {
    if (!this.filters) return
    const read = deaggregate({ data: record.Data, partitionKey: record.PartitionKey ?? '' })
    if (!read.aggregated || this.#holdsAll(shardId, [...read])) return
    this.#dropped.add(`${shardId} ${record.SequenceNumber}`)
  }

  delivers(shardId: string, sequenceNumber: string): boolean {
    return !this.#dropped.has(`${shardId} ${sequenceNumber}`)
  }

  #holdsAll(shardId: string, records: readonly DeaggregatedRecord[]): boolean {
    const { start, end } = this.#rangeOf(shardId)
    return records.every(({ partitionKey = '', explicitHashKey }) => {
      const at =
        explicitHashKey === undefined ? this.#hashOf(partitionKey) : BigInt(explicitHashKey)
      return start <= at && at <= end
    })
  }

  #hashOf(partitionKey: string): bigint {
    let hash = this.#hashes.get(partitionKey)
    if (hash === undefined) {
      hash = BigInt(`0x${createHash('md5').update(partitionKey, 'utf8').digest('hex')}`)
      this.#hashes.set(partitionKey, hash)
    }
    return hash
  }

  #rangeOf(shardId: string): Range {
    if (!this.#ranges.has(shardId)) {
      for (const { ShardId, HashKeyRange } of this.#shards()) {
        const { StartingHashKey, EndingHashKey } = HashKeyRange
        this.#ranges.set(ShardId, { start: BigInt(StartingHashKey), end: BigInt(EndingHashKey) })
      }
    }
    const range = this.#ranges.get(shardId)
    if (range === undefined) throw new Error(`${shardId} is no shard of the stream`)
    return range
  }
}
