/** What one shard gives in a second: 5 GetRecords calls, 2 MiB, 5 GetShardIterator calls. */
import { LIMITS } from '@millrace/core/internal'
import { TokenBucket } from './token-bucket.ts'

/** After a page that was cut at 10 MiB the service refuses reads for this long. */
const FULL_PAGE_PAUSE_MS = 5000

export class ReadLimits {
  readonly #calls: TokenBucket
  readonly #bytes: TokenBucket
  readonly #iterators: TokenBucket
  #pausedUntilMs = 0

  constructor(nowMs: number) {
    this.#calls = new TokenBucket(LIMITS.shardReadCallsPerSecond, nowMs)
    this.#bytes = new TokenBucket(LIMITS.shardReadBytesPerSecond, nowMs)
    this.#iterators = new TokenBucket(LIMITS.shardIteratorCallsPerSecond, nowMs)
  }

  admitRead(nowMs: number): boolean {
    if (nowMs < this.#pausedUntilMs || !this.#bytes.holds(1, nowMs)) return false
    return this.#calls.tryTake(1, nowMs)
  }

  /** Charged after the read: only then is its size known. */
  chargeRead(sizeBytes: number, pageWasFull: boolean, nowMs: number): void {
    this.#bytes.take(sizeBytes)
    if (pageWasFull) this.#pausedUntilMs = nowMs + FULL_PAGE_PAUSE_MS
  }

  admitIterator(nowMs: number): boolean {
    return this.#iterators.tryTake(1, nowMs)
  }
}
