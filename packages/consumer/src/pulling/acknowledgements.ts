/**
 * What was handed out and is acknowledged in any order counts as done as a gap-free prefix. One
 * small object a record; what is handed out is not kept alive by it.
 */
import type { ExtendedSequenceNumber } from '@millrace/core'

export interface AcknowledgementsOptions {
  /** Everything up to here is done; so many records more than at the call before. */
  readonly onDone: (at: ExtendedSequenceNumber, records: number) => void
  /** Fires when whoever would acknowledge has gone: what is outstanding then never will be. */
  readonly abandoned: AbortSignal
  /** Records handed out beyond the prefix at most; see `hasRoom`. */
  readonly maxOutstanding: number
}

/** One record that was handed out. */
export class Acknowledgement {
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
  readonly #of: Acknowledgements
  #isGiven = false

  constructor(of: Acknowledgements, at: ExtendedSequenceNumber) {
    this.#of = of
    this.sequenceNumber = at.sequenceNumber
    this.subSequenceNumber = at.subSequenceNumber
  }

  get isGiven(): boolean {
    return this.#isGiven
  }

  /** Again, or once nobody counts any more, it means nothing. */
  give(): void {
    if (this.#isGiven || this.#of.isAbandoned) return
    this.#isGiven = true
    this.#of.advance(this)
  }
}

interface Passed extends ExtendedSequenceNumber {
  readonly isGiven: true
  readonly onPassed?: (() => void) | undefined
}

/** Of one tenure of a shard. */
export class Acknowledgements {
  readonly #options: AcknowledgementsOptions
  /** In order of the shard; those before `#head` are done. */
  readonly #entries: (Acknowledgement | Passed)[] = []
  #head = 0
  #onRoom: (() => void) | undefined
  readonly #waiting = new Set<() => void>()

  constructor(options: AcknowledgementsOptions) {
    this.#options = options
  }

  get isAbandoned(): boolean {
    return this.#options.abandoned.aborted
  }

  /** False when no more may be handed out until some of it is acknowledged. */
  get hasRoom(): boolean {
    return this.#entries.length - this.#head < this.#options.maxOutstanding
  }

  /** Calls back once there is room again; a later call replaces an earlier one. */
  onceRoom(callback: () => void): void {
    this.#onRoom = callback
  }

  /** This record is handed out next. */
  open(at: ExtendedSequenceNumber): Acknowledgement {
    const opened = new Acknowledgement(this, at)
    this.#entries.push(opened)
    return opened
  }

  /** Up to here nothing is handed out any more: done with what comes before it. */
  passOver(at: ExtendedSequenceNumber): void {
    if (this.#head === this.#entries.length) {
      this.#options.onDone(at, 0)
      return
    }
    const { sequenceNumber, subSequenceNumber } = at
    const last = this.#entries.at(-1)
    if (last?.sequenceNumber === sequenceNumber && last.subSequenceNumber === subSequenceNumber) {
      return
    }
    // Pages without anything to hand out must not add up.
    if (!(last instanceof Acknowledgement) && last?.onPassed === undefined) this.#entries.pop()
    this.#entries.push({ sequenceNumber, subSequenceNumber, isGiven: true })
  }

  /** Calls back once everything that was handed out so far is done: at once if it is. */
  whenDone(callback: () => void): void {
    const last = this.#entries.at(-1)
    if (this.#head === this.#entries.length || last === undefined) {
      callback()
      return
    }
    const { sequenceNumber, subSequenceNumber } = last
    this.#entries.push({ sequenceNumber, subSequenceNumber, isGiven: true, onPassed: callback })
  }

  /** True once nothing is outstanding, at once if so; false when the signal fires first. */
  settled(halted: AbortSignal): Promise<boolean> {
    const { abandoned } = this.#options
    return new Promise((resolve) => {
      const look = (): void => {
        const isSettled = abandoned.aborted || this.#head === this.#entries.length
        if (!isSettled && !halted.aborted) return
        this.#waiting.delete(look)
        abandoned.removeEventListener('abort', look)
        halted.removeEventListener('abort', look)
        resolve(isSettled)
      }
      this.#waiting.add(look)
      abandoned.addEventListener('abort', look)
      halted.addEventListener('abort', look)
      look()
    })
  }

  /** For the record that was just acknowledged. */
  advance(given: Acknowledgement): void {
    if (this.#entries[this.#head] !== given) return
    let records = 0
    let last: Acknowledgement | Passed = given
    for (;;) {
      const next = this.#entries[this.#head]
      if (next === undefined || !next.isGiven) break
      if (next instanceof Acknowledgement) records++
      else next.onPassed?.()
      last = next
      this.#head++
    }
    this.#compact()
    this.#options.onDone(
      { sequenceNumber: last.sequenceNumber, subSequenceNumber: last.subSequenceNumber },
      records,
    )
    if (this.hasRoom) {
      const onRoom = this.#onRoom
      this.#onRoom = undefined
      onRoom?.()
    }
    for (const look of this.#waiting) look()
  }

  #compact(): void {
    if (this.#head === this.#entries.length) this.#entries.length = this.#head = 0
    else if (this.#head > KEPT_AT_MOST && this.#head * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#head)
      this.#head = 0
    }
  }
}

/** Entries that are done and still held, unless there are more that are not done. */
const KEPT_AT_MOST = 1000
