/** What the stages keep per predicted shard. A lane dies with its shard: nothing is kept for it. */
import { LIMITS } from '@millrace/core/internal'
import type { Gate } from './backpressure.ts'
import { Fifo } from './fifo.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import type { OutstandingRecord, RecordPlace } from './outstanding-record.ts'
import { ShardBrake } from './shard-brake.ts'
import { TokenBucket } from './token-bucket.ts'

/** A short burst: a full second's worth would be refused by the service as a whole. */
const BURST_SECONDS = 0.25

/** The most that a shard which takes nothing may have outstanding. */
export interface LaneShare {
  readonly records: number
  readonly bytes: number
}

const UNLIMITED: LaneShare = { records: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }

export class ShardLane implements Gate, RecordPlace {
  /** Undefined in the lane of records without a prediction: not aggregated, not limited. */
  readonly shardId: string | undefined
  /** Aggregator: the Kinesis record that still takes user records. */
  open: KinesisRecord | undefined
  /** Limiter: Kinesis records that hold a retried user record go first, for they expire first. */
  readonly retried: Fifo<KinesisRecord> = new Fifo<KinesisRecord>()
  readonly fresh: Fifo<KinesisRecord> = new Fifo<KinesisRecord>()
  readonly recordBucket: TokenBucket
  readonly byteBucket: TokenBucket
  /** Limiter: what the shard's own throttling asks for, beside the buckets. */
  readonly brake: ShardBrake = new ShardBrake()
  /** Settler: the last answer in which the shard took something. */
  tookInAnswer = 0
  /** Limiter: when the first one in line may go. */
  deadlineMs = 0
  heapIndex = -1
  /** Collector: bytes in the open request. */
  collectedBytes = 0
  /** The map that showed this shard proved wrong: that a record landed in it as meant says nothing. */
  isDisproved = false
  /** Router: since when a misplaced record speaks against this shard being open. */
  doubtedSinceMs: number | undefined
  readonly #share: LaneShare
  #outstandingRecords = 0
  #outstandingBytes = 0

  constructor(
    shardId: string | undefined,
    rateLimitPercent: number,
    nowMs: number,
    share: LaneShare = UNLIMITED,
  ) {
    this.shardId = shardId
    this.#share = share
    const rate = rateLimitPercent / 100
    this.recordBucket = new TokenBucket(
      { perSecond: LIMITS.shardWriteRecordsPerSecond * rate, burstSeconds: BURST_SECONDS },
      nowMs,
    )
    this.byteBucket = new TokenBucket(
      { perSecond: LIMITS.shardWriteBytesPerSecond * rate, burstSeconds: BURST_SECONDS },
      nowMs,
    )
  }

  /** True while the shard takes nothing and has its share of the buffer: the rest is for others. */
  get isShut(): boolean {
    const { records, bytes } = this.#share
    return (
      this.brake.isStuck && (this.#outstandingRecords >= records || this.#outstandingBytes >= bytes)
    )
  }

  enters(record: OutstandingRecord): void {
    this.#outstandingRecords++
    this.#outstandingBytes += record.chargedBytes
  }

  leaves(record: OutstandingRecord): void {
    this.#outstandingRecords--
    this.#outstandingBytes -= record.chargedBytes
  }

  /** Milliseconds until a Kinesis record of this size may go; 0 when it may now. */
  waitMs(bytes: number, nowMs: number): number {
    const { brake, recordBucket, byteBucket } = this
    if (brake.isSlow) {
      const share = brake.shareAt(nowMs)
      recordBucket.setShare(share, nowMs)
      byteBucket.setShare(share, nowMs)
    }
    const bucketsMs = Math.max(recordBucket.waitMs(1, nowMs), byteBucket.waitMs(bytes, nowMs))
    return brake.isOn ? Math.max(bucketsMs, brake.waitMs(nowMs)) : bucketsMs
  }

  /** To be called only when `waitMs` said 0. */
  take(bytes: number, nowMs: number): void {
    this.recordBucket.take(1)
    this.byteBucket.take(bytes)
    if (this.brake.isOn) this.brake.probes(nowMs)
  }
}
