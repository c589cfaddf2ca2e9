/** A step that is run again and again, never twice at once; `poke` brings the next run forward. */
import { startTimer, stopTimer, type Timer } from '@millrace/core/internal'

export interface PeriodicLoopOptions {
  /** Pause between the end of a run and the next, milliseconds; asked anew each time. */
  readonly everyMs: () => number
  readonly step: () => Promise<void>
  /** `failures` in a row, from 1. */
  readonly onError: (cause: unknown, failures: number) => void
}

export class PeriodicLoop {
  readonly #options: PeriodicLoopOptions
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #poked = false
  #stopped = true
  #failures = 0

  constructor(options: PeriodicLoopOptions) {
    this.#options = options
  }

  /** The first run starts at once. */
  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.poke()
  }

  /** Runs now, or right after the run that is under way. */
  poke(): void {
    if (this.#stopped) return
    if (this.#running !== undefined) {
      this.#poked = true
      return
    }
    stopTimer(this.#timer)
    this.#run()
  }

  /** Resolves when no run is under way and none will come. */
  async stop(): Promise<void> {
    this.#stopped = true
    stopTimer(this.#timer)
    await this.#running
  }

  #run(): void {
    this.#running = this.#step().then(() => {
      this.#running = undefined
      if (this.#stopped) return
      const delayMs = this.#poked ? 0 : this.#options.everyMs()
      this.#poked = false
      this.#timer = startTimer(delayMs, () => this.#run())
    })
  }

  /** However a step fails, it is told of and the loop goes on: no worker is half alive in silence. */
  async #step(): Promise<void> {
    try {
      await this.#options.step()
      this.#failures = 0
    } catch (cause) {
      this.#options.onError(cause, ++this.#failures)
    }
  }
}
