/** The user records of one Kinesis record: known in number and sound before the first is made. */
import type { HashWordRange } from '../hash-words.ts'
import { AggregateKeys } from './aggregate-keys.ts'
import { CanonicalCursor } from './canonical-cursor.ts'
import {
  type DeaggregatedRecord,
  NO_MORE,
  type RecordCursor,
  type RecordIterator,
  type RecordOrigin,
  type RecordStep,
} from './deaggregated-record.ts'
import type { AggregateLayout } from './layout.ts'
import type { MalformedReason } from './malformed.ts'
import { SchemaCursor } from './schema-cursor.ts'

/**
 * What `deaggregate` returns. User records are made one at a time while it is iterated, and again
 * at each iteration.
 *
 * @public
 */
export interface Deaggregation extends Iterable<DeaggregatedRecord> {
  /** Records to come: user records of an aggregate, 1 for anything else. */
  readonly count: number
  /** True when the Kinesis record is an aggregate, every part of it sound. */
  readonly aggregated: boolean
  /** Why a record that starts as an aggregate comes as one raw record; KPL's rule is all or none. */
  readonly malformed: MalformedReason | undefined
  /** Iterates from this sub-sequence number on; those before it are not made. */
  from(subSequenceNumber: number): Iterable<DeaggregatedRecord>
  [Symbol.iterator](): RecordIterator
}

/** What sibling packages read. */
export interface CursorDeaggregation extends Deaggregation {
  /** Stands before this sub-sequence number. */
  cursor(subSequenceNumber: number): RecordCursor
}

export class AggregateDeaggregation implements CursorDeaggregation {
  readonly count: number
  readonly aggregated: boolean = true
  readonly malformed: undefined = undefined
  readonly #bytes: Buffer
  readonly #layout: AggregateLayout
  readonly #keys: AggregateKeys
  readonly #origin: RecordOrigin

  constructor(
    bytes: Buffer,
    layout: AggregateLayout,
    origin: RecordOrigin,
    range: HashWordRange | undefined,
  ) {
    this.count = layout.records
    this.#bytes = bytes
    this.#layout = layout
    this.#keys = new AggregateKeys(bytes, layout, range)
    this.#origin = origin
  }

  from(subSequenceNumber: number): Iterable<DeaggregatedRecord> {
    return { [Symbol.iterator]: () => this.cursor(subSequenceNumber) }
  }

  [Symbol.iterator](): RecordIterator {
    return this.cursor(0)
  }

  cursor(subSequenceNumber: number): RecordCursor {
    const cursor = this.#layout.canonical
      ? new CanonicalCursor(this.#bytes, this.#layout, this.#keys, this.#origin)
      : new SchemaCursor(this.#bytes, this.#layout, this.#keys, this.#origin)
    cursor.skip(subSequenceNumber)
    return cursor
  }
}

/** A plain record, or one that only starts as an aggregate does. */
export class RawDeaggregation implements CursorDeaggregation {
  readonly count: number = 1
  readonly aggregated: boolean = false
  readonly malformed: MalformedReason | undefined
  readonly #record: DeaggregatedRecord

  constructor(record: DeaggregatedRecord) {
    this.malformed = record.malformed
    this.#record = record
  }

  from(subSequenceNumber: number): Iterable<DeaggregatedRecord> {
    return subSequenceNumber > 0 ? [] : [this.#record]
  }

  [Symbol.iterator](): RecordIterator {
    return new SingleCursor(this.#record)
  }

  cursor(subSequenceNumber: number): RecordCursor {
    return new SingleCursor(subSequenceNumber > 0 ? undefined : this.#record)
  }
}

class SingleCursor implements RecordCursor {
  #record: DeaggregatedRecord | undefined

  constructor(record: DeaggregatedRecord | undefined) {
    this.#record = record
  }

  next(): RecordStep {
    const value = this.#record
    if (value === undefined) return NO_MORE
    this.#record = undefined
    return { done: false, value }
  }

  advance(): DeaggregatedRecord | undefined {
    const value = this.#record
    this.#record = undefined
    return value
  }
}
