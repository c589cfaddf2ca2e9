/** Ends records that have waited for longer than they live; those that travel have an outcome on the way. */
import { Alarm, clockMs } from './alarm.ts'
import type { OutstandingList } from './outstanding-list.ts'
import type { RecordOutcomes } from './record-outcomes.ts'

/** A full buffer that expires at once must not stop the process for a second. */
const MOST_EXPIRED_A_TURN = 1000

export interface RecordExpiryOptions {
  readonly recordTtlMs: number
  readonly list: OutstandingList
  readonly outcomes: RecordOutcomes
  /** Told each time that it looks. */
  readonly looked: (nowMs: number) => void
}

export class RecordExpiry {
  readonly #options: RecordExpiryOptions
  readonly #alarm = new Alarm(() => this.#expireDue())

  constructor(options: RecordExpiryOptions) {
    this.#options = options
  }

  /** To be called for a record that is admitted now. */
  watch(nowMs: number): void {
    this.#alarm.setAt(nowMs + this.#options.recordTtlMs, nowMs)
  }

  /** Nothing is outstanding: no timer is needed. */
  rest(): void {
    this.#alarm.cancel()
  }

  stop(): void {
    this.#alarm.stop()
  }

  #expireDue(): void {
    const nowMs = clockMs()
    const { recordTtlMs, list, outcomes, looked } = this.#options
    let expired = 0
    let record = list.oldest
    while (record !== undefined && record.admittedMs + recordTtlMs <= nowMs) {
      // Also that of one that travels: it may wait again before it is as old.
      record.unfoldCompany()
      const { newer } = record
      // One that travels: the settler looks at its age then.
      if (record.phase === 'buffered') {
        if (expired++ === MOST_EXPIRED_A_TURN) break
        outcomes.expire(record, nowMs)
      }
      record = newer
    }
    if (record !== undefined) this.#alarm.setAt(record.admittedMs + recordTtlMs, nowMs)
    looked(nowMs)
  }
}
