/**
 * A user record with an object of its own, from admission to settlement: one that is alone so far, or
 * that has failed before. The others are rows of their Kinesis record (kinesis-record.ts).
 */
import { isUint8Array } from 'node:util/types'
import { attemptsIn } from '../attempt-history.ts'
import type { UserRecordFailedError } from '../errors.ts'
import type { Attempt, UserRecordResult } from '../user-record.ts'

/** Waits in a stage; travels (or waits for its placement to be judged); has its outcome. */
export type RecordPhase = 'buffered' | 'in-flight' | 'settled'

/** Resolves the promise of a `put()`: with its result, or with a promise that was rejected. */
export type Resolve = (outcome: UserRecordResult | Promise<never>) => void

export interface OutcomeListener {
  stored(result: UserRecordResult): void
  /** False: it could tell nobody, so the loss is told as if no promise spoke for the record. */
  failed(error: UserRecordFailedError): unknown
}

/** Who is told the outcome of a record; nobody if undefined. */
export type Told = Resolve | OutcomeListener | undefined

export function tellResult(told: Resolve | OutcomeListener, result: UserRecordResult): void {
  if (typeof told === 'function') told(result)
  else told.stored(result)
}

/** False if nobody was told. */
export function tellError(told: Told, error: UserRecordFailedError): boolean {
  if (told === undefined) return false
  if (typeof told !== 'function') return told.failed(error) !== false
  told(Promise.reject(error))
  return true
}

/** Keeps count of the records that are outstanding for one shard. */
export interface RecordPlace {
  enters(records: number, bytes: number): void
  leaves(records: number, bytes: number): void
}

/** A Kinesis record that user records are packed in: the data of all, and all of most of them. */
export interface DataHolder {
  /** Gives each of its user records an object and a copy of its data back. */
  unpack(): void
  /** Gives each of its user records an object of its own. */
  unfold(): void
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
  readonly told: Told
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
    told: Told,
    nowMs: number,
  ) {
    this.sequence = sequence
    this.partitionKey = partitionKey
    this.keyBytes = keyBytes
    this.explicitHashKey = explicitHashKey
    this.dataBytes = data.length
    this.#data = data
    this.admittedMs = nowMs
    this.told = told
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
    this.#borrows = false
    this.#data = data
  }

  /** Its company in an aggregate has no objects of its own: it gets them. */
  unfoldCompany(): void {
    if (!isUint8Array(this.#data)) this.#data.unfold()
  }

  /** The record counts there from now on, and no longer where it did. */
  moveTo(place: RecordPlace | undefined): void {
    if (place === this.place) return
    this.place?.leaves(1, this.chargedBytes)
    this.place = place
    place?.enters(1, this.chargedBytes)
  }

  /** What the record is charged with until it settles. */
  get chargedBytes(): number {
    return this.dataBytes + this.keyBytes
  }

  get attemptsMade(): number {
    return attemptsIn(this.attempts)
  }
}
