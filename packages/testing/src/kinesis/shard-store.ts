/** One shard: its place in key space and lineage, and its records by ordinal (0 = first stored). */
import type { kinesis, ShardHashKeyRange } from '@millrace/core'
import { hexOfHashKey } from './hash-position.ts'
import { ReadLimits } from './read-limits.ts'
import { WriteLimits } from './write-limits.ts'

export interface StoredRecord {
  readonly data: Uint8Array
  readonly partitionKey: string | undefined
  readonly sequenceNumber: string
  readonly arrivalMs: number
  /** Data plus partition key. */
  readonly sizeBytes: number
}

export interface ShardBirth {
  readonly index: number
  readonly range: ShardHashKeyRange
  readonly parents: readonly ShardStore[]
  readonly startingSequenceNumber: string
  readonly createdMs: number
}

const SHARD_DIGITS = 12
/** Fewer trimmed records than this, or than are kept, are not worth moving the kept ones. */
const COMPACT_AFTER = 1024

export class ShardStore {
  readonly shardId: string
  readonly index: number
  readonly range: ShardHashKeyRange
  readonly startHex: string
  readonly endHex: string
  /** The range as the service spells it: spelt once, it is answered often. */
  readonly #serviceRange: kinesis.HashKeyRange
  readonly parents: readonly ShardStore[]
  readonly startingSequenceNumber: string
  readonly createdMs: number
  readonly writes: WriteLimits
  readonly reads: ReadLimits
  children: readonly ShardStore[] = []
  #endingSequenceNumber: string | undefined
  #closedMs: number | undefined
  #records: StoredRecord[] = []
  /** Ordinal of `#records[0]`. */
  #base = 0
  /** Records before this place in `#records` are trimmed. */
  #head = 0
  #lastArrivalMs = 0

  constructor(birth: ShardBirth) {
    this.shardId = shardIdOf(birth.index)
    this.index = birth.index
    this.range = birth.range
    this.startHex = hexOfHashKey(birth.range.start)
    this.endHex = hexOfHashKey(birth.range.end)
    this.#serviceRange = {
      StartingHashKey: birth.range.start.toString(),
      EndingHashKey: birth.range.end.toString(),
    }
    this.parents = birth.parents
    this.startingSequenceNumber = birth.startingSequenceNumber
    this.createdMs = birth.createdMs
    this.writes = new WriteLimits(birth.createdMs)
    this.reads = new ReadLimits(birth.createdMs)
  }

  /** A fresh object each time. */
  get serviceRange(): kinesis.HashKeyRange {
    return { ...this.#serviceRange }
  }

  get endingSequenceNumber(): string | undefined {
    return this.#endingSequenceNumber
  }

  get closedMs(): number | undefined {
    return this.#closedMs
  }

  get isOpen(): boolean {
    return this.#closedMs === undefined
  }

  /** Ordinal of the oldest record that is kept. */
  get firstOrdinal(): number {
    return this.#base + this.#head
  }

  /** Ordinal that the next record will get. */
  get endOrdinal(): number {
    return this.#base + this.#records.length
  }

  /** @returns the record as stored: arrival times never fall, so that they can be searched */
  append(record: StoredRecord): StoredRecord {
    const stored =
      record.arrivalMs < this.#lastArrivalMs
        ? { ...record, arrivalMs: this.#lastArrivalMs }
        : record
    this.#lastArrivalMs = stored.arrivalMs
    this.#records.push(stored)
    return stored
  }

  close(endingSequenceNumber: string, closedMs: number): void {
    this.#endingSequenceNumber = endingSequenceNumber
    this.#closedMs = closedMs
  }

  at(ordinal: number): StoredRecord | undefined {
    return ordinal < this.firstOrdinal ? undefined : this.#records[ordinal - this.#base]
  }

  /** First ordinal whose record does not lie before the number; `endOrdinal` if all do. */
  ordinalOfSequence(sequenceNumber: string): number {
    return this.#firstNot((record) => record.sequenceNumber < sequenceNumber)
  }

  /** First ordinal whose record arrived at that time or later; `endOrdinal` if none did. */
  ordinalOfTime(timeMs: number): number {
    return this.#firstNot((record) => record.arrivalMs < timeMs)
  }

  /** Lets go of records that arrived at the horizon or before. */
  trim(horizonMs: number): void {
    const oldest = this.#records[this.#head]
    if (oldest === undefined || oldest.arrivalMs > horizonMs) return
    this.#head = this.#firstNot((record) => record.arrivalMs <= horizonMs) - this.#base
    const kept = this.#records.length - this.#head
    if (kept > 0 && (this.#head < COMPACT_AFTER || this.#head < kept)) return
    this.#records.splice(0, this.#head)
    this.#base += this.#head
    this.#head = 0
  }

  /** All records that are kept. */
  *records(): IterableIterator<StoredRecord> {
    for (let place = this.#head; place < this.#records.length; place++) {
      yield this.#records[place] as StoredRecord
    }
  }

  #firstNot(liesBefore: (record: StoredRecord) => boolean): number {
    let low = this.#head
    let high = this.#records.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (liesBefore(this.#records[middle] as StoredRecord)) low = middle + 1
      else high = middle
    }
    return this.#base + low
  }
}

export function shardIdOf(index: number): string {
  return `shardId-${String(index).padStart(SHARD_DIGITS, '0')}`
}

export function toServiceShard(shard: ShardStore): kinesis.ServiceShard {
  const [parent, adjacent] = shard.parents
  const ending = shard.endingSequenceNumber
  return {
    ShardId: shard.shardId,
    ...(parent === undefined ? {} : { ParentShardId: parent.shardId }),
    ...(adjacent === undefined ? {} : { AdjacentParentShardId: adjacent.shardId }),
    HashKeyRange: shard.serviceRange,
    SequenceNumberRange: {
      StartingSequenceNumber: shard.startingSequenceNumber,
      ...(ending === undefined ? {} : { EndingSequenceNumber: ending }),
    },
  }
}

export function toChildShard(shard: ShardStore): kinesis.ChildShard {
  return {
    ShardId: shard.shardId,
    ParentShards: shard.parents.map((parent) => parent.shardId),
    HashKeyRange: shard.serviceRange,
  }
}

/** A fresh record each time: a reader that changes its bytes changes nothing here. */
export function toKinesisRecord(record: StoredRecord): kinesis.KinesisRecord {
  const { partitionKey, sequenceNumber: SequenceNumber } = record
  const Data = new Uint8Array(record.data)
  const ApproximateArrivalTimestamp = new Date(record.arrivalMs)
  return partitionKey === undefined
    ? { Data, SequenceNumber, ApproximateArrivalTimestamp }
    : { Data, PartitionKey: partitionKey, SequenceNumber, ApproximateArrivalTimestamp }
}
