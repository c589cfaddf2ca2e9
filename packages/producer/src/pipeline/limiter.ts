/**
 * HOT: about 50 ns a Kinesis record that may go at once. Each shard has its own queue and buckets,
 * so a shard at its limit holds up nobody else.
 */
import { Alarm, clockMs } from './alarm.ts'
import { DeadlineHeap } from './deadline-heap.ts'
import type { Fifo } from './fifo.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import type { ShardLane } from './shard-lane.ts'

/**
 * Lanes that wait go on together at whole multiples of this, so that what is released shares a
 * request: one by one it would be a request a record. KPL drains as often.
 */
const DRAIN_PERIOD_MS = 25

export interface LimiterListener {
  /** A Kinesis record may go. */
  passed(record: KinesisRecord, nowMs: number): void
  /** A shard is at its limit: what has just passed for it need not wait for more. */
  limited(nowMs: number): void
}

/** Lets Kinesis records pass at the rate that their shard takes. KPL: `RateLimit`. */
export class Limiter {
  readonly #listener: LimiterListener
  readonly #waiting = new DeadlineHeap<ShardLane>()
  readonly #alarm: Alarm

  constructor(listener: LimiterListener) {
    this.#listener = listener
    this.#alarm = new Alarm(() => this.#releaseDue())
  }

  add(record: KinesisRecord, nowMs: number): void {
    const { lane } = record
    if (lane.shardId === undefined) {
      this.#listener.passed(record, nowMs)
      return
    }
    const queue = record.attemptsMade > 0 ? lane.retried : lane.fresh
    queue.push(record)
    // A lane in the heap has someone in front who must wait; a retried one may jump that queue.
    if (lane.heapIndex < 0 || (queue === lane.retried && queue.length === 1)) {
      this.#release(lane, nowMs)
    }
  }

  /** Takes back what is queued for a lane. */
  takeOut(lane: ShardLane): readonly KinesisRecord[] {
    this.#waiting.remove(lane)
    return lane.retried.takeAll().concat(lane.fresh.takeAll())
  }

  /** To be called when the wait of a lane may have become shorter. */
  paced(lane: ShardLane, nowMs: number): void {
    if (lane.heapIndex >= 0) this.#release(lane, nowMs)
  }

  stop(): void {
    this.#alarm.stop()
    this.#waiting.clear()
  }

  #releaseDue(): void {
    const nowMs = clockMs()
    for (let lane = this.#waiting.peek(); lane !== undefined; lane = this.#waiting.peek()) {
      if (lane.deadlineMs > nowMs) {
        this.#alarm.setAt(lane.deadlineMs, nowMs)
        return
      }
      this.#release(lane, nowMs)
    }
  }

  #release(lane: ShardLane, nowMs: number): void {
    let hasPassed = false
    for (;;) {
      const queue = frontQueue(lane)
      const record = queue?.peek()
      if (queue === undefined || record === undefined) {
        this.#waiting.remove(lane)
        return
      }
      if (!record.isOutstanding) {
        queue.shift()
        continue
      }
      const bytes = record.wireBytes
      const waitMs = lane.waitMs(bytes, nowMs)
      if (waitMs > 0) {
        lane.deadlineMs = Math.ceil((nowMs + waitMs) / DRAIN_PERIOD_MS) * DRAIN_PERIOD_MS
        const isNew = lane.heapIndex < 0
        this.#waiting.place(lane)
        this.#alarm.setAt(lane.deadlineMs, nowMs)
        if (hasPassed || isNew) this.#listener.limited(nowMs)
        return
      }
      queue.shift()
      lane.take(bytes, nowMs)
      this.#listener.passed(record, nowMs)
      hasPassed = true
    }
  }
}

function frontQueue(lane: ShardLane): Fifo<KinesisRecord> | undefined {
  if (lane.retried.length > 0) return lane.retried
  return lane.fresh.length > 0 ? lane.fresh : undefined
}
