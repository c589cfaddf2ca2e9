/** HOT: copies small data into shared slabs: one view a record instead of one buffer, about 60 ns. */

/**
 * A slab lives as long as the last record in it, and only the data of records is accounted for: so
 * slabs are small, and what is tried again is copied out (OutstandingRecord.keepApart).
 */
const SLAB_BYTES = 8 * 1024
/** Above this a buffer of its own is as cheap; at 2 KiB it costs three times as much. */
const SLAB_MAX_COPY_BYTES = 4 * 1024
const EMPTY = new Uint8Array(0)

export class DataCopier {
  #slab: ArrayBuffer = new ArrayBuffer(0)
  #view: Uint8Array = EMPTY
  #used = 0

  copy(data: Uint8Array): Uint8Array {
    const length = data.length
    if (length === 0) return EMPTY
    if (length > SLAB_MAX_COPY_BYTES) return new Uint8Array(data)
    if (this.#used + length > this.#view.length) {
      this.#view = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#slab = this.#view.buffer as ArrayBuffer
      this.#used = 0
    }
    const copy = new Uint8Array(this.#slab, this.#used, length)
    copy.set(data)
    this.#used += length
    return copy
  }
}
