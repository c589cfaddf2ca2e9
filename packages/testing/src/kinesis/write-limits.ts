/** What one shard takes in a second: 1,000 records and 1 MiB. */
import { LIMITS } from '@millrace/core/internal'
import { TokenBucket } from './token-bucket.ts'

export class WriteLimits {
  readonly #records: TokenBucket
  readonly #bytes: TokenBucket

  constructor(nowMs: number) {
    this.#records = new TokenBucket(LIMITS.shardWriteRecordsPerSecond, nowMs)
    this.#bytes = new TokenBucket(LIMITS.shardWriteBytesPerSecond, nowMs)
  }

  /** A refused record takes nothing. */
  admit(sizeBytes: number, nowMs: number): boolean {
    if (!this.#records.holds(1, nowMs) || !this.#bytes.holds(sizeBytes, nowMs)) return false
    this.#records.take(1)
    this.#bytes.take(sizeBytes)
    return true
  }
}
