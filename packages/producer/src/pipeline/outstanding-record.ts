/** HOT: one object per user record, from admission to settlement; about 150 bytes and its data. */
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

export interface AdmittedFields {
  /** Order of the calls to put and tryPut; never reused. */
  readonly sequence: number
  /** Empty for a record without one, on a stream that needs none. */
  readonly partitionKey: string
  /** Length of the partition key in UTF-8. */
  readonly keyBytes: number
  /** Canonical decimal text. */
  readonly explicitHashKey: string | undefined
  /** A copy of the user's bytes. */
  readonly data: Uint8Array
  readonly onStored: OnStored | undefined
  readonly onFailed: OnFailed | undefined
}

export class OutstandingRecord {
  readonly sequence: number
  readonly partitionKey: string
  readonly keyBytes: number
  readonly explicitHashKey: string | undefined
  data: Uint8Array
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

  constructor(fields: AdmittedFields, nowMs: number) {
    this.sequence = fields.sequence
    this.partitionKey = fields.partitionKey
    this.keyBytes = fields.keyBytes
    this.explicitHashKey = fields.explicitHashKey
    this.data = fields.data
    this.admittedMs = nowMs
    this.onStored = fields.onStored
    this.onFailed = fields.onFailed
    this.freeSinceMs = nowMs
    this.attempts = undefined
    this.place = undefined
    this.older = undefined
    this.newer = undefined
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
    return this.data.length + this.keyBytes
  }

  get attemptsMade(): number {
    return attemptsIn(this.attempts)
  }

  /** For a record that stays: copies its data out of a buffer shared with others that go. */
  keepApart(): void {
    const { data } = this
    if (data.buffer.byteLength > data.length) this.data = new Uint8Array(data)
  }
}
