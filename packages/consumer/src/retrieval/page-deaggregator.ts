/**
 * HOT: pages of Kinesis records -> user records in order, about 0.1 us a user record on top of
 * deaggregation and codec: one object each, positions kept in two fields.
 */
import type { Codec, ExtendedSequenceNumber, ShardHashKeyRange } from '@millrace/core'
import { compareSequenceNumbers } from '@millrace/core'
import type { DeaggregatedRecord, Deaggregation } from '@millrace/core/aggregation'
import { Deaggregator, type KinesisRecord, monotonicMs } from '@millrace/core/internal'
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

/**
 * Something only a policy can decide about: `deliverRaw`, `skip`, or `fill` again; or, of `misplaced`,
 * the stream: `judgeMisplaced`.
 */
export interface Obstacle {
  readonly kind: 'malformed' | 'codec' | 'misplaced'
  readonly reason: string
  readonly sequenceNumber: string
  readonly data: Uint8Array
  /** The same with all that the stream tells of it. */
  readonly record: ConsumerRecord
  /** What the codec threw. */
  readonly error: unknown
}

type Cursor = Iterator<DeaggregatedRecord, unknown>

interface JudgedAggregate {
  readonly deaggregation: Deaggregation
  readonly records: Cursor
}

/** Larger records are opened in steps: a usual aggregate of KPL holds 50 KiB. */
const OPENED_AT_ONCE_BYTES = 256 * 1024
/** Timers and I/O wait no longer than this, and one look more. */
const MAX_TURN_MS = 5
/** The clock is read once in so many records, a power of two. */
const LOOK_EVERY = 64

