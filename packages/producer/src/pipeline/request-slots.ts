/** At most so many PutRecords requests of a producer travel at once; the rest wait in order. */
import { Fifo } from './fifo.ts'

export class RequestSlots {
  readonly #waiting = new Fifo<() => void>()
  #free: number

  constructor(slots: number) {
    this.#free = slots
  }

  /** Runs the task when a slot is free; it must call `release` once, when it is done. */
  run(task: () => void): void {
    if (this.#free === 0) {
      this.#waiting.push(task)
      return
    }
    this.#free--
    task()
  }

  release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}
