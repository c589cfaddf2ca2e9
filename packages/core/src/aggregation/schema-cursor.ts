/**
 * The schema lane in: protobufjs decodes one Record message at a time, so a large aggregate of an
 * odd shape costs no more memory than a canonical one. The full scan has proved the bytes.
 */
import type { AggregateKeys } from './aggregate-keys.ts'
import {
  type DeaggregatedRecord,
  NO_MORE,
  type RecordCursor,
  type RecordOrigin,
  type RecordStep,
} from './deaggregated-record.ts'
import type { AggregateLayout } from './layout.ts'
import { decodeRecordMessage } from './schema.ts'
import { WireReader } from './wire-reader.ts'

const RECORDS_FIELD = 3

export class SchemaCursor implements RecordCursor {
  readonly #bytes: Buffer
  readonly #keys: AggregateKeys
  readonly #origin: RecordOrigin
  readonly #reader: WireReader
  readonly #end: number
  #index = 0

  constructor(bytes: Buffer, layout: AggregateLayout, keys: AggregateKeys, origin: RecordOrigin) {
    this.#bytes = bytes
    this.#keys = keys
    this.#origin = origin
    this.#reader = new WireReader(bytes)
    this.#reader.at = layout.recordsAt
    this.#end = layout.end
  }

  next(): RecordStep {
    const message = this.#nextMessage()
    if (message === undefined) return NO_MORE
    const { keyIndex, hashKeyIndex, data } = decodeRecordMessage(message)
    return {
      done: false,
      value: {
        data,
        partitionKey: this.#keys.partitionKey(keyIndex),
        explicitHashKey: this.#keys.explicitHashKey(hashKeyIndex),
        sequenceNumber: this.#origin.sequenceNumber,
        subSequenceNumber: this.#index++,
        approximateArrivalTimestamp: this.#origin.approximateArrivalTimestamp,
        aggregated: true,
        misplaced: this.#keys.misplaced(keyIndex, hashKeyIndex),
        malformed: undefined,
      },
    }
  }

  advance(): DeaggregatedRecord | undefined {
    const step = this.next()
    return step.done === true ? undefined : step.value
  }

  /** Steps over user records without making them. */
  skip(count: number): void {
    for (let i = 0; i < count && this.#nextMessage() !== undefined; i++) this.#index++
  }

  #nextMessage(): Buffer | undefined {
    const reader = this.#reader
    while (reader.at < this.#end) {
      const tag = reader.tag(this.#end)
      if (tag >>> 3 === RECORDS_FIELD) {
        const end = reader.lengthDelimited(this.#end)
        const message = this.#bytes.subarray(reader.at, end)
        reader.at = end
        return message
      }
      reader.skip(tag & 7, this.#end)
    }
    return undefined
  }
}
