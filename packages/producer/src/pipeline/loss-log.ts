/** Says in the log that records were lost while nobody listened: once a second at most, with a count. */
import type { Logger } from '@millrace/core'
import type { UserRecordFailedError } from '../errors.ts'
import { clockMs } from './alarm.ts'

const PERIOD_MS = 1000

export class LossLog {
  readonly #logger: Logger
  #untold = 0
  #toldMs = Number.NEGATIVE_INFINITY
  #last: UserRecordFailedError | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  add(error: UserRecordFailedError): void {
    this.#untold++
    this.#last = error
    if (clockMs() - this.#toldMs >= PERIOD_MS) this.tell()
  }

  /** Tells what has not been told yet. */
  tell(): void {
    if (this.#untold === 0) return
    this.#logger.warn(
      { err: this.#last, records: this.#untold },
      'user records were lost and nobody listens to "failed"',
    )
    this.#untold = 0
    this.#toldMs = clockMs()
  }
}
