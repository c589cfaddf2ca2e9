/** HOT: a Kinesis record in the making: the user records of one shard, and when they must leave. */
import { AGGREGATE_PARTITION_KEY, type AggregateEncoder } from '@millrace/core/internal'
import type { OutstandingRecord } from './outstanding-record.ts'
import type { ShardLane } from './shard-lane.ts'

export class KinesisRecord {
  readonly lane: ShardLane
  userRecords: OutstandingRecord[]
  /** Holds the same user records as `userRecords`; none while there is one only, which travels raw. */
  encoder: AggregateEncoder | undefined
  /** When it must leave the stage that it is in. */
  deadlineMs: number = Number.POSITIVE_INFINITY
  /** When its oldest user record expires. */
  expiresMs: number = Number.POSITIVE_INFINITY
  /** Most attempts that any of its user records has behind it. */
  attemptsMade = 0
  heapIndex = -1

  constructor(lane: ShardLane, encoder: AggregateEncoder | undefined) {
    this.lane = lane
    this.encoder = encoder
    this.userRecords = []
  }

  /** Notes a user record that the encoder has taken (or that travels alone). */
  add(record: OutstandingRecord, deadlineMs: number, expiresMs: number): void {
    this.userRecords.push(record)
    if (deadlineMs < this.deadlineMs) this.deadlineMs = deadlineMs
    if (expiresMs < this.expiresMs) this.expiresMs = expiresMs
    if (record.attempts !== undefined) {
      this.attemptsMade = Math.max(this.attemptsMade, record.attemptsMade)
    }
  }

  /** Data plus partition key, as the service counts them; exact unless a user record expired. */
  get wireBytes(): number {
    const first = this.userRecords[0]
    if (first === undefined) return 0
    if (this.encoder === undefined || this.userRecords.length === 1) return first.chargedBytes
    return this.encoder.bytes + AGGREGATE_PARTITION_KEY.length
  }

  /** Marks its user records as travelling; those that settled while they waited stay behind. */
  depart(): void {
    const { userRecords } = this
    let settled = 0
    for (let i = 0; i < userRecords.length; i++) {
      const record = userRecords[i] as OutstandingRecord
      if (record.phase === 'settled') settled++
      else record.phase = 'in-flight'
    }
    if (settled > 0) this.#dropSettled()
  }

  #dropSettled(): void {
    const { encoder } = this
    this.userRecords = this.userRecords.filter(isOutstanding)
    if (encoder === undefined) return
    encoder.reset()
    for (const { partitionKey, keyBytes, explicitHashKey, data } of this.userRecords) {
      encoder.tryAdd(partitionKey, keyBytes, explicitHashKey, data, Number.POSITIVE_INFINITY)
    }
  }
}

export function isOutstanding(record: OutstandingRecord): boolean {
  return record.phase !== 'settled'
}
