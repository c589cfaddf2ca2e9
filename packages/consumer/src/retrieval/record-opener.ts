/**
 * A Kinesis record -> a cursor over its user records. A large one is opened in steps, and one that
 * may be dropped whole is looked through first; both wait here meanwhile.
 */
import type { DeaggregatedRecord } from '@millrace/core/aggregation'
import {
  type CursorDeaggregation,
  type Deaggregator,
  type KinesisRecord,
  PlainCursor,
  startsAsAggregate,
} from '@millrace/core/internal'
import { PageChecksums } from './page-checksums.ts'

/** Shows the same object again and again: what is kept of it is copied. */
export type Cursor = ReturnType<CursorDeaggregation['cursor']>

/** Who places records: the service (`auto`), the writer's keys, or nobody has asked yet. */
export type Placing = 'auto' | 'by-key' | 'not-asked'

export type Opened =
  | { readonly cursor: Cursor }
  /** Withheld whole, for so many user records of another shard. */
  | { readonly outOfRange: number; readonly lastSubSequenceNumber: number }
  /** To be withheld unless the service placed it: the first of its user records. */
  | { readonly doubtful: DeaggregatedRecord }

/** Larger records are opened in steps: a usual aggregate of KPL holds 50 KiB. */
const OPENED_AT_ONCE_BYTES = 256 * 1024
/** User records looked at in one step. */
const JUDGED_A_STEP = 64

export class RecordOpener {
  readonly #deaggregator: Deaggregator
  readonly #mayDrop: boolean
  readonly #plain = new PlainCursor()
  readonly #checksums = new PageChecksums(OPENED_AT_ONCE_BYTES)
  #page: readonly KinesisRecord[] = []
  #from = 0
  #opening: Generator<void, CursorDeaggregation> | undefined
  #judged: { readonly deaggregation: CursorDeaggregation; readonly records: Cursor } | undefined
  #outOfRange = 0

  /** @param mayDrop an aggregate with a user record of another shard is withheld whole, as by KCL */
  constructor(deaggregator: Deaggregator, mayDrop: boolean) {
    this.#deaggregator = deaggregator
    this.#mayDrop = mayDrop
  }

  /** True between `open` and the cursor, when that needs steps. */
  get isBusy(): boolean {
    return this.#opening !== undefined || this.#judged !== undefined
  }

  load(page: readonly KinesisRecord[]): void {
    this.#page = page
    this.#checksums.load(page)
  }

  /** Keeps nothing of the page, which has been opened to its end. */
  unload(): void {
    this.load([])
    this.#plain.hide()
  }

  /**
   * The record at this place of the page; places are asked for in order.
   *
   * @param from the first sub-sequence number that is owed
   */
  open(place: number, from: number, placing: Placing): Cursor | undefined {
    const record = this.#page[place] as KinesisRecord
    if (!startsAsAggregate(record.Data)) return this.#plain.show(record, from)
    this.#from = from
    if (record.Data.length > OPENED_AT_ONCE_BYTES) {
      this.#opening = this.#deaggregator.inSteps(record)
      return undefined
    }
    return this.#opened(this.#deaggregator.deaggregate(record, this.#checksums.at(place)), placing)
  }

  /** `turn`: timers and I/O should come first; `more`: when the time for them has come. */
  step(placing: Placing): Opened | 'turn' | 'more' {
    if (this.#opening === undefined) return this.#judge(placing)
    const step = this.#opening.next()
    if (step.done !== true) return 'turn'
    this.#opening = undefined
    const cursor = this.#opened(step.value, placing)
    return cursor === undefined ? 'turn' : { cursor }
  }

  #opened(deaggregation: CursorDeaggregation, placing: Placing): Cursor | undefined {
    if (!this.#mayDrop || !deaggregation.aggregated || placing === 'auto') {
      return this.#cursorOf(deaggregation)
    }
    this.#outOfRange = 0
    this.#judged = { deaggregation, records: deaggregation.cursor(0) }
    return undefined
  }

  #judge(placing: Placing): Opened | 'more' {
    if (this.#judged === undefined) return 'more'
    const { deaggregation, records } = this.#judged
    for (let i = 0; i < JUDGED_A_STEP; i++) {
      const userRecord = records.advance()
      if (userRecord === undefined) return this.#verdict(deaggregation, placing)
      if (userRecord.misplaced) this.#outOfRange++
    }
    return 'more'
  }

  #verdict(deaggregation: CursorDeaggregation, placing: Placing): Opened {
    const isDropped = this.#outOfRange > 0 && placing !== 'auto'
    const [doubtful] = isDropped && placing === 'not-asked' ? deaggregation : []
    if (doubtful !== undefined) return { doubtful }
    this.#judged = undefined
    return isDropped
      ? { outOfRange: this.#outOfRange, lastSubSequenceNumber: deaggregation.count - 1 }
      : { cursor: this.#cursorOf(deaggregation) }
  }

  #cursorOf(deaggregation: CursorDeaggregation): Cursor {
    return deaggregation.cursor(this.#from)
  }
}
