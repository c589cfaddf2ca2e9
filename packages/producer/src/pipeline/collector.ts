/** HOT: about 30 ns a Kinesis record; one array and one object a request. */
import { Alarm, clockMs } from './alarm.ts'
import {
  type CollectionLimits,
  collectionDeadlineMs,
  leavesAfter,
  leavesBefore,
} from './flush-decision.ts'
import type { KinesisRecord } from './kinesis-record.ts'

export interface CollectorOptions extends CollectionLimits {
  readonly bufferedTimeMs: number
  readonly aggregating: boolean
}

/** Kinesis records of a stream -> one PutRecords request, by size, count, shard or deadline. */
export class Collector {
  readonly #options: CollectorOptions
  readonly #next: (records: KinesisRecord[]) => void
  readonly #alarm: Alarm
  #records: KinesisRecord[] = []
  #bytes = 0
  #deadlineMs = Number.POSITIVE_INFINITY
  #urgentThrough = -1

  constructor(options: CollectorOptions, next: (records: KinesisRecord[]) => void) {
    this.#options = options
    this.#next = next
    this.#alarm = new Alarm(() => this.#flushDue())
  }

  add(record: KinesisRecord, nowMs: number): void {
    const bytes = record.wireBytes
    if (leavesBefore(this.#records.length, this.#bytes, bytes, this.#options)) this.flush()
    this.#records.push(record)
    this.#bytes += bytes
    const { lane } = record
    // Without a predicted shard there is no shard to keep small; only the request's limits hold.
    if (lane.shardId !== undefined) lane.collectedBytes += bytes
    if (leavesAfter(this.#records.length, this.#bytes, lane.collectedBytes, this.#options)) {
      this.flush()
      return
    }
    const { bufferedTimeMs, aggregating } = this.#options
    const deadlineMs = this.#isUrgent(record)
      ? nowMs
      : collectionDeadlineMs(
          record.deadlineMs,
          record.expiresMs,
          nowMs,
          bufferedTimeMs,
          aggregating,
        )
    if (deadlineMs < this.#deadlineMs) {
      this.#deadlineMs = deadlineMs
      this.#alarm.setAt(deadlineMs, nowMs)
    }
  }

  /** Sends on what is held, and until `relax` whatever comes up to this sequence at the end of its turn. */
  hurry(throughSequence: number): void {
    this.#urgentThrough = Math.max(this.#urgentThrough, throughSequence)
    this.flush()
  }

  relax(): void {
    this.#urgentThrough = -1
  }

  /** Sends on what is held at the end of the turn. */
  flushSoon(nowMs: number): void {
    if (this.#records.length === 0 || this.#deadlineMs <= nowMs) return
    this.#deadlineMs = nowMs
    this.#alarm.setAt(nowMs, nowMs)
  }

  /** Sends on what is held. */
  flush(): void {
    if (this.#records.length === 0) return
    const records = this.#records
    this.#records = []
    this.#bytes = 0
    this.#deadlineMs = Number.POSITIVE_INFINITY
    for (const { lane } of records) lane.collectedBytes = 0
    this.#next(records)
  }

  stop(): void {
    this.#alarm.stop()
  }

  #isUrgent({ firstSequence }: KinesisRecord): boolean {
    return firstSequence <= this.#urgentThrough
  }

  #flushDue(): void {
    const nowMs = clockMs()
    if (this.#deadlineMs <= nowMs) this.flush()
    else if (this.#records.length > 0) this.#alarm.setAt(this.#deadlineMs, nowMs)
  }
}
