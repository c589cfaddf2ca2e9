/** Keeps the belief in one lease: until when it holds, and what is to happen then. */
import { monotonicMs, startTimer, stopTimer, type Timer } from '@millrace/core/internal'
import { beliefEndMs } from './belief.ts'

export class BeliefClock {
  readonly #failoverTimeMs: number
  readonly #onEnd: () => void
  #endMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined

  /** @param onEnd called once, when belief runs out; not after `stop` */
  constructor(failoverTimeMs: number, onEnd: () => void) {
    this.#failoverTimeMs = failoverTimeMs
    this.#onEnd = onEnd
  }

  get isRunning(): boolean {
    return monotonicMs() < this.#endMs
  }

  /** True also before the timer has fired: an event loop that was blocked runs timers late. */
  get hasRunOut(): boolean {
    return this.#endMs !== Number.NEGATIVE_INFINITY && !this.isRunning
  }

  /** How long it still runs, milliseconds; below 0 when it has run out. */
  get leftMs(): number {
    return this.#endMs - monotonicMs()
  }

  /** A write landed that was sent then. */
  extend(writeSentMs: number): void {
    const endMs = beliefEndMs(writeSentMs, this.#failoverTimeMs)
    if (endMs <= this.#endMs) return
    this.#endMs = endMs
    stopTimer(this.#timer)
    this.#timer = startTimer(Math.max(0, this.leftMs), this.#onEnd)
  }

  stop(): void {
    stopTimer(this.#timer)
  }
}
