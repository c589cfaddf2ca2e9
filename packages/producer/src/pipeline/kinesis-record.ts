/**
 * HOT: a Kinesis record in the making: the user records of one shard, and when they must leave. Most of
 * its user records are rows here and no objects: who is told, when it came, how long its data is; their
 * keys and data lie in the aggregate, from which they are read again when one of them needs an object.
 */
import type { DeaggregatedRecord } from '@millrace/core/aggregation'
import {
  AGGREGATE_PARTITION_KEY,
  type AggregateEncoder,
  Deaggregator,
} from '@millrace/core/internal'
import type { AggregateBuffers } from './aggregate-buffers.ts'
import type { OutstandingList } from './outstanding-list.ts'
import { type DataHolder, OutstandingRecord, type Told } from './outstanding-record.ts'
import type { ShardLane } from './shard-lane.ts'

/** Of what we wrote ourselves: no size is hostile, and the checksum may not be written yet. */
const reader = new Deaggregator({ maxUserRecords: 10_000_000 })

function read(aggregate: Uint8Array): Iterable<DeaggregatedRecord> {
  return reader.deaggregate({ Data: aggregate, SequenceNumber: '0' }, 'holds')
}

export class KinesisRecord implements DataHolder {
  readonly lane: ShardLane
  readonly #list: OutstandingList
  /** User records that have an object, and the row of each: all, or a few. */
  #objects: OutstandingRecord[] = []
  #objectRows: number[] = []
  /** Of each user record: who is told if it has no object, when it came, how long its data is. */
  #told: Told[] = []
  #admittedMs: number[] = []
  #dataBytes: number[] = []
  #plainRows = 0
  #plainBytes = 0
  /** Holds the same user records as the rows; none while there is one only, which travels raw. */
  encoder: AggregateEncoder | undefined
  /** The aggregate, once it is written. */
  #aggregate: Uint8Array | undefined
  #hasDeparted = false
  /** Its user records have their data themselves. */
  #isUnpacked = false
  /** Its user records are being told that they are stored: those without an object get none any more. */
  isSettling = false
  /** Of its earliest call. */
  firstSequence: number = Number.POSITIVE_INFINITY
  /** When it must leave the stage that it is in. */
  deadlineMs: number = Number.POSITIVE_INFINITY
  /** When its oldest user record expires. */
  expiresMs: number = Number.POSITIVE_INFINITY
  /** Most attempts that any of its user records has behind it. */
  attemptsMade = 0
  heapIndex = -1

  /** @param list gets the user records that are given an object later */
  constructor(lane: ShardLane, list: OutstandingList) {
    this.lane = lane
    this.#list = list
    this.encoder = undefined
  }

  /** User records. */
  get length(): number {
    return this.#told.length
  }

  /** The one under whose key it travels; it has an object. */
  get first(): OutstandingRecord | undefined {
    return this.#objects[0]
  }

  /** All of them, with an object each: not for what is done for each record that is stored. */
  get userRecords(): readonly OutstandingRecord[] {
    this.unfold()
    return this.#objects
  }

  /** User records without an object. */
  get plainRows(): number {
    return this.#plainRows
  }

  /** What these are charged with. */
  get plainBytes(): number {
    return this.#plainBytes
  }

  /** Those that have an object now. */
  get objects(): readonly OutstandingRecord[] {
    return this.#objects
  }

  /** The row of `objects[i]`. */
  rowOfObject(i: number): number | undefined {
    return this.#objectRows[i]
  }

  toldAt(row: number): Told {
    return this.#told[row]
  }

  admittedMsAt(row: number): number {
    return this.#admittedMs[row] as number
  }

  dataBytesAt(row: number): number {
    return this.#dataBytes[row] as number
  }

  /** Notes a user record that the encoder has taken (or that travels alone). */
  add(record: OutstandingRecord, deadlineMs: number, expiresMs: number): void {
    this.#objectRows.push(this.length)
    this.#objects.push(record)
    this.#told.push(undefined)
    this.#admittedMs.push(record.admittedMs)
    this.#dataBytes.push(record.dataBytes)
    if (record.sequence < this.firstSequence) this.firstSequence = record.sequence
    if (deadlineMs < this.deadlineMs) this.deadlineMs = deadlineMs
    if (expiresMs < this.expiresMs) this.expiresMs = expiresMs
    if (record.attempts !== undefined) {
      this.attemptsMade = Math.max(this.attemptsMade, record.attemptsMade)
    }
  }

  /** Data plus partition key, as the service counts them; exact unless a user record expired. */
  get wireBytes(): number {
    const { first } = this
    if (first === undefined) return 0
    if (this.encoder === undefined || this.length === 1) return first.chargedBytes
    return this.encoder.bytes + AGGREGATE_PARTITION_KEY.length
  }

  /** True while one of its user records has no outcome. */
  get isOutstanding(): boolean {
    return this.#plainRows > 0 || this.userRecords.some(isOutstanding)
  }

