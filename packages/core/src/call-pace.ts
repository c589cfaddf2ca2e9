/** Paces calls with Bottleneck, which goes by the wall clock, so that setting the clock back holds none up. */
import Bottleneck from 'bottleneck'
import { monotonicMs, nowMs } from './time.ts'

export interface CallPaceOptions {
  readonly maxConcurrent: number
  /** Least time between the starts of two calls, milliseconds. */
  readonly minTimeMs: number
}

export class CallPace {
  readonly #options: CallPaceOptions
  #limiter: Bottleneck
  #wallAheadMs = wallAheadMs()

  constructor(options: CallPaceOptions) {
    this.#options = options
    this.#limiter = newLimiter(options)
  }

  schedule<T>(call: () => Promise<T>): Promise<T> {
    const aheadMs = wallAheadMs()
    // Bottleneck would wait until the clock shows again what it showed: for hours, at worst.
    if (aheadMs < this.#wallAheadMs - this.#options.minTimeMs) {
      this.#limiter = newLimiter(this.#options)
    }
    this.#wallAheadMs = aheadMs
    return this.#limiter.schedule(call)
  }
}

/** Changes only when somebody sets the clock. */
function wallAheadMs(): number {
  return nowMs() - monotonicMs()
}

function newLimiter({ maxConcurrent, minTimeMs }: CallPaceOptions): Bottleneck {
  return new Bottleneck({ maxConcurrent, minTime: minTimeMs })
}
