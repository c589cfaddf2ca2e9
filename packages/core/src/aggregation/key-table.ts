/** HOT: one of an aggregate's two key tables: each key once, numbered in first-seen order. */
import { varintBytes } from './format.ts'
import { KeyIndex } from './key-index.ts'
import { writeLengthOrIndex } from './varint.ts'

// Copies of what is imported, which V8 would load at every use instead of inlining.
const sizeOf = varintBytes
const write = writeLengthOrIndex

export class KeyTable {
  readonly #tag: number
  readonly #index = new KeyIndex()
  readonly #lengths: number[] = []
  #bytes = 0

  constructor(tag: number) {
    this.#tag = tag
  }

  get size(): number {
    return this.#lengths.length
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
    this.#lengths.push(keyBytes)
    this.#bytes += 1 + sizeOf(keyBytes) + keyBytes
    return index
  }

  writeTo(target: Buffer, offset: number): number {
    let at = offset
    const keys = this.#index.keys
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string
      const length = this.#lengths[i] as number
      target[at++] = this.#tag
      at = write(target, at, length)
      // As many bytes as UTF-16 units means ASCII: a loop beats the call into native code then.
      if (length === key.length && length <= 64) {
        for (let c = 0; c < length; c++) target[at + c] = key.charCodeAt(c)
      } else {
        target.write(key, at, length, 'utf8')
      }
      at += length
    }
    return at
  }

  clear(): void {
    if (this.#lengths.length === 0) return
    this.#index.clear()
    this.#lengths.length = 0
    this.#bytes = 0
  }
}
