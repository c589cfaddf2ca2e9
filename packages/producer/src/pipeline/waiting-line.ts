/** Calls that wait in line, in the order in which they were made. Who gives up leaves at once, its slot in bulk. */
import { Fifo } from './fifo.ts'

/** Cancelled calls are let go together once there are this many more than twice the line. */
const MOST_CANCELLED = 64

export interface Line {
  cancel(): void
}

export interface InLine {
  /** Order of the calls. */
  readonly sequence: number
  /** Where it stands in line; kept by the line itself. */
  line: Line | undefined
}

export class WaitingLine<T extends InLine> implements Line {
  readonly #calls = new Fifo<T>()
  #length = 0
  #lastSequence = -1

  get length(): number {
    return this.#length
  }

  join(call: T): void {
    call.line = this
    this.#length++
    if (this.#calls.length > 0 && call.sequence < this.#lastSequence) {
      this.#pushIn(call)
    } else {
      this.#calls.push(call)
      this.#lastSequence = call.sequence
    }
  }

  /** Who has waited longest. */
  peek(): T | undefined {
    while (this.#isGone(this.#calls.peek())) this.#calls.shift()
    return this.#calls.peek()
  }

  /** The first one leaves. */
  shift(): T | undefined {
    const call = this.peek()
    if (call === undefined) return undefined
    this.#calls.shift()
    call.line = undefined
    this.#length--
    return call
  }

  /** To be called when a call in this line has set its `line` to undefined: it waits no more. */
  cancel(): void {
    this.#length--
    if (this.#calls.length <= MOST_CANCELLED + 2 * this.#length) return
    for (const call of this.#calls.takeAll()) if (!this.#isGone(call)) this.#calls.push(call)
  }

  /** Rare: it comes from another line. */
  #pushIn(call: T): void {
    const calls = [...this.#calls.takeAll(), call]
    for (const each of calls.sort((a, b) => a.sequence - b.sequence)) this.#calls.push(each)
  }

  #isGone(call: T | undefined): boolean {
    return call !== undefined && call.line !== this
  }
}
