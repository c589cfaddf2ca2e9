/**
 * HOT: outstanding records in the order of admission, O(1) to add and remove, no allocation. One that
 * has no object is stood for by the first of its aggregate, which is older.
 */
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

  /** True if this call comes after all those before that were admitted. */
  isNext(sequence: number): boolean {
    return sequence > this.#highestSequence
  }

  /** The next call was admitted, and its record has no object. */
  notePassed(sequence: number): void {
    this.#highestSequence = sequence
  }

  /** Adds records that get their object only now, by their age: each is younger than `first`. */
  addBehind(first: OutstandingRecord, records: readonly OutstandingRecord[]): void {
    const isListed = first === this.#oldest || first.older !== undefined
    let older = isListed ? first : undefined
    for (const record of records) {
      let newer = older === undefined ? this.#oldest : older.newer
      // Before those of the same time: what is asked for by the order of the calls must not come late.
      while (newer !== undefined && newer.admittedMs < record.admittedMs) {
        older = newer
        newer = newer.newer
      }
      record.older = older
      record.newer = newer
      if (older === undefined) this.#oldest = record
      else older.newer = record
      if (newer === undefined) this.#newest = record
      else newer.older = record
      older = record
    }
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
