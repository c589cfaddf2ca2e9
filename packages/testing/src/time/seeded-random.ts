/**
 * Randomness that a seed decides. Each site (a component, a process, a purpose) has its own stream,
 * so one more draw in one place does not shift the draws of any other.
 */
import { createHash } from 'node:crypto'
import type { Random } from '@millrace/core'

/** The sfc32 generator: 128 bits of state, 32 bits a draw, the same numbers on every machine. */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter: number

  /** @param site names the stream; equal seed and site give equal draws */
  constructor(seed: number, site: string) {
    const digest = createHash('sha256').update(`${seed}/${site}`).digest()
    this.#a = digest.readInt32LE(0)
    this.#b = digest.readInt32LE(4)
    this.#c = digest.readInt32LE(8)
    this.#counter = digest.readInt32LE(12)
  }

  /** Uniform over the whole numbers [0, 2^32). */
  uint32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0
    return t >>> 0
  }

  next(): number {
    return this.uint32() / 4294967296
  }

  uuid(): string {
    const bytes = Buffer.alloc(16)
    for (let i = 0; i < 16; i += 4) bytes.writeUInt32BE(this.uint32(), i)
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    const hex = bytes.toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}
