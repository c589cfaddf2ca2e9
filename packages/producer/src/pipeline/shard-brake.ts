/**
 * Pure: how a shard that throttles is slowed, and how it recovers. HOT: while a shard takes all that
 * it is sent, a Kinesis record costs one comparison.
 *
 * A call of which the shard took something lowers the rate a little; the rate grows back with time.
 * A call of which it took nothing closes the lane: full jitter, then one Kinesis record a call feels
 * whether the shard takes again, once a second at most.
 */

/** The pause after the first refusal is anywhere from 0 to this; the bound doubles up to the cap. */
const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 5000
/** From the second refusal in a row on, calls come no closer together. */
const LEAST_SPACING_MS = 1000
/** An unanswered call has failed by then, or another one may find out. */
const ANSWER_WAIT_MS = 2000
/** Rate after a call that was taken in part, or not at all, in proportion to the rate before. */
const EASED = 0.9
const REFUSED = 0.5
/** Answers of calls that travelled together count once. */
const EASING_PERIOD_MS = 200
const LEAST_SHARE = 0.05
const RECOVERY_PER_MS = 0.05 / 1000
/** A lane that is refused so often in a row is stuck: its backlog must not fill the whole buffer. */
const STUCK_REFUSALS = 2

export class ShardBrake {
  #refusals = 0
  #closedUntilMs = Number.NEGATIVE_INFINITY
  /** Answers to calls sent before say nothing new. */
  #heedSentFromMs = Number.NEGATIVE_INFINITY
  #share = 1
  #shareAtMs = 0
  #easedAtMs = Number.NEGATIVE_INFINITY

  /** True from a refusal until the shard takes something again. */
  get isOn(): boolean {
    return this.#refusals > 0
  }

  get isStuck(): boolean {
    return this.#refusals >= STUCK_REFUSALS
  }

  /** True while the shard gets less than its rate. */
  get isSlow(): boolean {
    return this.#share < 1
  }

  /** The part of its rate that the shard gets now. */
  shareAt(nowMs: number): number {
    const share = Math.min(1, this.#share + (nowMs - this.#shareAtMs) * RECOVERY_PER_MS)
    this.#share = share
    this.#shareAtMs = nowMs
    return share
  }

  /** Milliseconds until a Kinesis record may go; 0 when it may now. */
  waitMs(nowMs: number): number {
    return this.#refusals === 0 ? 0 : Math.max(0, this.#closedUntilMs - nowMs)
  }

  /** A Kinesis record goes to feel the shard: the next one waits for what comes of it. */
  probes(nowMs: number): void {
    this.#closedUntilMs = nowMs + ANSWER_WAIT_MS
  }

  /** The shard took something of a call, though not all. */
  eases(nowMs: number): void {
    if (nowMs - this.#easedAtMs < EASING_PERIOD_MS) return
    this.#easedAtMs = nowMs
    this.#slow(EASED, nowMs)
  }

  /**
   * The shard took nothing of a call.
   *
   * @param random uniform in [0, 1)
   */
  refuses(sentMs: number, nowMs: number, random: number): void {
    if (sentMs < this.#heedSentFromMs) return
    this.#heedSentFromMs = nowMs
    const bound = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#refusals, 16))
    this.#refusals++
    const pausedUntilMs = nowMs + Math.floor(random * bound)
    this.#closedUntilMs =
      this.#refusals === 1 ? pausedUntilMs : Math.max(pausedUntilMs, sentMs + LEAST_SPACING_MS)
    // Once an outage: how long it lasts says nothing about the rate after it.
    if (this.#refusals === 1) this.#slow(REFUSED, nowMs)
  }

  /** The shard took something. True if that opens the lane. */
  takes(sentMs: number): boolean {
    if (this.#refusals === 0 || sentMs < this.#heedSentFromMs) return false
    this.#refusals = 0
    this.#closedUntilMs = Number.NEGATIVE_INFINITY
    return true
  }

  #slow(factor: number, nowMs: number): void {
    this.#share = Math.max(LEAST_SHARE, this.shareAt(nowMs) * factor)
  }
}
