/**
 * HOT: pages of Kinesis records -> user records in order, about 0.1 us a user record on top of
 * deaggregation and codec: one object each, positions kept in two fields.
 */
import type { Codec, ExtendedSequenceNumber, ShardHashKeyRange } from '@millrace/core'
import { compareSequenceNumbers } from '@millrace/core'
import type { DeaggregatedRecord, Deaggregation } from '@millrace/core/aggregation'
import { Deaggregator, type KinesisRecord } from '@millrace/core/internal'
import type { ConsumerRecord } from '../record.ts'
import type { OnMisplacedAggregate } from '../record-processor.ts'

export interface PageDeaggregatorOptions<T> {
  readonly codec: Codec<T>
  /** Everything at or before it was done in earlier tenures. */
  readonly after: ExtendedSequenceNumber | undefined
  /** Undefined: no user record is looked upon as misplaced. */
  readonly hashKeyRange: ShardHashKeyRange | undefined
  readonly onMisplacedAggregate: OnMisplacedAggregate
  /** Told once of each aggregate with user records of another shard, when it has been walked. */
  readonly onMisplaced: (sequenceNumber: string, outOfRange: number) => void
}

/** Something only a policy can decide about: `deliverRaw`, `skip`, or `fill` again. */
export interface Obstacle {
  readonly kind: 'malformed' | 'codec'
  readonly reason: string
  readonly sequenceNumber: string
  readonly data: Uint8Array
  /** The same with all that the stream tells of it. */
  readonly record: ConsumerRecord
  /** What the codec threw. */
  readonly error: unknown
}

type Cursor = Iterator<DeaggregatedRecord, unknown>

export class PageDeaggregator<T> {
  readonly #options: PageDeaggregatorOptions<T>
  readonly #deaggregator: Deaggregator
  #page: readonly KinesisRecord[] = []
  #next = 0
  #cursor: Cursor | undefined
  /** The record an obstacle was found in. */
  #held: DeaggregatedRecord | undefined
  #isRawWanted = false
  #misplaced = 0
  #sequenceNumber: string
  #subSequenceNumber: number
  #bytes = 0

