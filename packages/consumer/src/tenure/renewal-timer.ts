/**
 * When a lease is renewed next: a third of F after the last write that raised its counter, for each
 * is a heartbeat; sooner after a renewal without an answer.
 */
import type { Random } from '@millrace/core'
import { monotonicMs, startTimer, stopTimer, type Timer } from '@millrace/core/internal'
import { fullJitterMs } from '../backoff.ts'
import { renewalIntervalMs } from './belief.ts'

export interface RenewalTimerOptions {
  readonly failoverTimeMs: number
  readonly random: Random
  readonly onDue: () => void
}

/** Bound of the first pause after a renewal without an answer, milliseconds. */
const RETRY_MS = 500
const LEAST_PAUSE_MS = 100

export class RenewalTimer {
  readonly #options: RenewalTimerOptions
  #timer: Timer | undefined
  #failures = 0
  #isStopped = false

  constructor(options: RenewalTimerOptions) {
    this.#options = options
  }

  /** Tenures that begin together would else renew together, in step, for as long as they last. */
  spread(): void {
    const { failoverTimeMs, random } = this.#options
    this.#set(renewalIntervalMs(failoverTimeMs) * (0.5 + random.next() / 2))
  }

  /** A write landed that was sent then. */
  landed(writeSentMs: number): void {
    this.#failures = 0
    this.#set(writeSentMs + renewalIntervalMs(this.#options.failoverTimeMs) - monotonicMs())
  }

  /**
   * A table that throttles is not helped by hundreds of leases knocking in step; but one last try
   * comes before belief ends.
   *
   * @returns how many have failed in a row
   */
  failed(beliefLeftMs: number): number {
    const { failoverTimeMs, random } = this.#options
    const backoff = { firstMs: RETRY_MS, capMs: failoverTimeMs / 6 }
    const waitMs = fullJitterMs(backoff, ++this.#failures, random)
    this.#set(Math.min(waitMs, beliefLeftMs - RETRY_MS))
    return this.#failures
  }

  stop(): void {
    this.#isStopped = true
    stopTimer(this.#timer)
  }

  #set(delayMs: number): void {
    if (this.#isStopped) return
    stopTimer(this.#timer)
    this.#timer = startTimer(Math.max(LEAST_PAUSE_MS, delayMs), this.#options.onDue)
  }
}
