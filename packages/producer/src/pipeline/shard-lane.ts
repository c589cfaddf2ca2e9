/** What the stages keep per predicted shard. A lane dies with its shard: nothing is kept for it. */
import { LIMITS } from '@millrace/core/internal'
import { Fifo } from './fifo.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import { TokenBucket } from './token-bucket.ts'

/** A short burst: a full second's worth would be refused by the service as a whole. */
const BURST_SECONDS = 0.25

export class ShardLane {
  /** Undefined in the lane of records without a prediction: not aggregated, not limited. */
  readonly shardId: string | undefined
  /** Aggregator: the Kinesis record that still takes user records. */
  open: KinesisRecord | undefined
  /** Limiter: Kinesis records that hold a retried user record go first, for they expire first. */
  readonly retried: Fifo<KinesisRecord> = new Fifo<KinesisRecord>()
  readonly fresh: Fifo<KinesisRecord> = new Fifo<KinesisRecord>()
  readonly recordBucket: TokenBucket
  readonly byteBucket: TokenBucket
  /** Limiter: when the first one in line may go. */
  deadlineMs = 0
  heapIndex = -1
  /** Collector: bytes in the open request. */
  collectedBytes = 0
  /** The map that showed this shard proved wrong: that a record landed in it as meant says nothing. */
  isDisproved = false
  /** Router: since when a misplaced record speaks against this shard being open. */
  doubtedSinceMs: number | undefined

  constructor(shardId: string | undefined, rateLimitPercent: number, nowMs: number) {
    this.shardId = shardId
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
}
