/** What the stages keep per predicted shard. A lane dies with its shard: nothing is kept for it. */
import { LIMITS } from '@millrace/core/internal'
import type { Gate } from './backpressure.ts'
import { Fifo } from './fifo.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import type { RecordPlace } from './outstanding-record.ts'
import { ShardBrake } from './shard-brake.ts'
import type { StuckLanes } from './stuck-lanes.ts'
import { TokenBucket } from './token-bucket.ts'

/** A short burst: a full second's worth would be refused by the service as a whole. */
const BURST_SECONDS = 0.25

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
  /** Router: no map shows it any more. */
  isGone = false
  /** Router: since when a misplaced record speaks against this shard being open. */
  doubtedSinceMs: number | undefined
  readonly #stuckLanes: StuckLanes | undefined
  #outstandingRecords = 0
  #outstandingBytes = 0

  constructor(
    shardId: string | undefined,
    rateLimitPercent: number,
    nowMs: number,
    stuckLanes?: StuckLanes,
  ) {
    this.shardId = shardId
    this.#stuckLanes = stuckLanes
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

  /** True while the shard takes nothing and has its part of the buffer: the rest is for others. */
  get isShut(): boolean {
    if (!this.brake.isStuck || this.#stuckLanes === undefined) return false
    return this.#stuckLanes.isPart(this.#outstandingRecords, this.#outstandingBytes)
  }

  enters(records: number, bytes: number): void {
    this.#outstandingRecords += records
    this.#outstandingBytes += bytes
  }

  leaves(records: number, bytes: number): void {
    this.#outstandingRecords -= records
    this.#outstandingBytes -= bytes
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
