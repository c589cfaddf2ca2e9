/** HOT: where the keys of one table lie in an aggregate: a start and an end a key, no objects. */

const FIRST_CAPACITY = 1024
const LARGEST_KEPT = 64 * 1024

/** Start of key i at 2i, its end (exclusive) at 2i + 1. */
export type KeySpans = Int32Array

const NO_SPANS: KeySpans = new Int32Array(0)

/** A list that grows while scanning; `take` copies it out and readies the list for the next use. */
export class KeySpanList {
  #spans: KeySpans = new Int32Array(FIRST_CAPACITY)
  #length = 0
  /** UTF-8 bytes of all keys together. */
  keyBytes = 0

  get count(): number {
    return this.#length >> 1
  }

  add(start: number, end: number): void {
    const at = this.#length
    if (at === this.#spans.length) this.#grow()
    this.#spans[at] = start
    this.#spans[at + 1] = end
    this.#length = at + 2
    this.keyBytes += end - start
  }

  take(): KeySpans {
    return this.#length === 0 ? NO_SPANS : this.#spans.slice(0, this.#length)
  }

  clear(): void {
    this.#length = 0
    this.keyBytes = 0
    // One hostile record must not leave megabytes behind.
    if (this.#spans.length > LARGEST_KEPT) this.#spans = new Int32Array(FIRST_CAPACITY)
  }

  #grow(): void {
    const larger = new Int32Array(this.#spans.length * 2)
    larger.set(this.#spans)
    this.#spans = larger
  }
}
