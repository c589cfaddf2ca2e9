/** Where reading stands in one tenure: the iterator to ask for, and what retention has taken. No I/O. */
import { compareSequenceNumbers } from '@millrace/core'
import type { KinesisRecord } from '@millrace/core/internal'
import type { InitialPosition } from '../options.ts'
import {
  afterRecord,
  atRecord,
  type IteratorStart,
  OLDEST_RECORD,
  type StoredPosition,
  startOfTenure,
} from './start-position.ts'

/** A shard keeps its records for a day at least, so that younger ones are never looked for. */
const SHORTEST_RETENTION_MS = 86_400_000

/** Records that had left the stream before they were read. */
export interface MissedRecords {
  /** The last position read, or the stored checkpoint: it is gone as well. */
  readonly after: string
  /** When the record there arrived; undefined when this tenure has not read it: the table does not say. */
  readonly afterArrivalMs: number | undefined
  /** The oldest record that is left. */
  readonly resumedAt: string
  readonly resumedArrivalMs: number
}

interface Place {
  readonly sequenceNumber: string
  readonly arrivalMs: number | undefined
}

export class ReadPosition {
  readonly #stored: StoredPosition
  readonly #initialPosition: InitialPosition
  /** The last record accepted. */
  #last: { readonly sequenceNumber: string; readonly arrivalMs: number } | undefined
  /** What the next record will be, unless it is gone. */
  #expected: Place | undefined
  #startTimestampMs: number | undefined
  #isForeign = false

  constructor(stored: StoredPosition, initialPosition: InitialPosition) {
    this.#stored = stored
    this.#initialPosition = initialPosition
    this.#startTimestampMs = stored.startTimestampMs
  }

  /** Reading depends on the stored number still. */
  get isAtStored(): boolean {
    return this.#last === undefined && !this.#isForeign
  }

  /** The stored number is one of another shard: it leads nowhere. */
  markForeign(): void {
    this.#isForeign = true
  }

  /** LATEST was turned into an iterator then: from now on that time stands for it. */
  startedAtTip(serviceTimeMs: number): void {
    this.#startTimestampMs = serviceTimeMs
  }

  /** @throws InvalidOptionError, InvalidStreamModelError */
  nextStart(nowMs: number): IteratorStart {
    this.#expected = undefined
    if (this.#last !== undefined) {
      const { sequenceNumber, arrivalMs } = this.#last
      if (nowMs - arrivalMs < SHORTEST_RETENTION_MS) return afterRecord(sequenceNumber)
      // It comes again if it is still there, and is passed over then.
      this.#expected = this.#last
      return atRecord(sequenceNumber)
    }
    if (this.#isForeign) return OLDEST_RECORD
    const start = startOfTenure(
      { ...this.#stored, startTimestampMs: this.#startTimestampMs },
      this.#initialPosition,
    )
    if (start.StartingSequenceNumber !== undefined) {
      this.#expected = { sequenceNumber: start.StartingSequenceNumber, arrivalMs: undefined }
    }
    return start
  }

  /** Moves behind these records. @returns what is gone, when they do not begin where they should */
  accept(records: readonly KinesisRecord[]): MissedRecords | undefined {
    const first = records[0]
    const last = records.at(-1)
    if (first === undefined || last === undefined) return undefined
    this.#last = {
      sequenceNumber: last.SequenceNumber,
      arrivalMs: last.ApproximateArrivalTimestamp.getTime(),
    }
    const expected = this.#expected
    this.#expected = undefined
    if (expected === undefined) return undefined
    if (compareSequenceNumbers(first.SequenceNumber, expected.sequenceNumber) <= 0) return undefined
    return {
      after: expected.sequenceNumber,
      afterArrivalMs: expected.arrivalMs,
      resumedAt: first.SequenceNumber,
      resumedArrivalMs: first.ApproximateArrivalTimestamp.getTime(),
    }
  }
}
