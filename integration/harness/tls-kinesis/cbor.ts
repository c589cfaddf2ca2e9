/** As much of CBOR (RFC 8949) as Kinesis clients send and read: application/x-amz-cbor-1.1. */

const BREAK = Symbol('break')

/** @throws Error when it is not CBOR, or has something that no client sends */
export function readCbor(bytes: Buffer): unknown {
  const reader = new CborReader(bytes)
  const value = reader.value()
  if (reader.at !== bytes.length) throw new Error('CBOR: bytes after the end')
  return value
}

class CborReader {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  value(): unknown {
    const value = this.#item()
    if (value === BREAK) throw new Error('CBOR: a break outside of a list')
    return value
  }

  #item(): unknown {
    const head = this.#bytes[this.at++]
    if (head === undefined) throw new Error('CBOR: cut short')
    const [major, low] = [head >> 5, head & 0x1f]
    if (major === 7) return this.#simple(low)
    const count = low === 31 ? Number.POSITIVE_INFINITY : this.#count(low)
    switch (major) {
      case 0:
        return count
      case 1:
        return -1 - count
      case 2:
        return count === Number.POSITIVE_INFINITY
          ? Buffer.concat(this.#list(count) as Buffer[])
          : this.#take(count)
      case 3:
        return count === Number.POSITIVE_INFINITY
          ? this.#list(count).join('')
          : this.#take(count).toString()
      case 4:
        return this.#list(count)
      case 5:
        return this.#map(count)
      default:
        return this.#item()
    }
  }

  #list(count: number): unknown[] {
    const items: unknown[] = []
    while (items.length < count) {
      const item = this.#item()
      if (item === BREAK) break
      items.push(item)
    }
    return items
  }

  #map(count: number): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    for (let i = 0; i < count; i++) {
      const key = this.#item()
      if (key === BREAK) break
      map[String(key)] = this.value()
    }
    return map
  }

  #simple(low: number): unknown {
    switch (low) {
      case 20:
        return false
      case 21:
        return true
      case 22:
      case 23:
        return null
      case 26:
        return this.#take(4).readFloatBE()
      case 27:
        return this.#take(8).readDoubleBE()
      case 31:
        return BREAK
      default:
        throw new Error(`CBOR: simple value ${low}`)
    }
  }

  #count(low: number): number {
    if (low < 24) return low
    if (low > 27) throw new Error(`CBOR: length code ${low}`)
    const bytes = this.#take(1 << (low - 24))
    return Number(BigInt(`0x${bytes.toString('hex')}`))
  }

  #take(count: number): Buffer {
    const bytes = this.#bytes.subarray(this.at, this.at + count)
    if (bytes.length < count) throw new Error('CBOR: cut short')
    this.at += count
    return bytes
  }
}

/** Objects, lists, texts and whole numbers. */
export function writeCbor(value: unknown): Buffer {
  const parts: Buffer[] = []
  write(value, parts)
  return Buffer.concat(parts)
}

function write(value: unknown, parts: Buffer[]): void {
  if (typeof value === 'string') {
    parts.push(head(3, Buffer.byteLength(value)), Buffer.from(value))
  } else if (typeof value === 'number') {
    parts.push(head(0, value))
  } else if (Array.isArray(value)) {
    parts.push(head(4, value.length))
    for (const item of value) write(item, parts)
  } else {
    const entries = Object.entries(value as object)
    parts.push(head(5, entries.length))
    for (const [name, member] of entries) {
      write(name, parts)
      write(member, parts)
    }
  }
}

function head(major: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(major << 5) | count])
  if (count < 0x100) return Buffer.from([(major << 5) | 24, count])
  const bytes = Buffer.alloc(5, (major << 5) | 26)
  bytes.writeUInt32BE(count, 1)
  return bytes
}