  constructor(options: PageDeaggregatorOptions<T>) {
    this.#options = options
    this.#deaggregator = new Deaggregator(
      options.hashKeyRange === undefined ? {} : { hashKeyRange: options.hashKeyRange },
    )
    this.#sequenceNumber = options.after?.sequenceNumber ?? ''
    this.#subSequenceNumber = options.after?.subSequenceNumber ?? 0
  }

  /** The last record handed out or passed over on purpose; undefined before the first. */
  get position(): ExtendedSequenceNumber | undefined {
    if (this.#sequenceNumber === '') return undefined
    return {
      sequenceNumber: this.#sequenceNumber,
      subSequenceNumber: this.#subSequenceNumber,
    }
  }

  /** Data bytes handed out so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** True when `fill` has nothing more to give of this page; it may take one more `fill` to know. */
  get isExhausted(): boolean {
    return this.#held === undefined && this.#cursor === undefined && this.#next >= this.#page.length
  }

  /** Begins a page; the one before must be exhausted. */
  load(page: readonly KinesisRecord[]): void {
    this.#page = page
    this.#next = 0
  }

  /** Appends until `into` holds `max`, the page is exhausted, or an obstacle is met. */
  fill(into: ConsumerRecord<T>[], max: number): Obstacle | undefined {
    while (into.length < max) {
      let record = this.#held
      if (record === undefined) {
        if (this.#cursor === undefined) {
          if (this.#next >= this.#page.length) return undefined
          this.#cursor = this.#open(this.#page[this.#next++] as KinesisRecord)
          continue
        }
        const step = this.#cursor.next()
        if (step.done) {
          this.#close()
          continue
        }
        record = step.value
      }
      if (record.misplaced && this.#isFiltered(record)) continue
      if (record.malformed !== undefined && !this.#isRawWanted) {
        return this.#hold(record, 'malformed', record.malformed, undefined)
      }
      let data: T
      try {
        data = this.#options.codec.decode(record.data)
      } catch (error) {
        return this.#hold(record, 'codec', 'codec', error)
      }
      into.push(consumerRecord(record, data))
      this.#bytes += record.data.length
      this.#passed(record)
    }
    return undefined
  }

  /** Of a malformed record: its stored bytes come next, as one record. */
  deliverRaw(): void {
    this.#isRawWanted = true
  }

  /** The record at hand is passed over for good. */
  skip(): void {
    if (this.#held !== undefined) this.#passed(this.#held)
  }

  /** Decodes the record at hand once more; undefined when it would now succeed. */
  retryDecode(): Obstacle | undefined {
    const record = this.#held
    if (record === undefined) return undefined
    try {
      this.#options.codec.decode(record.data)
      return undefined
    } catch (error) {
      return this.#hold(record, 'codec', 'codec', error)
    }
  }

  #open(record: KinesisRecord): Cursor | undefined {
    const order = this.#orderOf(record.SequenceNumber)
    // The service starts at the stored record again, and a page may come twice (S10).
    if (order < 0) return undefined
    const deaggregation = this.#deaggregator.deaggregate(record)
    if (this.#options.onMisplacedAggregate === 'drop' && this.#dropped(record, deaggregation)) {
      return undefined
    }
    const records = order > 0 ? deaggregation : deaggregation.from(this.#subSequenceNumber + 1)
    return records[Symbol.iterator]()
  }

  /** Against the position: negative when done, 0 when the rest of the record may be owed. */
  #orderOf(sequenceNumber: string): number {
    const last = this.#sequenceNumber
    if (last === '') return 1
    // Numbers of one shard are equally long, and then their text has their order.
    if (sequenceNumber.length !== last.length) return compareSequenceNumbers(sequenceNumber, last)
    return sequenceNumber > last ? 1 : sequenceNumber < last ? -1 : 0
  }

  /** KCL's way: one user record of another shard, and none of the aggregate is delivered. */
  #dropped(record: KinesisRecord, deaggregation: Deaggregation): boolean {
    if (!deaggregation.aggregated || this.#options.hashKeyRange === undefined) return false
    let outOfRange = 0
    for (const userRecord of deaggregation) if (userRecord.misplaced) outOfRange++
    if (outOfRange === 0) return false
    this.#sequenceNumber = record.SequenceNumber
    this.#subSequenceNumber = deaggregation.count - 1
    this.#options.onMisplaced(record.SequenceNumber, outOfRange)
    return true
  }

  #isFiltered(record: DeaggregatedRecord): boolean {
    if (record !== this.#held) this.#misplaced++
    if (this.#options.onMisplacedAggregate !== 'filter') return false
    this.#passed(record)
    return true
  }

  #hold(
    record: DeaggregatedRecord,
    kind: Obstacle['kind'],
    reason: string,
    error: unknown,
  ): Obstacle {
    this.#held = record
    const { sequenceNumber, data } = record
    return { kind, reason, sequenceNumber, data, record: consumerRecord(record, data), error }
  }

  #passed(record: DeaggregatedRecord): void {
    this.#sequenceNumber = record.sequenceNumber
    this.#subSequenceNumber = record.subSequenceNumber
    this.#held = undefined
    this.#isRawWanted = false
  }

  #close(): void {
    this.#cursor = undefined
    if (this.#misplaced === 0) return
    this.#options.onMisplaced(this.#sequenceNumber, this.#misplaced)
    this.#misplaced = 0
  }
}

function consumerRecord<T>(record: DeaggregatedRecord, data: T): ConsumerRecord<T> {
  return {
    data,
    partitionKey: record.partitionKey,
    explicitHashKey: record.explicitHashKey,
    sequenceNumber: record.sequenceNumber,
    subSequenceNumber: record.subSequenceNumber,
    approximateArrivalTimestamp: record.approximateArrivalTimestamp as Date,
    aggregated: record.aggregated,
  }
}
