/**
 * HOT: the fast lane in: one object, one view and no copy a user record, made when it is asked for.
 * The scan has proved the bytes, so nothing is checked again.
 */
import type { AggregateKeys } from './aggregate-keys.ts'
import {
  type DeaggregatedRecord,
  NO_MORE,
  type RecordIterator,
  type RecordOrigin,
  type RecordStep,
} from './deaggregated-record.ts'
import { HASH_KEY_INDEX_TAG } from './format.ts'
import type { AggregateLayout } from './layout.ts'

// A copy, which V8 folds into the code; the imported constant it would load at every use.
const HASH_KEY_INDEX = HASH_KEY_INDEX_TAG
const NONE = -1

export class CanonicalCursor implements RecordIterator {
  readonly #bytes: Uint8Array
  readonly #buffer: ArrayBufferLike
  readonly #base: number
  readonly #keys: AggregateKeys
  readonly #origin: RecordOrigin
  readonly #records: number
  #at: number
  #index = 0

  constructor(
    bytes: Uint8Array,
    layout: AggregateLayout,
    keys: AggregateKeys,
    origin: RecordOrigin,
  ) {
    this.#bytes = bytes
    this.#buffer = bytes.buffer
    this.#base = bytes.byteOffset
    this.#keys = keys
    this.#origin = origin
    this.#records = layout.records
    this.#at = layout.recordsAt
  }

  next(): RecordStep {
    if (this.#index === this.#records) return NO_MORE
    this.#at++
    this.#varint()
    this.#at++
    const key = this.#varint()
    let hashKey = NONE
    if (this.#bytes[this.#at++] === HASH_KEY_INDEX) {
      hashKey = this.#varint()
      this.#at++
    }
    const length = this.#varint()
    const start = this.#at
    this.#at = start + length
    const keys = this.#keys
    const value: DeaggregatedRecord = {
      data: new Uint8Array(this.#buffer, this.#base + start, length),
      partitionKey: keys.partitionKey(key),
      explicitHashKey: keys.explicitHashKey(hashKey),
      sequenceNumber: this.#origin.sequenceNumber,
      subSequenceNumber: this.#index++,
      approximateArrivalTimestamp: this.#origin.approximateArrivalTimestamp,
      aggregated: true,
      misplaced: keys.misplaced(key, hashKey),
      malformed: undefined,
    }
    return { done: false, value }
  }

  /** Steps over user records without making them. */
  skip(count: number): void {
    for (let i = 0; i < count && this.#index < this.#records; i++) {
      this.#at++
      const length = this.#varint()
      this.#at += length
      this.#index++
    }
  }

  #varint(): number {
    const bytes = this.#bytes
    let at = this.#at
    let byte = bytes[at++] as number
    let value = byte & 0x7f
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[at++] as number
      value |= (byte & 0x7f) << shift
    }
    this.#at = at
    return value
  }
}
