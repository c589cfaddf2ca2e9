/**
 * HOT: the checksums of the aggregates of a page, looked at several at a time: see checksums.ts of core.
 * About 0.3 us a KiB; plain records are passed over.
 */
import {
  type KinesisRecord,
  type KnownChecksum,
  startsAsAggregate,
  whichChecksumsHold,
} from '@millrace/core/internal'

/** Aggregates looked at together: a quarter of a millisecond if they are as large as KPL's, five times that at most. */
const TOGETHER = 16

export class PageChecksums {
  readonly #maxRecordBytes: number
  #page: readonly KinesisRecord[] = []
  readonly #known: KnownChecksum[] = []
  /** The record that `#known` begins with. */
  #from = 0

  /** @param maxRecordBytes nothing is found out about larger ones */
  constructor(maxRecordBytes: number) {
    this.#maxRecordBytes = maxRecordBytes
  }

  load(page: readonly KinesisRecord[]): void {
    this.#page = page
    this.#forget(0)
  }

  /** Of the record at this place of the page; places are asked for in order. */
  at(index: number): KnownChecksum {
    if (index - this.#from >= this.#known.length) this.#look(index)
    return this.#known[index - this.#from]
  }

  #look(from: number): void {
    this.#forget(from)
    const aggregates: Uint8Array[] = []
    const places: number[] = []
    for (let i = from; i < this.#page.length && aggregates.length < TOGETHER; i++) {
      const { Data } = this.#page[i] as KinesisRecord
      this.#known.push(undefined)
      if (Data.length > this.#maxRecordBytes || !startsAsAggregate(Data)) continue
      places.push(i - from)
      aggregates.push(Data)
    }
    const hold = whichChecksumsHold(aggregates)
    for (const [i, place] of places.entries()) this.#known[place] = hold[i] ? 'holds' : 'fails'
  }

  #forget(from: number): void {
    this.#known.length = 0
    this.#from = from
  }
}
