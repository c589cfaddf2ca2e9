/** HOT: a Kinesis record in the making: the user records of one shard, and when they must leave. */
import {
  AGGREGATE_PARTITION_KEY,
  type AggregateEncoder,
  Deaggregator,
} from '@millrace/core/internal'
import type { AggregateBuffers } from './aggregate-buffers.ts'
import type { DataHolder, OutstandingRecord } from './outstanding-record.ts'
import type { ShardLane } from './shard-lane.ts'

/** Of what we wrote ourselves: no size is hostile. */
const reader = new Deaggregator({ maxUserRecords: 10_000_000 })

export class KinesisRecord implements DataHolder {
  readonly lane: ShardLane
  userRecords: OutstandingRecord[]
  /** Holds the same user records as `userRecords`; none while there is one only, which travels raw. */
  encoder: AggregateEncoder | undefined
  /** The aggregate, once it is written. */
  #aggregate: Uint8Array | undefined
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

  /** Takes the first user record's company: it has an encoder from now on. */
  beginAggregate(encoder: AggregateEncoder, maxBytes: number): void {
    this.encoder = encoder
    for (const record of this.userRecords) addTo(encoder, record, maxBytes)
  }

  /** False if the aggregate would become larger than `maxBytes`. */
  tryPack(record: OutstandingRecord, maxBytes: number): boolean {
    if (this.encoder === undefined || !addTo(this.encoder, record, maxBytes)) return false
    record.packInto(this)
    if (this.userRecords.length === 1) this.userRecords[0]?.packInto(this)
    return true
  }

  /** Its data for the wire. The encoder is free then. */
  write(buffers: AggregateBuffers): Uint8Array {
    const { userRecords, encoder } = this
    const first = userRecords[0] as OutstandingRecord
    if (userRecords.length === 1 || encoder === undefined) return first.data
    const aggregate = encoder.encodeInto(buffers.take(encoder.bytes))
    this.#aggregate = aggregate
    return aggregate
  }

  /** All its user records are stored: the buffer of the aggregate is free. */
  release(buffers: AggregateBuffers): void {
    if (this.#aggregate !== undefined) buffers.give(this.#aggregate)
    this.#aggregate = undefined
  }

  /** Its user records stay, but are to be packed anew: they get their data back, in copies. */
  unpack(): void {
    const aggregate = this.#aggregate ?? this.encoder?.encode()
    if (aggregate === undefined || this.userRecords.length < 2) return
    let i = 0
    for (const { data } of reader.deaggregate({ Data: aggregate, SequenceNumber: '0' })) {
      this.userRecords[i++]?.unpacked(new Uint8Array(data))
    }
  }

  #dropSettled(): void {
    const { encoder } = this
    if (encoder !== undefined) this.unpack()
    this.userRecords = this.userRecords.filter(isOutstanding)
    encoder?.reset()
    if (encoder !== undefined) this.beginAggregate(encoder, Number.POSITIVE_INFINITY)
  }
}

function addTo(encoder: AggregateEncoder, record: OutstandingRecord, maxBytes: number): boolean {
  const { partitionKey, keyBytes, explicitHashKey, data } = record
  return encoder.tryAdd(partitionKey, keyBytes, explicitHashKey, data, maxBytes)
}

export function isOutstanding(record: OutstandingRecord): boolean {
  return record.phase !== 'settled'
}
