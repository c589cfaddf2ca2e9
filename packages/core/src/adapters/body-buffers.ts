/**
 * Buffers that request bodies are written into, used again and again: to allocate several MiB anew
 * for every request costs a tenth of what sending them does.
 */

/** Kept between requests at most; what is over goes to the garbage collector. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024
const FIRST_BYTES = 64 * 1024

export class BodyBuffers {
  readonly #free: Buffer[] = []
  #keptBytes = 0

  take(): Buffer {
    const buffer = this.#free.pop()
    if (buffer === undefined) return Buffer.allocUnsafeSlow(FIRST_BYTES)
    this.#keptBytes -= buffer.length
    return buffer
  }

  /** Only for a buffer that nobody reads any more: a socket that failed may still hold its own. */
  give(buffer: Buffer): void {
    if (this.#keptBytes + buffer.length > MAX_KEPT_BYTES) return
    this.#keptBytes += buffer.length
    this.#free.push(buffer)
  }
}
