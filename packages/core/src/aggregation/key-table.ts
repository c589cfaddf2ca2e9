/** HOT: one of an aggregate's two key tables: each key once, numbered in first-seen order. */
import { varintBytes } from './format.ts'
import { KeyIndex } from './key-index.ts'
import { writeLengthOrIndex } from './varint.ts'

// Copies of what is imported, which V8 would load at every use instead of inlining.
const sizeOf = varintBytes
const write = writeLengthOrIndex

const FIRST_CAPACITY_BYTES = 256
/** As for the record fields: one burst of keys must not keep its bytes for ever. */
const MOST_CAPACITY_KEPT_BYTES = 64 * 1024
const NOTHING = Buffer.alloc(0)
/** Above this the call into native code beats a loop. */
const SHORT_KEY = 64

export class KeyTable {
  readonly #tag: number
  readonly #index = new KeyIndex()
  /** The table's fields, as they are to be written. */
  #fields: Buffer = NOTHING
  #bytes = 0

  constructor(tag: number) {
    this.#tag = tag
  }

  get size(): number {
    return this.#index.size
  }

  /** Exact size of the table's fields. */
  get bytes(): number {
    return this.#bytes
  }

  /** -1 when the key is new. */
  indexOf(key: string): number {
    return this.#index.indexOf(key)
  }

  /** Takes a key that `indexOf` has just not found. */
  add(key: string, keyBytes: number): number {
    const index = this.#index.add(key)
    let at = this.#bytes
    const end = at + 1 + sizeOf(keyBytes) + keyBytes
    if (end > this.#fields.length) this.#grow(end)
    const target = this.#fields
    target[at++] = this.#tag
    at = write(target, at, keyBytes)
    // As many bytes as UTF-16 units means ASCII.
    if (keyBytes === key.length && keyBytes <= SHORT_KEY) {
      for (let c = 0; c < keyBytes; c++) target[at + c] = key.charCodeAt(c)
    } else {
      target.write(key, at, keyBytes, 'utf8')
    }
    this.#bytes = end
    return index
  }

  writeTo(target: Buffer, offset: number): number {
    target.set(this.#fields.subarray(0, this.#bytes), offset)
    return offset + this.#bytes
  }

  clear(): void {
    if (this.#bytes === 0) return
    this.#index.clear()
    this.#bytes = 0
    if (this.#fields.length > MOST_CAPACITY_KEPT_BYTES) this.#fields = NOTHING
  }

  #grow(needed: number): void {
    let capacity = Math.max(this.#fields.length, FIRST_CAPACITY_BYTES)
    while (capacity < needed) capacity *= 2
    const larger = Buffer.allocUnsafeSlow(capacity)
    larger.set(this.#fields.subarray(0, this.#bytes))
    this.#fields = larger
  }
}
