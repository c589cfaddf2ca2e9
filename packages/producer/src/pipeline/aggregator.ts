/**
 * HOT: about 0.2 us a user record, nearly all of it in the encoder; a Kinesis record allocates an
 * object and five arrays, a user record nothing.
 */
import { AggregateEncoder } from '@millrace/core/internal'
import { Alarm, clockMs } from './alarm.ts'
import { DeadlineHeap } from './deadline-heap.ts'
import { aggregationDeadlineMs } from './flush-decision.ts'
import { KinesisRecord } from './kinesis-record.ts'
import type { OutstandingList } from './outstanding-list.ts'
import type { OutstandingRecord, Told } from './outstanding-record.ts'
import type { ShardLane } from './shard-lane.ts'

export interface AggregatorOptions {
  /** False: every user record becomes a Kinesis record of its own. */
  readonly enabled: boolean
  readonly maxRecords: number
  readonly maxBytes: number
  readonly bufferedTimeMs: number
  readonly recordTtlMs: number
  readonly list: OutstandingList
}

/** Idle encoders kept for the next Kinesis records; more than this are left to the collector of garbage. */
const MAX_IDLE_ENCODERS = 64

/** User records of one predicted shard -> one Kinesis record, by size, count or deadline. */
export class Aggregator {
  readonly #options: AggregatorOptions
  readonly #next: (record: KinesisRecord, nowMs: number) => void
  readonly #open = new DeadlineHeap<KinesisRecord>()
  readonly #alarm: Alarm
  readonly #idleEncoders: AggregateEncoder[] = []
  readonly #maxRecords: number
  readonly #maxBytes: number
  #urgentThrough = -1

  constructor(options: AggregatorOptions, next: (record: KinesisRecord, nowMs: number) => void) {
    this.#options = options
    this.#next = next
    this.#maxRecords = options.maxRecords
    this.#maxBytes = options.maxBytes
    this.#alarm = new Alarm(() => this.#flushDue())
  }

  /** Takes a user record; into an aggregate if its lane has a shard. */
  add(record: OutstandingRecord, lane: ShardLane, nowMs: number): void {
    const { maxBytes, bufferedTimeMs, recordTtlMs } = this.#options
    const expiresMs = record.admittedMs + recordTtlMs
    const deadlineMs =
      record.sequence <= this.#urgentThrough
        ? nowMs
        : aggregationDeadlineMs(
            record.admittedMs,
            record.attempts !== undefined,
            nowMs,
            bufferedTimeMs,
            expiresMs,
          )
    if (
      !this.#options.enabled ||
      lane.shardId === undefined ||
      record.dataBytes > maxBytes ||
      // Without a key of its own it has none inside an aggregate either.
      record.partitionKey === ''
    ) {
      record.keepData()
      const alone = new KinesisRecord(lane, this.#options.list)
      alone.add(record, deadlineMs, expiresMs)
      this.#next(alone, nowMs)
      return
    }
    let open = lane.open
    if (open === undefined || !this.#joins(open, record, maxBytes)) {
      if (open !== undefined) this.#close(open, nowMs)
      open = new KinesisRecord(lane, this.#options.list)
      lane.open = open
    }
    const before = open.deadlineMs
    open.add(record, deadlineMs, expiresMs)
    if (open.length >= this.#options.maxRecords) {
      // With a limit of one it has not been packed, and may be sent before this call returns.
      record.keepData()
      this.#close(open, nowMs)
    } else if (open.deadlineMs !== before) {
      this.#open.place(open)
      this.#alarm.setAt(open.deadlineMs, nowMs)
    }
  }

  /**
   * Takes a user record into the open aggregate of its lane, without an object for it. It changes no
   * deadline: those that are there came before. False: it has not been taken, `add` is to be called.
   */
  addRow(
    lane: ShardLane,
    sequence: number,
    partitionKey: string,
    keyBytes: number,
    explicitHashKey: string | undefined,
    data: Uint8Array,
    told: Told,
    nowMs: number,
  ): boolean {
    const { open } = lane
    if (open === undefined || partitionKey === '' || sequence <= this.#urgentThrough) return false
    // The last one that fits closes it.
    if (open.length + 1 >= this.#maxRecords) return false
    return open.tryPackRow(
      partitionKey,
      keyBytes,
      explicitHashKey,
      data,
      told,
      nowMs,
      this.#maxBytes,
    )
  }

  /** Sends on everything held, and later everything up to this sequence as soon as it comes. */
  flush(throughSequence: number, nowMs: number): void {
    this.#urgentThrough = Math.max(this.#urgentThrough, throughSequence)
    for (let open = this.#open.peek(); open !== undefined; open = this.#open.peek()) {
      this.#close(open, nowMs)
    }
  }

  /** Takes back what is held for a lane. */
  takeOut(lane: ShardLane): readonly OutstandingRecord[] {
    const open = lane.open
    if (open === undefined) return []
    lane.open = undefined
    this.#open.remove(open)
    open.unpack()
    this.recycle(open)
    return open.userRecords
  }

  /** Gets a Kinesis record's encoder back once its bytes are written. */
  recycle(record: KinesisRecord): void {
    const encoder = record.encoder
    if (encoder === undefined) return
    record.encoder = undefined
    encoder.reset()
    if (this.#idleEncoders.length < MAX_IDLE_ENCODERS) this.#idleEncoders.push(encoder)
  }

  stop(): void {
    this.#alarm.stop()
    this.#open.clear()
  }

  /** An encoder takes 6 KiB and more: a record that has no company (yet) does without. */
  #joins(open: KinesisRecord, record: OutstandingRecord, maxBytes: number): boolean {
    if (open.encoder === undefined) {
      open.beginAggregate(this.#idleEncoders.pop() ?? new AggregateEncoder(), maxBytes)
    }
    if (open.tryPack(record, maxBytes)) return true
    if (open.length === 1) this.recycle(open)
    return false
  }

  #close(open: KinesisRecord, nowMs: number): void {
    open.lane.open = undefined
    this.#open.remove(open)
    this.#next(open, nowMs)
  }

  #flushDue(): void {
    const nowMs = clockMs()
    for (let open = this.#open.peek(); open !== undefined; open = this.#open.peek()) {
      if (open.deadlineMs > nowMs) {
        this.#alarm.setAt(open.deadlineMs, nowMs)
        return
      }
      this.#close(open, nowMs)
    }
  }
}
