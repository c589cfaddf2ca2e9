/**
 * HOT: counting, about 10 ns a record. Memory is charged at admission and given back at settlement;
 * who finds no room waits in line, or is told to come back at `drain`.
 */
import { BufferFullError } from '../errors.ts'
import { type InLine, WaitingLine } from './waiting-line.ts'

export interface BackpressureLimits {
  readonly maxOutstandingRecords: number
  readonly maxBufferedBytes: number
  readonly maxWaitingPuts: number
}

/**
 * Holds up the calls for one place while others go on: a shard that takes nothing, or a stream that
 * is not known well enough to judge the record.
 */
export interface Gate {
  readonly isShut: boolean
}

/** A call of `put()` that waits for room, or at a gate. */
export interface WaitingPut extends InLine {
  readonly streamName: string
  readonly bytes: number
  /** The shut gate in its way, if there is one now. */
  gate(): Gate | undefined
  /** Its turn has come. It charges for itself, or settles its promise. */
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

export class Backpressure {
  readonly #limits: BackpressureLimits
  readonly #listener: BackpressureListener
  /** Waits for room. */
  readonly #line = new WaitingLine<WaitingPut>()
  readonly #gated = new Map<Gate, WaitingLine<WaitingPut>>()
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
    let oldest = this.#line.peek()?.sequence
    for (const line of this.#gated.values()) {
      const sequence = line.peek()?.sequence
      if (sequence !== undefined && (oldest === undefined || sequence < oldest)) oldest = sequence
    }
    return oldest
  }

  /** False as long as somebody waits: no call overtakes another. */
  hasRoom(bytes: number): boolean {
    return this.#line.length === 0 && this.#fits(bytes)
  }

  charge(bytes: number): void {
    this.#records++
    this.#bytes += bytes
  }

  release(records: number, bytes: number): void {
    this.#records -= records
    this.#bytes -= bytes
    this.serveSoon()
  }

  wantDrain(): void {
    this.#drainWanted = true
  }

  /** @throws BufferFullError when too many wait already */
  wait(put: WaitingPut, gate: Gate | undefined): void {
    const waiting = this.#waitingPuts()
    if (waiting >= this.#limits.maxWaitingPuts) {
      throw new BufferFullError(waiting, this.#records, this.#bytes)
    }
    // Behind those that wait for room: a gate of theirs shows when they get there, and a gate's line
    // is to be in the order of the calls, whose first one is the oldest.
    this.#lineAt(this.#line.length > 0 ? undefined : gate).join(put)
  }

  /** Takes a call out of the line; nothing if it is not in it. */
  cancel(put: WaitingPut): void {
    const { line } = put
    if (line === undefined) return
    put.line = undefined
    line.cancel()
    this.serveSoon()
  }

  /** Ends every wait; how many there were. */
  failWaiting(errorFor: (put: WaitingPut) => Error): number {
    let failed = 0
    for (const line of [this.#line, ...this.#gated.values()]) {
      for (let put = line.shift(); put !== undefined; put = line.shift()) {
        put.fail(errorFor(put))
        failed++
      }
    }
    this.#gated.clear()
    return failed
  }

  /** To be called when a gate may have opened; settlements do it themselves. */
  serveSoon(): void {
    if (this.#serveScheduled) return
    this.#serveScheduled = true
    // After the turn's settlements: a listener or a waiting put must not run amid them.
    queueMicrotask(this.#serve)
  }

  #fits(bytes: number): boolean {
    return (
      this.#records < this.#limits.maxOutstandingRecords &&
      this.#bytes + bytes <= this.#limits.maxBufferedBytes
    )
  }

  readonly #serve = (): void => {
    this.#serveScheduled = false
    if (this.#gated.size > 0) this.#admitGated()
    this.#admitWaiting()
    if (this.#drainWanted && this.#line.length === 0 && this.#isDrained()) {
      this.#drainWanted = false
      this.#listener.drained()
    }
    this.#listener.settled()
  }

  #admitWaiting(): void {
    for (let put = this.#line.peek(); put !== undefined; put = this.#line.peek()) {
      if (!this.#fits(put.bytes)) return
      this.#line.shift()
      const gate = put.gate()
      if (gate === undefined) put.admit()
      else this.#lineAt(gate).join(put)
    }
  }

  #admitGated(): void {
    for (const [gate, line] of this.#gated) {
      for (let put = line.peek(); put !== undefined; put = line.peek()) {
        if (gate.isShut || !this.#fits(put.bytes)) break
        line.shift()
        const next = put.gate()
        if (next === undefined || next === gate) put.admit()
        else this.#lineAt(next).join(put)
      }
      if (line.length === 0) this.#gated.delete(gate)
    }
  }

  #lineAt(gate: Gate | undefined): WaitingLine<WaitingPut> {
    if (gate === undefined) return this.#line
    let line = this.#gated.get(gate)
    if (line === undefined) {
      line = new WaitingLine()
      this.#gated.set(gate, line)
    }
    return line
  }

  #waitingPuts(): number {
    let count = this.#line.length
    for (const line of this.#gated.values()) count += line.length
    return count
  }

  #isDrained(): boolean {
    return (
      this.#records <= this.#limits.maxOutstandingRecords * DRAIN_BELOW &&
      this.#bytes <= this.#limits.maxBufferedBytes * DRAIN_BELOW
    )
  }
}
