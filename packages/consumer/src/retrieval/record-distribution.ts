/**
 * Does the service place records by itself (AUTO record distribution)? Then no user record is in a
 * wrong shard, and none may be filtered for it. A stream can be switched while it is read.
 */
import type { Logger } from '@millrace/core'
import { type ControlPlane, monotonicMs, sleep } from '@millrace/core/internal'

/** The least time between two looks at the stream, however many aggregates raise the question. */
const LOOK_EVERY_MS = 1000

export interface RecordDistributionOptions {
  readonly control: Pick<ControlPlane, 'describe'>
  readonly logger: Logger
}

/** One a worker. Times are monotonic. */
export class RecordDistribution {
  readonly #options: RecordDistributionOptions
  #isAuto = false
  /** When the look began that last saw the stream without AUTO. */
  #seenMs = Number.NEGATIVE_INFINITY
  #nextLookMs = Number.NEGATIVE_INFINITY

  constructor(options: RecordDistributionOptions) {
    this.#options = options
  }

  /** Once true it stays so: what was written under AUTO may still be unread when it is switched off. */
  get isAuto(): boolean {
    return this.#isAuto
  }

  /** @throws AbortedError, ServiceError */
  async look(signal: AbortSignal): Promise<void> {
    const beganMs = monotonicMs()
    this.#nextLookMs = beganMs + LOOK_EVERY_MS
    const { RecordDistributionStrategy: strategy } = await this.#options.control.describe(signal)
    if (strategy === 'AUTO') this.#isAuto = true
    else this.#seenMs = Math.max(this.#seenMs, beganMs)
  }

  /**
   * Whether what was read by then may have been placed by the service. True as well when the stream
   * does not say: what cannot be known to be misplaced is delivered.
   *
   * @throws AbortedError
   */
  async mayBeAuto(readMs: number, signal: AbortSignal): Promise<boolean> {
    while (!this.#isAuto && this.#seenMs < readMs) {
      const waitMs = this.#nextLookMs - monotonicMs()
      if (waitMs > 0) {
        await sleep(waitMs, signal)
        continue
      }
      try {
        await this.look(signal)
      } catch (cause) {
        if (signal.aborted) throw cause
        this.#options.logger.warn(
          { err: cause },
          'the stream does not say how it places records: none is taken for misplaced',
        )
        return true
      }
    }
    return this.#isAuto
  }
}
