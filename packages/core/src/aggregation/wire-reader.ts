/**
 * Reads protobuf from bytes that may be hostile: never recurses, never throws, never allocates.
 * The first fault stays in `fault` and every later read answers 0.
 */
import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './format.ts'
import type { MalformedReason } from './malformed.ts'

// Copies of imported constants: V8 folds a module's own into the code, and loads imported ones at
// every use, which a bomb of half a million fields turns into time.
const NUMBER = VARINT
const BYTES = LENGTH_DELIMITED
const EIGHT = FIXED64
const FOUR = FIXED32
const MAX_VARINT_BYTES = 10
const MAX_TAG = 0xffff_ffff

export class WireReader {
  at = 0
  fault: MalformedReason | undefined = undefined
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  fail(reason: MalformedReason): 0 {
    this.fault ??= reason
    return 0
  }

  /** An unsigned number of up to 64 bits; above 2^53 it is only known to be that large. */
  varint(end: number): number {
    const first = this.#bytes[this.at] as number
    if (first < 0x80 && this.at < end) {
      this.at++
      return first
    }
    return this.#longVarint(end)
  }

  /** Field number times 8 plus wire type. */
  tag(end: number): number {
    const tag = this.varint(end)
    if (tag > MAX_TAG) return this.fail('varint')
    if (tag < 8) return this.fail('field')
    return tag
  }

  /** The end of a length-delimited field that starts here. */
  lengthDelimited(end: number): number {
    const length = this.varint(end)
    if (length > end - this.at) return this.fail('truncated')
    return this.at + length
  }

  /** Steps over a field that means nothing to us. */
  skip(wireType: number, end: number): void {
    if (wireType === NUMBER) this.varint(end)
    else if (wireType === BYTES) this.at = this.lengthDelimited(end)
    else if (wireType === EIGHT) this.#advance(8, end)
    else if (wireType === FOUR) this.#advance(4, end)
    else this.fail(wireType === 3 || wireType === 4 ? 'group' : 'wire-type')
  }

  #longVarint(end: number): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      if (this.at >= end) return this.fail('truncated')
      const byte = this.#bytes[this.at++] as number
      if (i === MAX_VARINT_BYTES - 1 && byte > 1) break
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
    return this.fail('varint')
  }

  #advance(bytes: number, end: number): void {
    if (bytes > end - this.at) this.fail('truncated')
    else this.at += bytes
  }
}
