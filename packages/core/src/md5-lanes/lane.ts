/** HOT: one message on its way through the memory of the lanes, a window at a time, and its padding. */
import { addressPlace, FREE_AT, statePlace } from './lane-program.ts'

export const DIGEST_BYTES = 16
export const BLOCK_BYTES = 64
/** Of a lane, for what is copied at a time; one block more takes the padding. */
export const WINDOW_BYTES = 4096
const LANE_BYTES = WINDOW_BYTES + BLOCK_BYTES
/** Of the length in bits, of which only the lower half is ever needed. */
const LENGTH_BYTES = 8
/** A byte that ends the message, and its length. */
const PADDING_BYTES = 1 + LENGTH_BYTES
const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476] as const

const NOTHING = new Uint8Array(0)

export class Lane {
  readonly #bytes: Uint8Array
  readonly #words: Uint32Array
  readonly #windowAt: number
  readonly #addressAt: number
  readonly #stateAt: readonly number[]
  #message: Uint8Array = NOTHING
  #index = 0
  /** Bytes of the message that are in the memory or have been. */
  #copied = 0
  #isPadded = false
  /** In the window, not mixed yet; undefined for a lane without a message. */
  #ready: number | undefined

  constructor(lane: number, bytes: Uint8Array, words: Uint32Array) {
    this.#bytes = bytes
    this.#words = words
    this.#windowAt = Math.ceil(FREE_AT / BLOCK_BYTES) * BLOCK_BYTES + lane * LANE_BYTES
    this.#addressAt = addressPlace(lane) >> 2
    this.#stateAt = INITIAL.map((_, word) => statePlace(lane, word) >> 2)
  }

  begin(message: Uint8Array, index: number): void {
    this.#message = message
    this.#index = index
    this.#copied = 0
    this.#isPadded = false
    this.#ready = 0
    for (let word = 0; word < INITIAL.length; word++) {
      this.#words[this.#stateAt[word] as number] = INITIAL[word] as number
    }
  }

  /** Mixes what happens to lie in the window. */
  idle(): void {
    this.#message = NOTHING
    this.#ready = undefined
  }

  /** Blocks that can be mixed now, at least one. */
  blocksReady(): number {
    if (this.#ready === undefined) {
      this.#words[this.#addressAt] = this.#windowAt
      return WINDOW_BYTES / BLOCK_BYTES
    }
    if (this.#ready === 0) this.#fill()
    return this.#ready
  }

  /** @returns true when that was the message's end */
  mixed(blocks: number): boolean {
    if (this.#ready === undefined) return false
    this.#ready -= blocks
    this.#words[this.#addressAt] = (this.#words[this.#addressAt] as number) + blocks * BLOCK_BYTES
    return this.#ready === 0 && this.#isPadded
  }

  digest(digests: Uint8Array): void {
    let at = this.#index * DIGEST_BYTES
    for (const stateAt of this.#stateAt) {
      for (let byte = 0; byte < 4; byte++)
        digests[at++] = this.#bytes[(stateAt << 2) + byte] as number
    }
  }

  #fill(): void {
    const from = this.#copied
    const message = this.#message
    const end = Math.min(message.length, from + WINDOW_BYTES)
    this.#bytes.set(message.subarray(from, end), this.#windowAt)
    this.#copied = end
    let bytes = end - from
    // A window that is full has room for the padding, but only a block of it: that is enough.
    if (end === message.length) {
      bytes = this.#pad(bytes)
      this.#isPadded = true
    }
    this.#ready = bytes / BLOCK_BYTES
    this.#words[this.#addressAt] = this.#windowAt
  }

  /** @returns bytes of the window with the padding */
  #pad(bytes: number): number {
    const end = Math.ceil((bytes + PADDING_BYTES) / BLOCK_BYTES) * BLOCK_BYTES
    const at = this.#windowAt
    this.#bytes.fill(0, at + bytes, at + end)
    this.#bytes[at + bytes] = 0x80
    this.#words[(at + end - LENGTH_BYTES) >> 2] = this.#message.length << 3
    return end
  }
}
