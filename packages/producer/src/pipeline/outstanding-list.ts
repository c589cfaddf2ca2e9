/** HOT: outstanding records in the order of admission, O(1) to add and remove, no allocation. */
import type { OutstandingRecord } from './outstanding-record.ts'

/** All records live equally long, so the oldest is also the first to expire. */
export class OutstandingList {
  #oldest: OutstandingRecord | undefined
  #newest: OutstandingRecord | undefined
  #highestSequence = -1
  /** Admitted after a later call: those that had to wait. */
  readonly #late = new Set<OutstandingRecord>()

  get oldest(): OutstandingRecord | undefined {
    return this.#oldest
  }

  /** True while a record of this call or of one before it is outstanding. */
  holdsThrough(sequence: number): boolean {
    if (this.#oldest === undefined) return false
    if (this.#oldest.sequence <= sequence) return true
    for (const late of this.#late) if (late.sequence <= sequence) return true
    return false
  }

  add(record: OutstandingRecord): void {
    if (record.sequence > this.#highestSequence) this.#highestSequence = record.sequence
    else this.#late.add(record)
    record.older = this.#newest
    if (this.#newest === undefined) this.#oldest = record
    else this.#newest.newer = record
    this.#newest = record
  }

  remove(record: OutstandingRecord): void {
    const { older, newer } = record
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    record.older = undefined
    record.newer = undefined
    if (this.#late.size > 0) this.#late.delete(record)
  }
}
