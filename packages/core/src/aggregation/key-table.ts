/** HOT: one of an aggregate's two key tables: each key once, numbered in first-seen order. */
import { varintBytes } from './format.ts'
import { writeLengthOrIndex } from './varint.ts'

// Copies of what is imported, which V8 would load at every use instead of inlining.
const sizeOf = varintBytes
const write = writeLengthOrIndex

export class KeyTable {
  readonly #tag: number
  /** A Map, because keys such as `__proto__` or `10` are keys like any other. */
  readonly #indexes = new Map<string, number>()
  readonly #keys: string[] = []
  readonly #lengths: number[] = []
  #bytes = 0

  constructor(tag: number) {
    this.#tag = tag
  }

  get size(): number {
    return this.#keys.length
  }

  /** Exact size of the table's fields. */
  get bytes(): number {
    return this.#bytes
  }

  /** -1 when the key is new. */
  indexOf(key: string): number {
    return this.#indexes.get(key) ?? -1
  }

  add(key: string, keyBytes: number): number {
    const index = this.#keys.length
    this.#indexes.set(key, index)
    this.#keys.push(key)
    this.#lengths.push(keyBytes)
    this.#bytes += 1 + sizeOf(keyBytes) + keyBytes
    return index
  }

  writeTo(target: Buffer, offset: number): number {
    let at = offset
    for (let i = 0; i < this.#keys.length; i++) {
      const key = this.#keys[i] as string
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
    if (this.#keys.length === 0) return
    this.#indexes.clear()
    this.#keys.length = 0
    this.#lengths.length = 0
    this.#bytes = 0
  }
}