export class PageDeaggregator<T> {
  readonly #options: PageDeaggregatorOptions<T>
  readonly #deaggregator: Deaggregator
  #page: readonly KinesisRecord[] = []
  #next = 0
  #cursor: Cursor | undefined
  readonly #mayDrop: boolean
  /** A record is opened or judged before it has a cursor. */
  #isAside = false
  /** Of a large record. */
  #opening: Generator<void, Deaggregation> | undefined
  /** Of an aggregate that is dropped if one user record is of another shard: looks at all of them first. */
  #judged: JudgedAggregate | undefined
  #outOfRange = 0
  /** Asked before the first user record of a page is filtered, or the first aggregate dropped. */
  #question: Obstacle | undefined
  #isJudged = false
  #isAuto = false
  #looks = 0
  #turnEndsMs = 0
  #wantsTurn = false
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
    this.#mayDrop = options.onMisplacedAggregate === 'drop' && options.hashKeyRange !== undefined
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
    return (
      this.#held === undefined &&
      this.#cursor === undefined &&
      !this.#isAside &&
      this.#next >= this.#page.length
    )
  }

  /** True when `fill` came back early to let the event loop go on: to be called again after a turn. */
  get wantsTurn(): boolean {
    return this.#wantsTurn
  }

  /** Begins a page; the one before must be exhausted. */
  load(page: readonly KinesisRecord[]): void {
    this.#page = page
    this.#next = 0
    this.#isJudged = false
    this.#isAuto = false
  }

  /**
   * Appends until `into` holds `max`, the page is exhausted, an obstacle is met, or other work wants
   * its turn.
   */
  fill(into: ConsumerRecord<T>[], max: number): Obstacle | undefined {
    this.#wantsTurn = false
    this.#turnEndsMs = monotonicMs() + MAX_TURN_MS
    while (into.length < max) {
      if ((++this.#looks & (LOOK_EVERY - 1)) === 0 && monotonicMs() >= this.#turnEndsMs) {
        this.#wantsTurn = true
        return undefined
      }
      let record = this.#held
      if (record === undefined) {
        if (this.#cursor === undefined) {
          if (!this.#nextCursor()) return this.#question
          continue
        }
        const step = this.#cursor.next()
        if (step.done) {
          this.#close()
          continue
        }
        record = step.value
      }
      if (record.misplaced && !this.#isAuto) {
        if (record !== this.#held) this.#misplaced++
        if (this.#options.onMisplacedAggregate !== 'deliver' && !this.#isJudged) {
          return this.#hold(record, 'misplaced', 'misplaced', undefined)
        }
        if (this.#options.onMisplacedAggregate === 'filter') {
          this.#passed(record)
          continue
        }
      }
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

  /**
   * Whether the service itself may have placed what is on this page: then nothing on it is misplaced.
   */
  judgeMisplaced(isAuto: boolean): void {
    this.#isJudged = true
    this.#isAuto = isAuto
    this.#question = undefined
    if (isAuto) this.#misplaced = 0
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

  /** One step towards the next cursor. @returns false when there is none, or others come first */
  #nextCursor(): boolean {
    if (this.#isAside) return this.#goOnAside()
    if (this.#next >= this.#page.length) return false
    const record = this.#page[this.#next++] as KinesisRecord
    const order = this.#orderOf(record.SequenceNumber)
    // The service starts at the stored record again, and a page may come twice (S10).
    if (order < 0) return true
    if (record.Data.length > OPENED_AT_ONCE_BYTES) {
      this.#isAside = true
      this.#opening = this.#deaggregator.inSteps(record)
      return true
    }
    this.#opened(order, this.#deaggregator.deaggregate(record))
    return true
  }

  #goOnAside(): boolean {
    if (this.#question !== undefined) return false
    if (this.#judged !== undefined) {
      this.#judge(this.#judged)
      return true
    }
    const step = this.#opening?.next()
    if (step?.done === true) {
      this.#opening = undefined
      this.#isAside = false
      const record = this.#page[this.#next - 1] as KinesisRecord
      this.#opened(this.#orderOf(record.SequenceNumber), step.value)
    }
    this.#wantsTurn = true
    return false
  }

  #opened(order: number, deaggregation: Deaggregation): void {
    if (this.#mayDrop && deaggregation.aggregated && !this.#isAuto) {
      this.#isAside = true
      this.#outOfRange = 0
      this.#judged = { deaggregation, records: deaggregation[Symbol.iterator]() }
    } else this.#walk(order, deaggregation)
  }

  #walk(order: number, deaggregation: Deaggregation): void {
    const records = order > 0 ? deaggregation : deaggregation.from(this.#subSequenceNumber + 1)
    this.#cursor = records[Symbol.iterator]()
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
  #judge({ deaggregation, records }: JudgedAggregate): void {
    const { SequenceNumber } = this.#page[this.#next - 1] as KinesisRecord
    for (let i = 0; i < LOOK_EVERY; i++) {
      const step = records.next()
      if (step.done === true) {
        if (this.#outOfRange > 0 && !this.#isAuto && !this.#isJudged) {
          this.#ask(deaggregation)
          return
        }
        this.#judged = undefined
        this.#isAside = false
        if (this.#outOfRange === 0 || this.#isAuto) {
          this.#walk(this.#orderOf(SequenceNumber), deaggregation)
        } else this.#drop(SequenceNumber, deaggregation.count)
        return
      }
      if (step.value.misplaced) this.#outOfRange++
    }
    this.#looks = LOOK_EVERY - 1
  }

  #ask(deaggregation: Deaggregation): void {
    const [first] = deaggregation
    if (first === undefined) return
    this.#question = obstacleOf(first, 'misplaced', 'misplaced', undefined)
  }

  #drop(sequenceNumber: string, count: number): void {
    this.#sequenceNumber = sequenceNumber
    this.#subSequenceNumber = count - 1
    this.#options.onMisplaced(sequenceNumber, this.#outOfRange)
  }

  #hold(
    record: DeaggregatedRecord,
    kind: Obstacle['kind'],
    reason: string,
    error: unknown,
  ): Obstacle {
    this.#held = record
    return obstacleOf(record, kind, reason, error)
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

function obstacleOf(
  record: DeaggregatedRecord,
  kind: Obstacle['kind'],
  reason: string,
  error: unknown,
): Obstacle {
  const { sequenceNumber, data } = record
  return { kind, reason, sequenceNumber, data, record: consumerRecord(record, data), error }
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
