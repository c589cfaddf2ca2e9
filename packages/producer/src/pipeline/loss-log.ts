/** Says in the log that records were lost while nobody listened: once a second at most, with a count. */
import type { Logger } from '@millrace/core'
import type { UserRecordFailedError } from '../errors.ts'
import { Alarm, clockMs } from './alarm.ts'

const PERIOD_MS = 1000

export class LossLog {
  readonly #logger: Logger
  readonly #alarm = new Alarm(() => this.#tell())
  #untold = 0
  #toldMs = Number.NEGATIVE_INFINITY
  #last: UserRecordFailedError | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Told at once, or with those that follow once the period is over. */
  add(error: UserRecordFailedError): void {
    this.#untold++
    this.#last = error
    const nowMs = clockMs()
    if (nowMs - this.#toldMs >= PERIOD_MS) this.#tell()
    else this.#alarm.setAt(this.#toldMs + PERIOD_MS, nowMs)
  }

  /** Tells what has not been told yet. */
  stop(): void {
    this.#tell()
    this.#alarm.stop()
  }

  #tell(): void {
    this.#alarm.cancel()
    if (this.#untold === 0) return
    const fields = { err: this.#last, records: this.#untold }
    this.#untold = 0
    this.#last = undefined
    this.#toldMs = clockMs()
    this.#logger.warn(fields, 'user records were lost, and no listener of "failed" could be told')
  }
}
