/**
 * HOT: the fast lane in: one object, one view and no copy a user record, made when it is asked for.
 * The scan has proved the bytes, so nothing is checked again.
 */
import type { AggregateKeys } from './aggregate-keys.ts'
import {
  type DeaggregatedRecord,
  NO_MORE,
  type RecordCursor,
  type RecordOrigin,
  type RecordStep,
} from './deaggregated-record.ts'
import { HASH_KEY_INDEX_TAG } from './format.ts'
import type { AggregateLayout } from './layout.ts'

// A copy, which V8 folds into the code; the imported constant it would load at every use.
const HASH_KEY_INDEX = HASH_KEY_INDEX_TAG
const NONE = -1

export class CanonicalCursor implements RecordCursor {
  readonly #bytes: Uint8Array
  readonly #buffer: ArrayBufferLike
  readonly #base: number
  readonly #keys: AggregateKeys
  readonly #origin: RecordOrigin
  readonly #records: number
  #at: number
  #index = 0
  // Of the user record that was stepped on.
  #key = 0
  #hashKey = NONE
  #start = 0
  #length = 0
  /** What `advance` hands out. */
  #shown: { -readonly [name in keyof DeaggregatedRecord]: DeaggregatedRecord[name] } | undefined

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
    if (!this.#step()) return NO_MORE
    return { done: false, value: this.#make() }
  }

  advance(): DeaggregatedRecord | undefined {
    if (!this.#step()) return undefined
    const shown = this.#shown
    if (shown === undefined) {
      this.#shown = this.#make()
      return this.#shown
    }
    const keys = this.#keys
    shown.data = new Uint8Array(this.#buffer, this.#base + this.#start, this.#length)
    shown.partitionKey = keys.partitionKey(this.#key)
    shown.explicitHashKey = keys.explicitHashKey(this.#hashKey)
    shown.subSequenceNumber = this.#index - 1
    shown.misplaced = keys.misplaced(this.#key, this.#hashKey)
    return shown
  }

  #make(): DeaggregatedRecord {
    const keys = this.#keys
    return {
      data: new Uint8Array(this.#buffer, this.#base + this.#start, this.#length),
      partitionKey: keys.partitionKey(this.#key),
      explicitHashKey: keys.explicitHashKey(this.#hashKey),
      sequenceNumber: this.#origin.sequenceNumber,
      subSequenceNumber: this.#index - 1,
      approximateArrivalTimestamp: this.#origin.approximateArrivalTimestamp,
      aggregated: true,
      misplaced: keys.misplaced(this.#key, this.#hashKey),
      malformed: undefined,
    }
  }

  #step(): boolean {
    if (this.#index === this.#records) return false
    this.#index++
    this.#at++
    this.#varint()
    this.#at++
    this.#key = this.#varint()
    this.#hashKey = NONE
    if (this.#bytes[this.#at++] === HASH_KEY_INDEX) {
      this.#hashKey = this.#varint()
      this.#at++
    }
    this.#length = this.#varint()
    this.#start = this.#at
    this.#at += this.#length
    return true
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
