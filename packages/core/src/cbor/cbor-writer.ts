/**
 * HOT: CBOR (RFC 8949) into one growing buffer: about 0.1 us a short text, a copy for bytes; no
 * allocation but the buffer's growth.
 */

const TEXT = 0x60
const BYTES = 0x40
const ARRAY = 0x80
const MAP = 0xa0
const TAG = 0xc0

const FIRST_CAPACITY_BYTES = 1024
/** Head of an item at its longest. */
const MAX_HEAD_BYTES = 9
/** Up to here a loop over the characters is cheaper than the call into Node's encoder. */
const MAX_LOOPED_CHARACTERS = 64
const TWO_POW_32 = 2 ** 32

export class CborWriter {
  #buffer: Buffer
  #length = 0

  /** @param buffer to write over; its content is lost */
  constructor(buffer: Buffer = Buffer.allocUnsafe(FIRST_CAPACITY_BYTES)) {
    this.#buffer = buffer
  }

  /** What is written so far: a view that the next write may overtake. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** The buffer beneath, for another writer. */
  get buffer(): Buffer {
    return this.#buffer
  }

  /** A map of so many pairs follows. */
  map(pairs: number): void {
    this.#reserve(MAX_HEAD_BYTES)
    this.#head(MAP, pairs)
  }

  /** So many items follow. */
  array(items: number): void {
    this.#reserve(MAX_HEAD_BYTES)
    this.#head(ARRAY, items)
  }

  text(value: string): void {
    const characters = value.length
    this.#reserve(MAX_HEAD_BYTES + 3 * characters)
    if (characters <= MAX_LOOPED_CHARACTERS && this.#shortAscii(value, characters)) return
    const bytes = Buffer.byteLength(value)
    this.#head(TEXT, bytes)
    this.#buffer.write(value, this.#length)
    this.#length += bytes
  }

  byteString(value: Uint8Array): void {
    const { length } = value
    this.#reserve(MAX_HEAD_BYTES + length)
    this.#head(BYTES, length)
    this.#buffer.set(value, this.#length)
    this.#length += length
  }

  /** @param value a safe integer */
  integer(value: number): void {
    this.#reserve(MAX_HEAD_BYTES)
    if (value >= 0) this.#head(0x00, value)
    else this.#head(0x20, -1 - value)
  }

  double(value: number): void {
    this.#reserve(MAX_HEAD_BYTES)
    this.#buffer[this.#length] = 0xfb
    this.#buffer.writeDoubleBE(value, this.#length + 1)
    this.#length += 9
  }

  boolean(value: boolean): void {
    this.#simple(value ? 0xf5 : 0xf4)
  }

  null(): void {
    this.#simple(0xf6)
  }

  /** The item that follows is marked with this tag. */
  tag(number: number): void {
    this.#reserve(MAX_HEAD_BYTES)
    this.#head(TAG, number)
  }

  /** @returns false, and nothing is written, when the text is not ASCII */
  #shortAscii(value: string, characters: number): boolean {
    const buffer = this.#buffer
    let at = this.#length + (characters < 24 ? 1 : 2)
    for (let i = 0; i < characters; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) return false
      buffer[at++] = code
    }
    this.#head(TEXT, characters)
    this.#length = at
    return true
  }

  #simple(byte: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = byte
  }

  #head(major: number, value: number): void {
    const buffer = this.#buffer
    if (value < 24) {
      buffer[this.#length++] = major | value
    } else if (value < 0x100) {
      buffer[this.#length++] = major | 24
      buffer[this.#length++] = value
    } else if (value < 0x10000) {
      buffer[this.#length++] = major | 25
      buffer[this.#length++] = value >>> 8
      buffer[this.#length++] = value & 0xff
    } else if (value < TWO_POW_32) {
      buffer[this.#length] = major | 26
      buffer.writeUInt32BE(value, this.#length + 1)
      this.#length += 5
    } else {
      buffer[this.#length] = major | 27
      buffer.writeUInt32BE(Math.floor(value / TWO_POW_32), this.#length + 1)
      buffer.writeUInt32BE(value % TWO_POW_32, this.#length + 5)
      this.#length += 9
    }
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes > this.#buffer.length) this.#grow(this.#length + bytes)
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
