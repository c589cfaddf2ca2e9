/**
 * HOT: a Kinesis record that is no aggregate, as the one record that it is: about 20 ns, no object.
 */
import type { KinesisRecord } from '../ports/kinesis.ts'
import { checkRecordData } from '../record-rules.ts'
import {
  type DeaggregatedRecord,
  NO_MORE,
  type RecordCursor,
  type RecordStep,
} from './deaggregated-record.ts'

const NOTHING = new Uint8Array(0)

export class PlainCursor implements RecordCursor {
  readonly #shown: { -readonly [name in keyof DeaggregatedRecord]: DeaggregatedRecord[name] } = {
    data: NOTHING,
    partitionKey: undefined,
    explicitHashKey: undefined,
    sequenceNumber: '',
    subSequenceNumber: 0,
    approximateArrivalTimestamp: undefined,
    aggregated: false,
    misplaced: false,
    malformed: undefined,
  }
  #isLeft = false

  /**
   * Stands before this record, which does not start as an aggregate.
   *
   * @param from the first sub-sequence number that is asked for: the record's own is 0
   * @throws InvalidRecordError when it has no bytes
   */
  show(record: KinesisRecord, from: number): this {
    checkRecordData(record.Data)
    const shown = this.#shown
    shown.data = record.Data
    shown.partitionKey = record.PartitionKey
    shown.sequenceNumber = record.SequenceNumber
    shown.approximateArrivalTimestamp = record.ApproximateArrivalTimestamp
    this.#isLeft = from === 0
    return this
  }

  /** Keeps no data of the last record. */
  hide(): void {
    this.#shown.data = NOTHING
    this.#isLeft = false
  }

  next(): RecordStep {
    const value = this.advance()
    return value === undefined ? NO_MORE : { done: false, value }
  }

  advance(): DeaggregatedRecord | undefined {
    if (!this.#isLeft) return undefined
    this.#isLeft = false
    return this.#shown
  }
}
