/**
 * What a producer holds: S16. It is looked at from outside and between turns, when all that has
 * settled is known to have. Of calls that wait nobody says which are accepted, only how many: they
 * are taken for the smallest, until they are sent.
 */
import type { Report } from './report.ts'

export interface HeldRecordsOptions {
  readonly maxOutstandingRecords: number
  readonly maxBufferedBytes: number
  /** As the producer tells. */
  readonly outstandingRecords: () => number
  readonly report: Report
}

const RULE = 'S16'

export class HeldRecords {
  readonly #options: HeldRecordsOptions
  /** Id -> bytes of data and key. */
  readonly #accepted = new Map<number, number>()
  /** Those that had to wait, and may be accepted by now. */
  readonly #waiting = new Map<number, number>()
  #acceptedBytes = 0
  /** The most that was seen. */
  mostRecords = 0
  mostBytes = 0
  mostWaiting = 0

  constructor(options: HeldRecordsOptions) {
    this.#options = options
  }

  /** A record was put; `isAccepted` false: its call waits. */
  called(id: number, bytes: number, isAccepted: boolean): void {
    this.#waiting.set(id, bytes)
    if (isAccepted) this.#accept(id)
  }

  /** A request carries it. */
  departed(id: number): void {
    this.#accept(id)
  }

  settled(id: number): void {
    this.#acceptedBytes -= this.#accepted.get(id) ?? 0
    this.#accepted.delete(id)
    this.#waiting.delete(id)
  }

  /** To be called between turns. */
  look(): void {
    const { maxOutstandingRecords, maxBufferedBytes, outstandingRecords, report } = this.#options
    const records = outstandingRecords()
    const unknown = records - this.#accepted.size
    if (unknown < 0 || unknown > this.#waiting.size) {
      const known = `${this.#accepted.size} are, ${this.#waiting.size} may be`
      report(RULE, `a producer tells of ${records} outstanding records: ${known}`)
      return
    }
    const smallest = unknown === 0 ? [] : [...this.#waiting.values()].sort((a, b) => a - b)
    const bytes = smallest.slice(0, unknown).reduce((sum, own) => sum + own, this.#acceptedBytes)
    this.mostRecords = Math.max(this.mostRecords, records)
    this.mostBytes = Math.max(this.mostBytes, bytes)
    this.mostWaiting = Math.max(this.mostWaiting, this.#waiting.size - unknown)
    if (records > maxOutstandingRecords || bytes > maxBufferedBytes) {
      report(RULE, `a producer holds ${records} records of ${bytes} bytes`)
    }
  }

  #accept(id: number): void {
    const bytes = this.#waiting.get(id)
    if (bytes === undefined) return
    this.#waiting.delete(id)
    this.#accepted.set(id, bytes)
    this.#acceptedBytes += bytes
  }
}
