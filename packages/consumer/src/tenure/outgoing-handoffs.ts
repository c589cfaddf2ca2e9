/**
 * Our end of the handoffs that a leader asks of this worker: how long the handler may take, and what
 * came of each. KCL: `LeaseGracefulShutdownHandler`.
 */
import type { Logger } from '@millrace/core'
import { monotonicMs, startTimer, stopTimer, type Timer } from '@millrace/core/internal'
import type { HandoffInfo, LeaseLossReason } from '../events.ts'
import type { HeldLease } from './held-lease.ts'
import type { Parting } from './lease-giver.ts'

export interface OutgoingHandoffsOptions {
  /** From when this worker learns of a handoff until it hands over regardless. */
  readonly timeoutMs: number
  readonly logger: Logger
  readonly onEnded: (info: HandoffInfo) => void
}

interface Pending {
  readonly shardId: string
  readonly askedMs: number
  readonly timer: Timer
  isTimedOut: boolean
}

export class OutgoingHandoffs {
  readonly #options: OutgoingHandoffsOptions
  readonly #pending = new Map<string, Pending>()

  constructor(options: OutgoingHandoffsOptions) {
    this.#options = options
  }

  asked(held: HeldLease): void {
    const { timeoutMs, logger } = this.#options
    const { leaseKey, shardId } = held
    const to = held.lease.leaseOwner
    logger.info({ shardId, to, timeoutMs }, 'this lease is to be handed over')
    const timer = startTimer(timeoutMs, () => this.#timedOut(held))
    this.#pending.set(leaseKey, { shardId, askedMs: monotonicMs(), timer, isTimedOut: false })
  }

  /** Whoever ends a tenure in order hands it over next; the others have nothing left to hand. */
  tenureEnded(leaseKey: string, reason: LeaseLossReason): void {
    stopTimer(this.#pending.get(leaseKey)?.timer)
    if (reason !== 'released') this.parted(leaseKey, { outcome: 'lost', to: undefined })
  }

  parted(leaseKey: string, { outcome, to }: Parting): void {
    const pending = this.#pending.get(leaseKey)
    if (pending === undefined) return
    this.#pending.delete(leaseKey)
    const { shardId, askedMs, isTimedOut } = pending
    const given = isTimedOut ? 'timed-out' : 'completed'
    const reason = outcome === 'given' ? given : outcome
    const info: HandoffInfo = { leaseKey, shardId, to, reason, tookMs: monotonicMs() - askedMs }
    this.#options.logger.info({ ...info }, 'a handoff has ended')
    this.#options.onEnded(info)
  }

  #timedOut(held: HeldLease): void {
    const pending = this.#pending.get(held.leaseKey)
    if (pending !== undefined) pending.isTimedOut = true
    const { shardId } = held
    this.#options.logger.warn({ shardId }, 'a handler did not stop in time; its lease moves on')
    void held.cutShort()
  }
}
