/**
 * CBOR (RFC 8949) to plain values: any legal item, with indefinite lengths as Java's writer sends
 * them. Byte strings are views of the input, not copies.
 */
import { keepShape } from '../kept-shapes.ts'
import { ShortTexts } from './short-texts.ts'

/** The bytes are no CBOR, or none that AWS speaks. Says where, never what stands there. */
export class CborError extends Error {
  constructor(what: string, at: number) {
    super(`CBOR: ${what} at byte ${at}`)
    this.name = 'CborError'
  }
}

/** Deeper than any AWS message nests; more must not exhaust the stack. */
const MAX_DEPTH = 64
const INDEFINITE = 31
const BREAK = 0xff
const NULL = 0xf6
const UNDEFINED = 0xf7
const TIME_TAG = 1
const WORD = 0x1_0000_0000
/** Upper half of the largest safe integer. */
const MAX_SAFE_HIGH = 0x1f_ffff

/** Undefined where no other length follows: the head says INDEFINITE. */
export type CborCount = number | undefined

/**
 * One item, which must fill the input. Integers beyond the safe ones are bigints. AWS marks times
 * with tag 1 and counts milliseconds, where the RFC has seconds: they come as `Date`. Other tags
 * are passed over.
 *
 * @throws CborError
 */
export function readCbor(bytes: Buffer): unknown {
  const reader = new CborReader(bytes)
  const value = reader.item(0)
  reader.end()
  return value
}

const shortTexts = new ShortTexts()
const MAP = 5
const ARRAY = 4
const TEXT = 3
const BYTES = 2
const TAG = 6

