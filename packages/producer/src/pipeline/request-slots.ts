/** At most so many PutRecords requests of a producer travel at once; the rest wait in order. */
import { Fifo } from './fifo.ts'

export class RequestSlots {
  readonly #waiting = new Fifo<() => void>()
  #free: number
  #draining = false

  constructor(slots: number) {
    this.#free = slots
  }

  /** Runs the task when a slot is free; it must call `release` once, when it is done, and not throw. */
  run(task: () => void): void {
    if (this.#free === 0 || this.#waiting.length > 0) {
      this.#waiting.push(task)
      return
    }
    this.#free--
    task()
  }

  release(): void {
    this.#free++
    // In a loop: a task that releases before it returns must not run the next one inside itself.
    if (this.#draining) return
    this.#draining = true
    try {
      while (this.#free > 0 && this.#waiting.length > 0) {
        this.#free--
        this.#waiting.shift()?.()
      }
    } finally {
      this.#draining = false
    }
  }
}
