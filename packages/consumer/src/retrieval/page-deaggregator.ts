/**
 * HOT: pages of Kinesis records -> user records in order, about 0.1 us a user record on top of
 * deaggregation and codec: one object each, positions kept in two fields.
 */
import type { Codec, ExtendedSequenceNumber, ShardHashKeyRange } from '@millrace/core'
import { compareSequenceNumbers } from '@millrace/core'
import type { DeaggregatedRecord } from '@millrace/core/aggregation'
import { Deaggregator, type KinesisRecord, monotonicMs } from '@millrace/core/internal'
import type { ConsumerRecord } from '../record.ts'
import type { OnMisplacedAggregate } from '../record-processor.ts'
import { consumerRecord } from './consumer-record.ts'
import { type Cursor, type Placing, RecordOpener } from './record-opener.ts'

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

/** Timers and I/O wait no longer than this, and one look more. */
const MAX_TURN_MS = 20
/** The clock is read once in so many records, a power of two. */
const LOOK_EVERY = 64

export class PageDeaggregator<T> {
  readonly #options: PageDeaggregatorOptions<T>
  readonly #opener: RecordOpener
  #page: readonly KinesisRecord[] = []
  #next = 0
  #cursor: Cursor | undefined
  /** Asked before the first user record of a page is filtered, or the first aggregate dropped. */
  #question: Obstacle | undefined
  #placing: Placing = 'not-asked'
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
    const { hashKeyRange, onMisplacedAggregate } = options
    this.#opener = new RecordOpener(
      new Deaggregator(hashKeyRange === undefined ? {} : { hashKeyRange }),
      onMisplacedAggregate === 'drop' && hashKeyRange !== undefined,
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
    return (
      this.#held === undefined &&
      this.#cursor === undefined &&
      !this.#opener.isBusy &&
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
    this.#opener.load(page)
    this.#next = 0
    this.#placing = 'not-asked'
  }

  /**
   * Appends until `into` holds `max`, the page is exhausted, an obstacle is met, or other work wants
   * its turn.
   */
  fill(into: ConsumerRecord<T>[], max: number): Obstacle | undefined {
    const obstacle = this.#fill(into, max)
    // An idle shard would keep its last page.
    if (this.isExhausted) this.#unload()
    return obstacle
  }

  #fill(into: ConsumerRecord<T>[], max: number): Obstacle | undefined {
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
        record = this.#cursor.advance()
        if (record === undefined) {
          this.#close()
          continue
        }
      }
      if (record.misplaced && this.#placing !== 'auto') {
        if (record !== this.#held) this.#misplaced++
        if (this.#options.onMisplacedAggregate !== 'deliver' && this.#placing === 'not-asked') {
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
    this.#placing = isAuto ? 'auto' : 'by-key'
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
    if (this.#opener.isBusy) return this.#openOn()
    if (this.#next >= this.#page.length) return false
    const record = this.#page[this.#next++] as KinesisRecord
    const order = this.#orderOf(record.SequenceNumber)
    // The service starts at the stored record again, and a page may come twice (S10).
    if (order < 0) return true
    const from = order > 0 ? 0 : this.#subSequenceNumber + 1
    this.#cursor = this.#opener.open(this.#next - 1, from, this.#placing)
    return true
  }

  #openOn(): boolean {
    if (this.#question !== undefined) return false
    const opened = this.#opener.step(this.#placing)
    if (opened === 'turn') {
      this.#wantsTurn = true
      return false
    }
    if (opened === 'more') {
      this.#looks = LOOK_EVERY - 1
      return true
    }
    if ('doubtful' in opened) {
      this.#question = obstacleOf(opened.doubtful, 'misplaced', 'misplaced', undefined)
      return false
    }
    if ('cursor' in opened) this.#cursor = opened.cursor
    else this.#drop(opened)
    return true
  }

  #drop(dropped: { readonly outOfRange: number; readonly lastSubSequenceNumber: number }): void {
    this.#sequenceNumber = (this.#page[this.#next - 1] as KinesisRecord).SequenceNumber
    this.#subSequenceNumber = dropped.lastSubSequenceNumber
    this.#options.onMisplaced(this.#sequenceNumber, dropped.outOfRange)
  }

  /** Against the position: negative when done, 0 when the rest of the record may be owed. */
  #orderOf(sequenceNumber: string): number {
    const last = this.#sequenceNumber
    if (last === '') return 1
    // Numbers of one shard are equally long, and then their text has their order.
    if (sequenceNumber.length !== last.length) return compareSequenceNumbers(sequenceNumber, last)
    return sequenceNumber > last ? 1 : sequenceNumber < last ? -1 : 0
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

  #unload(): void {
    this.#page = []
    this.#next = 0
    this.#opener.unload()
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
