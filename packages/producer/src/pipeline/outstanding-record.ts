/** HOT: one object of about 150 bytes per user record, from admission to settlement. */
import { isUint8Array } from 'node:util/types'
import { attemptsIn } from '../attempt-history.ts'
import type { UserRecordFailedError } from '../errors.ts'
import type { Attempt, UserRecordResult } from '../user-record.ts'

/** Waits in a stage; travels (or waits for its placement to be judged); has its outcome. */
export type RecordPhase = 'buffered' | 'in-flight' | 'settled'

/** Who is told the outcome of a record: the promise of `put()`, a stream, or nobody. */
export type OnStored = (result: UserRecordResult) => void
/** False: it could tell nobody, so the loss is told as if no promise spoke for the record. */
export type OnFailed = (error: UserRecordFailedError) => unknown

/** Keeps count of the records that are outstanding for one shard. */
export interface RecordPlace {
  enters(record: OutstandingRecord): void
  leaves(record: OutstandingRecord): void
}

/** A Kinesis record that user records are packed in. */
export interface DataHolder {
  /** Gives each of its user records a copy of its data back. */
  unpack(): void
}

export class OutstandingRecord {
  /** Order of the calls to put and tryPut; never reused. */
  readonly sequence: number
  /** Empty for a record without one, on a stream that needs none. */
  readonly partitionKey: string
  /** Length of the partition key in UTF-8. */
  readonly keyBytes: number
  /** Canonical decimal text. */
  readonly explicitHashKey: string | undefined
  /** Length of the data. */
  readonly dataBytes: number
  /** Its data, or the Kinesis record that holds it: most records are never asked for it again. */
  #data: Uint8Array | DataHolder
  /** True while the data is still the user's own, who may change it once the call has returned. */
  #borrows = true
  readonly admittedMs: number
  onStored: OnStored | undefined
  onFailed: OnFailed | undefined
  phase: RecordPhase = 'buffered'
  /** Failed attempts, bounded (attempt-history.ts); undefined until the first one. */
  attempts: Attempt[] | undefined
  /** Admission, or the end of the last attempt: what the next attempt's delay counts from. */
  freeSinceMs: number
  /** Where it counts; undefined while it waits for a shard map. */
  place: RecordPlace | undefined
  /** Neighbours in the list of outstanding records. */
  older: OutstandingRecord | undefined
  newer: OutstandingRecord | undefined

  /** @param data the user's own bytes: `keepData` or `packInto` before the call returns */
  constructor(
    sequence: number,
    partitionKey: string,
    keyBytes: number,
    explicitHashKey: string | undefined,
    data: Uint8Array,
    onStored: OnStored | undefined,
    onFailed: OnFailed | undefined,
    nowMs: number,
  ) {
    this.sequence = sequence
    this.partitionKey = partitionKey
    this.keyBytes = keyBytes
    this.explicitHashKey = explicitHashKey
    this.dataBytes = data.length
    this.#data = data
    this.admittedMs = nowMs
    this.onStored = onStored
    this.onFailed = onFailed
    this.freeSinceMs = nowMs
    this.attempts = undefined
    this.place = undefined
    this.older = undefined
    this.newer = undefined
  }

  get data(): Uint8Array {
    // Not by instanceof: bytes from another realm (vm, a test runner) are bytes too.
    if (!isUint8Array(this.#data)) this.#data.unpack()
    return this.#data as Uint8Array
  }

  /** Makes sure that the data is safe from its user: copies it, unless it lies safe already. */
  keepData(): void {
    if (!this.#borrows) return
    this.#borrows = false
    this.#data = new Uint8Array(this.#data as Uint8Array)
  }

  /** The holder has the data now. */
  packInto(holder: DataHolder): void {
    this.#borrows = false
    this.#data = holder
  }

  /** Gets its data back, in a copy of its own. */
  unpacked(data: Uint8Array): void {
    this.#data = data
  }

  /** The record counts there from now on, and no longer where it did. */
  moveTo(place: RecordPlace | undefined): void {
    if (place === this.place) return
    this.place?.leaves(this)
    this.place = place
    place?.enters(this)
  }

  /** What the record is charged with until it settles. */
  get chargedBytes(): number {
    return this.dataBytes + this.keyBytes
  }

  get attemptsMade(): number {
    return attemptsIn(this.attempts)
  }
}