/** Item by item, for messages whose shape is known: what is wanted is made, and nothing else. */
export class CborReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** @throws CborError unless the input ends here */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#error('bytes after the item')
  }

  /** Whatever comes next. */
  item(depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.#error('nesting too deep')
    const head = this.#byte()
    const low = head & 0x1f
    switch (head >> 5) {
      case 0:
        return this.#unsigned(low)
      case 1:
        return this.#negative(low)
      case 2:
        return this.#byteString(this.#count(low))
      case 3:
        return this.#text(this.#count(low))
      case 4:
        return this.#array(this.#count(low), depth)
      case 5:
        return this.#map(this.#count(low), depth)
      case 6:
        return this.#tagged(this.#unsigned(low), depth)
      default:
        return this.#simple(low)
    }
  }

  /** The pairs of a map follow, as long as `goesOn`. */
  map(): CborCount {
    return this.#count(this.#headOf(MAP))
  }

  /** The items of an array follow, as long as `goesOn`. */
  array(): CborCount {
    return this.#count(this.#headOf(ARRAY))
  }

  /** True while another item follows of a map or an array of which so many are read. */
  goesOn(count: CborCount, done: number): boolean {
    if (count !== undefined) return done < count
    if (this.#bytes[this.#at] !== BREAK) return true
    this.#at++
    return false
  }

  /** A member's name, of which there are few. */
  name(): string {
    return this.#text(this.#count(this.#headOf(TEXT)))
  }

  /** A text that will not come again. */
  text(): string {
    const count = this.#count(this.#headOf(TEXT))
    if (count === undefined) return this.#chunks(TEXT).toString('utf8')
    const start = this.#skip(count)
    const end = this.#at
    for (let i = start; i < end; i++) {
      if ((this.#bytes[i] as number) > 0x7f) return this.#bytes.toString('utf8', start, end)
    }
    return this.#bytes.toString('latin1', start, end)
  }

  /** A view of the input. */
  byteString(): Buffer {
    return this.#byteString(this.#count(this.#headOf(BYTES)))
  }

  /** A number, be it marked as a time or not. @throws CborError for anything else */
  timeNumber(): number {
    if ((this.#bytes[this.#at] ?? 0) >> 5 === TAG) this.#unsigned(this.#byte() & 0x1f)
    const value = this.item(0)
    if (typeof value !== 'number') throw this.#error('no number')
    return value
  }

  /** Passes over a null. */
  isNull(): boolean {
    const byte = this.#bytes[this.#at]
    if (byte !== NULL && byte !== UNDEFINED) return false
    this.#at++
    return true
  }

  #headOf(major: number): number {
    const head = this.#byte()
    if (head >> 5 !== major) throw this.#error('an item of another kind')
    return head & 0x1f
  }

  #array(count: CborCount, depth: number): unknown[] {
    const items: unknown[] = []
    while (this.goesOn(count, items.length)) items.push(this.item(depth + 1))
    return items
  }

  #map(count: CborCount, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    for (let pairs = 0; this.goesOn(count, pairs); pairs++) {
      const key = this.item(depth + 1)
      if (typeof key !== 'string') throw this.#error('a key that is no text')
      const value = this.item(depth + 1)
      if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true })
      else map[key] = value
    }
    return map
  }

  #tagged(tag: number | bigint, depth: number): unknown {
    const value = this.item(depth + 1)
    if (tag !== TIME_TAG) return value
    const time = typeof value === 'number' ? new Date(Math.round(value)) : undefined
    if (time === undefined || Number.isNaN(time.getTime())) throw this.#error('no time')
    return time
  }

  #text(count: CborCount): string {
    if (count === undefined) return this.#chunks(TEXT).toString('utf8')
    const start = this.#skip(count)
    return shortTexts.textOf(this.#bytes, start, this.#at)
  }

  #byteString(count: CborCount): Buffer {
    if (count === undefined) return this.#chunks(BYTES)
    const start = this.#skip(count)
    return this.#bytes.subarray(start, this.#at)
  }

  /** A string in pieces, each of its own length. */
  #chunks(major: number): Buffer {
    const chunks: Buffer[] = []
    while (this.goesOn(undefined, 0)) {
      const head = this.#byte()
      const count = head >> 5 === major ? this.#count(head & 0x1f) : undefined
      if (count === undefined) throw this.#error('a piece of another kind')
      const start = this.#skip(count)
      chunks.push(this.#bytes.subarray(start, this.#at))
    }
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
  }

  #simple(low: number): unknown {
    switch (low) {
      case 20:
        return false
      case 21:
        return true
      case 22:
        return null
      case 23:
        return undefined
      case 25:
        return halfFloat(this.#bytes.readUInt16BE(this.#skip(2)))
      case 26:
        return this.#bytes.readFloatBE(this.#skip(4))
      case 27:
        return this.#bytes.readDoubleBE(this.#skip(8))
      default:
        throw this.#error('a simple value without meaning')
    }
  }

  #count(low: number): CborCount {
    if (low === INDEFINITE) return undefined
    const count = this.#unsigned(low)
    // What is longer than the input cannot be; this holds each count below what memory can bear.
    if (typeof count === 'number' && count <= this.#bytes.length - this.#at) return count
    throw this.#error('a length beyond the end')
  }

  #negative(low: number): number | bigint {
    const value = this.#unsigned(low)
    if (typeof value === 'number' && value < Number.MAX_SAFE_INTEGER) return -1 - value
    return -1n - BigInt(value)
  }

  #unsigned(low: number): number | bigint {
    if (low < 24) return low
    switch (low) {
      case 24:
        return this.#byte()
      case 25:
        return this.#bytes.readUInt16BE(this.#skip(2))
      case 26:
        return this.#bytes.readUInt32BE(this.#skip(4))
      case 27: {
        const at = this.#skip(8)
        const high = this.#bytes.readUInt32BE(at)
        // A time in milliseconds is of this kind, one a record: it needs no bigint.
        if (high <= MAX_SAFE_HIGH) return high * WORD + this.#bytes.readUInt32BE(at + 4)
        return this.#bytes.readBigUInt64BE(at)
      }
      default:
        throw this.#error('a head without meaning')
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw this.#error('the end')
    this.#at++
    return byte
  }

  /** Moves on and returns where it stood. */
  #skip(count: number): number {
    const start = this.#at
    if (count > this.#bytes.length - start) throw this.#error('the end')
    this.#at = start + count
    return start
  }

  #error(what: string): CborError {
    return new CborError(what, this.#at)
  }
}

keepShape(new CborReader(Buffer.alloc(0)))

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
