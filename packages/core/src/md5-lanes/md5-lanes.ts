/**
 * HOT: MD5 of several messages at once, about five times as fast as one after the other; see
 * lane-program.ts. Nothing here is about security: MD5 is the checksum of KPL's aggregates.
 */
import { hash } from 'node:crypto'
import {
  addressPlace,
  FREE_AT,
  LANES,
  laneProgram,
  statePlace,
  writeConstants,
} from './lane-program.ts'

/** Types of Node and of JavaScript know nothing of it. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum: number })
    readonly buffer: ArrayBuffer
  }
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>)
  }
  class Instance {
    constructor(module: Module, imports: { readonly at: { readonly memory: Memory } })
    readonly exports: Readonly<Record<string, unknown>>
  }
}

export const DIGEST_BYTES = 16
const BLOCK_BYTES = 64
/** Of a lane, for what is copied at a time; one block more takes the padding. */
const WINDOW_BYTES = 4096
const LANE_BYTES = WINDOW_BYTES + BLOCK_BYTES
/** Of the length in bits, of which only the lower half is ever needed. */
const LENGTH_BYTES = 8
/** A byte that ends the message, and its length. */
const PADDING_BYTES = 1 + LENGTH_BYTES
const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476] as const

export class Md5Lanes {
  readonly #run: (blocks: number) => void
  readonly #bytes: Uint8Array
  readonly #words: Uint32Array
  readonly #lanes: readonly Lane[]

  /**
   * Undefined where there is no WebAssembly, as with `node --jitless`, or no address space for it, and
   * where it does not compute what node:crypto does, as on a machine with the other order of bytes.
   */
  static create(): Md5Lanes | undefined {
    try {
      const lanes = new Md5Lanes()
      return lanes.#isRight() ? lanes : undefined
    } catch {
      return undefined
    }
  }

  /** @throws any error for which there is no WebAssembly */
  constructor() {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(laneProgram()), {
      at: { memory },
    })
    this.#run = exports['run'] as (blocks: number) => void
    this.#bytes = new Uint8Array(memory.buffer)
    this.#words = new Uint32Array(memory.buffer)
    writeConstants(this.#words)
    this.#lanes = Array.from(
      { length: LANES },
      (_, lane) => new Lane(lane, this.#bytes, this.#words),
    )
  }

  /** Of one message a lane and one more, the longest of several blocks. */
  #isRight(): boolean {
    const messages = Array.from({ length: LANES + 1 }, (_, i) => Buffer.alloc(i * 40, i))
    const digests = Buffer.alloc(messages.length * DIGEST_BYTES)
    this.digestsOf(messages, digests)
    return messages.every(
      (message, i) =>
        hash('md5', message, 'hex') ===
        digests.toString('hex', i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES),
    )
  }

  /**
   * @param messages any number, each below 512 MiB; quick for two or more of about the same length
   * @param digests gets theirs, one behind the other
   */
  digestsOf(messages: readonly Uint8Array[], digests: Uint8Array): void {
    let next = 0
    let running = 0
    for (const lane of this.#lanes) {
      if (next < messages.length) {
        lane.begin(messages[next] as Uint8Array, next++)
        running++
      } else {
        lane.idle()
      }
    }
    while (running > 0) {
      let blocks = WINDOW_BYTES / BLOCK_BYTES
      for (const lane of this.#lanes) blocks = Math.min(blocks, lane.blocksReady())
      this.#run(blocks)
      for (const lane of this.#lanes) {
        if (!lane.mixed(blocks)) continue
        lane.digest(digests)
        if (next < messages.length) {
          lane.begin(messages[next] as Uint8Array, next++)
        } else {
          lane.idle()
          running--
        }
      }
    }
  }
}

const NOTHING = new Uint8Array(0)

/** One message on its way through the memory. */
class Lane {
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
