/**
 * HOT: counting, about 10 ns a record. Memory is charged at admission and given back at settlement;
 * who finds no room waits in line, or is told to come back at `drain`.
 */
import { BufferFullError } from '../errors.ts'
import { Fifo } from './fifo.ts'

export interface BackpressureLimits {
  readonly maxOutstandingRecords: number
  readonly maxBufferedBytes: number
  readonly maxWaitingPuts: number
}

/** A call of `put()` that waits for room. */
export interface WaitingPut {
  readonly sequence: number
  readonly bytes: number
  /** True while it stands in line; kept by the line itself. */
  waits: boolean
  /** There is room now. It charges for itself, or settles its promise. */
  admit(): void
  fail(error: Error): void
}

export interface BackpressureListener {
  /** There is room after `wantDrain()`. */
  drained(): void
  /** Once a turn, after records have settled. */
  settled(): void
}

/** `drain` comes when this much of the buffer is free again, so that writers do not flutter. */
const DRAIN_BELOW = 0.75
/** Cancelled calls are let go together once there are this many more than half of the line. */
const MOST_CANCELLED = 64

export class Backpressure {
  readonly #limits: BackpressureLimits
  readonly #listener: BackpressureListener
  #waiting = new Fifo<WaitingPut>()
  #waitingCount = 0
  #records = 0
  #bytes = 0
  #drainWanted = false
  #serveScheduled = false

  constructor(limits: BackpressureLimits, listener: BackpressureListener) {
    this.#limits = limits
    this.#listener = listener
  }

  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Sequence of the put that has waited longest. */
  get oldestWaitingSequence(): number | undefined {
    this.#dropCancelled()
    return this.#waiting.peek()?.sequence
  }

  /** False as long as somebody waits: no call overtakes another. */
  hasRoom(bytes: number): boolean {
    return this.#waitingCount === 0 && this.#fits(bytes)
  }

  charge(bytes: number): void {
    this.#records++
    this.#bytes += bytes
  }

  release(bytes: number): void {
    this.#records--
    this.#bytes -= bytes
    this.#scheduleServe()
  }

  wantDrain(): void {
    this.#drainWanted = true
  }

  /** @throws BufferFullError when too many wait already */
  wait(put: WaitingPut): void {
    if (this.#waitingCount >= this.#limits.maxWaitingPuts) {
      throw new BufferFullError(this.#waitingCount, this.#records, this.#bytes)
    }
    put.waits = true
    this.#waiting.push(put)
    this.#waitingCount++
  }

  /** Takes a call out of the line; nothing if it is not in it. */
  cancel(put: WaitingPut): void {
    if (!put.waits) return
    put.waits = false
    this.#waitingCount--
    if (this.#waiting.length > MOST_CANCELLED + 2 * this.#waitingCount) this.#compact()
    this.#scheduleServe()
  }

  /** Ends every wait; how many there were. */
  failWaiting(errorFor: () => Error): number {
    let failed = 0
    for (const put of this.#waiting.takeAll()) {
      if (!put.waits) continue
      put.waits = false
      put.fail(errorFor())
      failed++
    }
    this.#waitingCount = 0
    return failed
  }

  #fits(bytes: number): boolean {
    return (
      this.#records < this.#limits.maxOutstandingRecords &&
      this.#bytes + bytes <= this.#limits.maxBufferedBytes
    )
  }

  #scheduleServe(): void {
    if (this.#serveScheduled) return
    this.#serveScheduled = true
    // After the turn's settlements: a listener or a waiting put must not run amid them.
    queueMicrotask(this.#serve)
  }

  readonly #serve = (): void => {
    this.#serveScheduled = false
    this.#admitWaiting()
    if (this.#drainWanted && this.#waitingCount === 0 && this.#isDrained()) {
      this.#drainWanted = false
      this.#listener.drained()
    }
    this.#listener.settled()
  }

  #admitWaiting(): void {
    for (;;) {
      this.#dropCancelled()
      const put = this.#waiting.peek()
      if (put === undefined || !this.#fits(put.bytes)) return
      this.#waiting.shift()
      put.waits = false
      this.#waitingCount--
      put.admit()
    }
  }

  #dropCancelled(): void {
    while (this.#waiting.peek()?.waits === false) this.#waiting.shift()
  }

  #compact(): void {
    for (const put of this.#waiting.takeAll()) if (put.waits) this.#waiting.push(put)
  }

  #isDrained(): boolean {
    return (
      this.#records <= this.#limits.maxOutstandingRecords * DRAIN_BELOW &&
      this.#bytes <= this.#limits.maxBufferedBytes * DRAIN_BELOW
    )
  }
}
