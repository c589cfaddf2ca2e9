/** One timer for a whole stage: it rings at the earliest time that it was set to. */
import { monotonicMs, nextTurn, startTimer, stopTimer, type Timer } from '@millrace/core/internal'

/** The pipeline's clock: whole milliseconds of the monotonic clock. */
export function clockMs(): number {
  return Math.floor(monotonicMs())
}

/** A call of Node's clock costs as much as all the rest of what is done with a time. */
const CALLS_A_READING = 16
let readMs = 0
let callsLeft = 0
let turnEnds = false

/**
 * `clockMs` for what is done once a record: read once for the calls that one turn makes in a row, and
 * anew for each sixteenth of them, since a turn may be long.
 */
export function turnClockMs(): number {
  if (callsLeft === 0) {
    callsLeft = CALLS_A_READING
    readMs = clockMs()
    if (!turnEnds) queueMicrotask(endTurn)
    turnEnds = true
  }
  callsLeft--
  return readMs
}

function endTurn(): void {
  callsLeft = 0
  turnEnds = false
}

export class Alarm {
  readonly #ring: () => void
  #timer: Timer | undefined
  #atMs = Number.POSITIVE_INFINITY

  /** @param ring must set the alarm again if it is still needed; it may ring a little early */
  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** Rings at `atMs` or before; a later time than the one set already changes nothing. */
  setAt(atMs: number, nowMs: number): void {
    if (atMs >= this.#atMs) return
    stopTimer(this.#timer)
    this.#atMs = atMs
    if (atMs > nowMs) {
      this.#timer = startTimer(atMs - nowMs, this.#fire)
      return
    }
    // A timer of 0 ms takes 1 ms; the end of the turn is enough to gather what comes together.
    this.#timer = undefined
    nextTurn(() => {
      if (this.#atMs === atMs) this.#fire()
    })
  }

  /** Not before it is set again. */
  cancel(): void {
    stopTimer(this.#timer)
    this.#timer = undefined
    this.#atMs = Number.POSITIVE_INFINITY
  }

  /** For good: answers that come in late must not start a timer. */
  stop(): void {
    this.cancel()
    this.#atMs = Number.NEGATIVE_INFINITY
  }

  readonly #fire = (): void => {
    this.#timer = undefined
    this.#atMs = Number.POSITIVE_INFINITY
    this.#ring()
  }
}
