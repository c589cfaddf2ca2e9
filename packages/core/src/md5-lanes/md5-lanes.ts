/**
 * HOT: MD5 of several messages at once, about five times as fast as one after the other; see
 * lane-program.ts. Nothing here is about security: MD5 is the checksum of KPL's aggregates.
 */
import { hash } from 'node:crypto'
import { BLOCK_BYTES, DIGEST_BYTES, Lane, WINDOW_BYTES } from './lane.ts'
import { LANES, laneProgram, writeConstants } from './lane-program.ts'

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
