/** User records that wait out their back-off, in groups, so that they can be aggregated again. */
import { Alarm, clockMs } from './alarm.ts'
import { DeadlineHeap, type HeapItem } from './deadline-heap.ts'
import type { OutstandingRecord } from './outstanding-record.ts'

interface RetryGroup extends HeapItem {
  readonly records: readonly OutstandingRecord[]
}

export class Retrier {
  readonly #next: (records: readonly OutstandingRecord[], nowMs: number) => void
  readonly #groups = new DeadlineHeap<RetryGroup>()
  readonly #alarm: Alarm

  /** @param next gets records that are due; some may have settled while they waited */
  constructor(next: (records: readonly OutstandingRecord[], nowMs: number) => void) {
    this.#next = next
    this.#alarm = new Alarm(() => this.#releaseDue())
  }

  add(records: readonly OutstandingRecord[], delayMs: number, nowMs: number): void {
    this.#groups.place({ records, deadlineMs: nowMs + delayMs, heapIndex: -1 })
    this.#alarm.setAt(nowMs + delayMs, nowMs)
  }

  stop(): void {
    this.#alarm.stop()
    this.#groups.clear()
  }

  #releaseDue(): void {
    const nowMs = clockMs()
    for (let group = this.#groups.peek(); group !== undefined; group = this.#groups.peek()) {
      if (group.deadlineMs > nowMs) {
        this.#alarm.setAt(group.deadlineMs, nowMs)
        return
      }
      this.#groups.remove(group)
      this.#next(group.records, nowMs)
    }
  }
}
