// Cost per line: string building and a share of one SHA-256 update per 32 KiB, plus the payload's bytes.
import { createHash, type Hash } from 'node:crypto'

const FLUSH_CHARS = 32_768
const SMALL_BYTES = 512

/**
 * What happened, in order, as one hash: two runs are the same run exactly when it is equal.
 * Payload bytes go into the hash and never into the lines.
 */
export class Trace {
  readonly #hash: Hash = createHash('sha256')
  readonly #listener: ((line: string) => void) | undefined
  #text = ''

  constructor(listener?: (line: string) => void) {
    this.#listener = listener
  }

  /** @param payload anything built of plain data: hashed by value, printed in short */
  add(line: string, payload?: unknown): void {
    this.#text += line
    this.#text += '\n'
    if (payload !== undefined) this.#absorb(payload)
    if (this.#text.length > FLUSH_CHARS) this.#flush()
    this.#listener?.(payload === undefined ? line : `${line} ${inShort(payload)}`)
  }

  /** Ends the trace. */
  digest(): string {
    this.#flush()
    return this.#hash.digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#text)
    this.#text = ''
  }

  #absorb(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#text += `"${value.length}:${value}`
        return
      case 'object':
        this.#absorbObject(value)
        return
      case 'bigint':
        this.#text += `${value}n;`
        return
      case 'boolean':
      case 'number':
      case 'undefined':
        this.#text += `${String(value)};`
        return
      case 'function':
      case 'symbol':
        this.#text += `${typeof value};`
        return
    }
  }

  #absorbObject(value: object | null): void {
    if (value === null) {
      this.#text += 'null;'
    } else if (Object.getPrototypeOf(value) === Object.prototype) {
      this.#absorbFields(value)
    } else if (value instanceof Uint8Array) {
      this.#absorbBytes(value)
    } else if (value instanceof Date) {
      this.#text += `d${value.getTime()};`
    } else if (value instanceof Error) {
      this.#text += `e${value.name}:${value.message};`
    } else if (Array.isArray(value) || value instanceof Set || value instanceof Map) {
      this.#text += '['
      for (const each of value) this.#absorb(each)
      this.#text += ']'
    } else {
      this.#absorbFields(value)
    }
  }

  #absorbFields(value: object): void {
    this.#text += '{'
    for (const key in value) {
      this.#text += `${key}=`
      this.#absorb((value as Record<string, unknown>)[key])
    }
    this.#text += '}'
  }

  #absorbBytes(bytes: Uint8Array): void {
    this.#text += `b${bytes.length}:`
    if (bytes.length <= SMALL_BYTES) {
      // One character a byte: cheaper than an update of its own.
      const { buffer, byteOffset, byteLength } = bytes
      this.#text += Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
    } else {
      this.#flush()
      this.#hash.update(bytes)
    }
  }
}

const SHOWN_CHARS = 80
const SHOWN_ITEMS = 8

/** A payload as people read it: bytes by their length, long lists by their count. */
function inShort(payload: unknown): string {
  const text = JSON.stringify(payload, function (this: unknown, key, shown: unknown) {
    // `this` has the value before its toJSON, which would turn a Buffer into its bytes.
    const value = (this as Record<string, unknown>)[key]
    if (value instanceof Uint8Array) return `<${value.length} bytes>`
    if (typeof value === 'bigint') return `${value}n`
    if (value instanceof Error) return `${value.name}: ${value.message}`
    if (Array.isArray(value) && value.length > SHOWN_ITEMS) return `<${value.length} items>`
    if (typeof value === 'string' && value.length > SHOWN_CHARS) {
      return `${value.slice(0, SHOWN_CHARS)}...`
    }
    return shown
  })
  return text ?? String(payload)
}
