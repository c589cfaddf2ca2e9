/** A signal that fires after a time, or with another one. */
import { startTimer, stopTimer, type Timer } from '@millrace/core/internal'

export class Deadline {
  readonly #giveUp = new AbortController()
  readonly #parent: AbortSignal
  readonly #timer: Timer
  readonly #fire = (): void => {
    this.end()
    this.#giveUp.abort()
  }

  /** To be ended with `end`. */
  constructor(afterMs: number, parent: AbortSignal) {
    this.#parent = parent
    parent.addEventListener('abort', this.#fire)
    this.#timer = startTimer(afterMs, this.#fire)
  }

  get signal(): AbortSignal {
    return this.#giveUp.signal
  }

  end(): void {
    stopTimer(this.#timer)
    this.#parent.removeEventListener('abort', this.#fire)
  }
}
