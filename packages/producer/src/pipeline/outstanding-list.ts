/** HOT: outstanding records in the order of admission, O(1) to add and remove, no allocation. */
import type { OutstandingRecord } from './outstanding-record.ts'

/** All records live equally long, so the oldest is also the first to expire. */
export class OutstandingList {
  #oldest: OutstandingRecord | undefined
  #newest: OutstandingRecord | undefined

  get oldest(): OutstandingRecord | undefined {
    return this.#oldest
  }

  add(record: OutstandingRecord): void {
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
  }
}