  /** Marks its user records as travelling; those that settled while they waited stay behind. */
  depart(): void {
    this.#hasDeparted = true
    let settled = 0
    for (const record of this.#objects) {
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
    this.#isUnpacked = false
    if (this.length === 1) this.first?.packInto(this)
    return true
  }

  /**
   * Takes a user record that gets no object, and that came after all that are here. False if there is
   * no aggregate yet, if it would become too large, or if nobody would look after this one's age.
   */
  tryPackRow(
    partitionKey: string,
    keyBytes: number,
    explicitHashKey: string | undefined,
    data: Uint8Array,
    told: Told,
    nowMs: number,
    maxBytes: number,
  ): boolean {
    const { encoder, first } = this
    // The oldest one stands in the list of outstanding records for those without an object.
    if (encoder === undefined || first?.phase !== 'buffered') return false
    if (!encoder.tryAdd(partitionKey, keyBytes, explicitHashKey, data, maxBytes)) return false
    // It has its data itself if it was asked for: it would not lead to those without an object then.
    if (this.#plainRows === 0) first.packInto(this)
    this.#told.push(told)
    this.#admittedMs.push(nowMs)
    this.#dataBytes.push(data.length)
    this.#isUnpacked = false
    this.#plainRows++
    this.#plainBytes += data.length + keyBytes
    return true
  }

  /** Its aggregate but for the checksum, undefined if it travels raw. The encoder is free then. */
  write(buffers: AggregateBuffers): Uint8Array | undefined {
    const { encoder } = this
    if (this.length === 1 || encoder === undefined) return undefined
    const aggregate = encoder.encodeInto(buffers.take(encoder.bytes))
    this.#aggregate = aggregate
    return aggregate
  }

  /** All its user records are stored: the buffer of the aggregate is free. */
  release(buffers: AggregateBuffers): void {
    if (this.#aggregate !== undefined) buffers.give(this.#aggregate)
    this.#aggregate = undefined
  }

  /** All its user records have been told: it has none any more. */
  forgetRows(): void {
    this.#clearRows()
    this.#plainRows = 0
    this.#plainBytes = 0
  }

  /** Undoes `depart`: its user records wait again. Reads nothing, so that it cannot fail. */
  comeBack(): void {
    this.#hasDeparted = false
    for (const record of this.#objects) if (record.phase === 'in-flight') record.phase = 'buffered'
  }

  /** True while one of its user records is on its way. */
  get isInFlight(): boolean {
    if (this.#plainRows > 0) return this.#hasDeparted
    return this.userRecords.some(({ phase }) => phase === 'in-flight')
  }

  unpack(): void {
    if (this.#isUnpacked || this.length < 2) return
    const aggregate = this.#packed
    if (aggregate === undefined) return
    if (this.#plainRows > 0 && !this.isSettling) {
      this.#unfold(aggregate)
      return
    }
    this.#isUnpacked = true
    let row = 0
    let i = 0
    for (const { data } of read(aggregate)) {
      if (this.#objectRows[i] === row++) this.#objects[i++]?.unpacked(new Uint8Array(data))
    }
  }

  unfold(): void {
    if (this.#plainRows === 0 || this.isSettling) return
    this.#unfold(this.#packed as Uint8Array)
  }

  /** The aggregate as it is now. */
  get #packed(): Uint8Array | undefined {
    const { encoder } = this
    if (encoder === undefined || encoder.records < 2) return this.#aggregate
    return this.#aggregate ?? encoder.encodeInto(Buffer.allocUnsafeSlow(encoder.bytes))
  }

  #unfold(aggregate: Uint8Array): void {
    const { lane, first } = this
    const all: OutstandingRecord[] = []
    const unfolded: OutstandingRecord[] = []
    let withObject = 0
    for (const userRecord of read(aggregate)) {
      const { partitionKey = '', explicitHashKey } = userRecord
      const data = new Uint8Array(userRecord.data)
      const row = all.length
      if (this.#objectRows[withObject] === row) {
        const record = this.#objects[withObject++] as OutstandingRecord
        record.unpacked(data)
        all.push(record)
      } else {
        const record = new OutstandingRecord(
          // Near enough: calls of one aggregate are flushed together.
          this.firstSequence,
          partitionKey,
          Buffer.byteLength(partitionKey),
          explicitHashKey,
          data,
          this.#told[row],
          this.admittedMsAt(row),
        )
        record.unpacked(data)
        record.place = lane
        if (this.#hasDeparted) record.phase = 'in-flight'
        all.push(record)
        unfolded.push(record)
      }
    }
    this.#objects = all
    this.#objectRows = all.map((_, row) => row)
    this.#plainRows = 0
    this.#plainBytes = 0
    this.#isUnpacked = true
    this.#list.addBehind(first as OutstandingRecord, unfolded)
  }

  #clearRows(): void {
    this.#objects = []
    this.#objectRows = []
    this.#told = []
    this.#admittedMs = []
    this.#dataBytes = []
  }

  #dropSettled(): void {
    const { encoder } = this
    if (encoder !== undefined) this.unpack()
    const left = this.userRecords.filter(isOutstanding)
    this.#clearRows()
    for (const record of left) this.add(record, this.deadlineMs, this.expiresMs)
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
