/**
 * HOT, but per batch only: one addition. What a lease carries, as KCL stores it in `throughputKBps`
 * with each renewal: bytes of data handed to the handler, smoothed. Pure but for its memory. KCL:
 * `LeaseStatsRecorder`.
 */
import { smoothed } from '../assignment/moving-average.ts'

const ALPHA = 0.5
export interface ThroughputMeterOptions {
  /** What the row says, of an earlier tenure; undefined for a new lease. */
  readonly storedKBps: number | undefined
  /** A sample takes in what came in this time at least: reads come in bursts. */
  readonly windowMs: number
  readonly nowMs: number
}

export class ThroughputMeter {
  readonly #windowMs: number
  #bytes = 0
  #sinceMs: number
  #averageKBps: number | undefined

  constructor({ storedKBps, windowMs, nowMs }: ThroughputMeterOptions) {
    this.#windowMs = windowMs
    this.#averageKBps = storedKBps
    this.#sinceMs = nowMs
  }

  /** Data bytes of records that the handler is given. */
  add(bytes: number): void {
    this.#bytes += bytes
  }

  /**
   * At each write that renews the lease: kilobytes per second. Undefined while nothing has come at
   * all.
   */
  sample(nowMs: number): number | undefined {
    const tookMs = nowMs - this.#sinceMs
    if (tookMs >= this.#windowMs) this.#close(tookMs, nowMs)
    return this.#averageKBps
  }

  #close(tookMs: number, nowMs: number): void {
    const hasCarried = this.#averageKBps !== undefined || this.#bytes > 0
    const kbps = (this.#bytes / 1024 / tookMs) * 1000
    if (hasCarried) this.#averageKBps = smoothed(this.#averageKBps, kbps, ALPHA)
    this.#bytes = 0
    this.#sinceMs = nowMs
  }
}
