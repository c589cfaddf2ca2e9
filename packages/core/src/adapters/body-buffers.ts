/**
 * Buffers that request bodies are written into, used again and again: to allocate several MiB anew
 * for every request costs a tenth of what sending them does.
 */

/** Kept between requests at most; what is over goes to the garbage collector. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024
/** Sizes are whole pieces of this, so that requests of about one size fit each other's buffers. */
const PIECE_BYTES = 64 * 1024

export class BodyBuffers {
  readonly #free: Buffer[] = []
  #keptBytes = 0

  /** At least so many bytes. */
  take(bytes: number): Buffer {
    const fit = this.#free.findLastIndex((buffer) => buffer.length >= bytes)
    if (fit >= 0) return this.#remove(fit)
    // One that is too small makes room for one that is not.
    if (this.#free.length > 0) this.#remove(0)
    return Buffer.allocUnsafeSlow(Math.max(1, Math.ceil(bytes / PIECE_BYTES)) * PIECE_BYTES)
  }

  /** Only for a buffer that nobody reads any more: a socket that failed may still hold its own. */
  give(buffer: Buffer): void {
    if (this.#keptBytes + buffer.length > MAX_KEPT_BYTES) return
    this.#keptBytes += buffer.length
    this.#free.push(buffer)
  }

  #remove(index: number): Buffer {
    const [buffer] = this.#free.splice(index, 1) as [Buffer]
    this.#keptBytes -= buffer.length
    return buffer
  }
}
