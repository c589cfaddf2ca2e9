/** One timer for a whole stage: it rings at the earliest time that it was set to. */
import { monotonicMs, startTimer, stopTimer, type Timer } from '@millrace/core/internal'

/** The pipeline's clock: whole milliseconds of the monotonic clock. */
export function clockMs(): number {
  return Math.floor(monotonicMs())
}

export class Alarm {
  readonly #ring: () => void
  #timer: Timer | undefined
  #atMs = Number.POSITIVE_INFINITY

  /** @param ring must set the alarm again if it is still needed; it may ring a little early */
  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** Rings at `atMs` or before; a later time than the one set already changes nothing. */
  setAt(atMs: number, nowMs: number): void {
    if (atMs >= this.#atMs) return
    stopTimer(this.#timer)
    this.#atMs = atMs
    this.#timer = startTimer(Math.max(0, atMs - nowMs), this.#fire)
  }

  /** Not before it is set again. */
  cancel(): void {
    stopTimer(this.#timer)
    this.#timer = undefined
    this.#atMs = Number.POSITIVE_INFINITY
  }

  /** For good: answers that come in late must not start a timer. */
  stop(): void {
    this.cancel()
    this.#atMs = Number.NEGATIVE_INFINITY
  }

  readonly #fire = (): void => {
    this.#timer = undefined
    this.#atMs = Number.POSITIVE_INFINITY
    this.#ring()
  }
}
