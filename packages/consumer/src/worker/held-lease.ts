/**
 * One tenure of one lease: every counter-dependent write passes through here, one at a time, so
 * that a renewal and a checkpoint can never fence each other.
 */
import {
  compareExtendedSequenceNumbers,
  type ExtendedSequenceNumber,
  isServiceError,
  type Logger,
  type Random,
  ServiceError,
} from '@millrace/core'
import { monotonicMs, sleep, startTimer, stopTimer, type Timer } from '@millrace/core/internal'
import { type Backoff, fullJitterMs, isLoudFailure } from '../backoff.ts'
import { InvalidCheckpointError, LeaseLostError } from '../errors.ts'
import type { LeaseLossReason } from '../events.ts'
import { isShardEnded, type Lease } from '../lease/lease.ts'
import type { HolderWrite, LeaseStore } from '../lease/lease-store.ts'
import { judgeHolderWrite } from '../lease/write-outcome.ts'
import { beliefEndMs, renewalIntervalMs } from './belief.ts'
import { Serial } from './serial.ts'
import type { Tenure } from './tenure.ts'

export interface HeldLeaseOptions {
  readonly lease: Lease
  readonly store: LeaseStore
  readonly workerId: string
  readonly failoverTimeMs: number
  readonly logger: Logger
  readonly random: Random
  /** Called once, when the tenure ends. */
  readonly onEnd: (held: HeldLease, reason: LeaseLossReason) => void
  readonly onCheckpoint: (held: HeldLease, at: ExtendedSequenceNumber) => void
}

/** A write that has not landed although the row is ours is sent again this often. */
const MAX_SENDS = 3
/** Bound of the first pause after a renewal without an answer, milliseconds. */
const RENEWAL_RETRY_MS = 500
const MIN_RENEWAL_RETRY_MS = 100
const HAND_OVER_BACKOFF: Backoff = { firstMs: 200, capMs: 2000 }

export class HeldLease implements Tenure {
  readonly #options: HeldLeaseOptions
  readonly #writes = new Serial()
  readonly #abort = new AbortController()
  #lease: Lease
  #epoch = 0
  #beliefEndMs = Number.NEGATIVE_INFINITY
  #beliefTimer: Timer | undefined
  #renewalTimer: Timer | undefined
  /** When the oldest write was sent of which we do not know whether it landed. */
  #unsettledSinceMs: number | undefined
  #renewalFailures = 0
  #ended: LeaseLossReason | undefined
  /** The row of another holder, as it was when we lost. */
  #lostTo: Lease | undefined

  constructor(options: HeldLeaseOptions) {
    this.#options = options
    this.#lease = options.lease
  }

  get leaseKey(): string {
    return this.#lease.leaseKey
  }
  get shardId(): string {
    return this.#lease.shardId
  }
  get epoch(): number {
    return this.#epoch
  }
  get lease(): Lease {
    return this.#lease
  }
  get signal(): AbortSignal {
    return this.#abort.signal
  }
  /** Defined once the tenure is over. */
  get ended(): LeaseLossReason | undefined {
    return this.#ended
  }
  get lostTo(): Lease | undefined {
    return this.#lostTo
  }

  believes(): boolean {
    return this.#ended === undefined && monotonicMs() < this.#beliefEndMs
  }

  /**
   * The first renewal: belief and epoch start with it, nothing may be delivered before.
   *
   * @throws LeaseLostError, ServiceError
   */
  async begin(): Promise<void> {
    try {
      await this.#write((lease) => this.#options.store.renew(lease, this.#options.workerId))
    } catch (cause) {
      this.#end('released')
      throw cause
    }
    this.#epoch = this.#lease.leaseCounter
    // Tenures that begin together would else renew together, in step, for as long as they last.
    const { failoverTimeMs, random } = this.#options
    this.#scheduleRenewal(renewalIntervalMs(failoverTimeMs) * (0.5 + random.next() / 2))
  }

  async checkpoint(at: ExtendedSequenceNumber): Promise<void> {
    await this.#write((lease) => {
      this.#refuseStepBack(at, lease)
      return this.#options.store.checkpoint(lease, this.#options.workerId, at)
    })
    this.#options.onCheckpoint(this, at)
  }

  async prepareCheckpoint(
    at: ExtendedSequenceNumber,
    state: Uint8Array | undefined,
  ): Promise<void> {
    await this.#write((lease) => {
      this.#refuseStepBack(at, lease)
      return this.#options.store.prepareCheckpoint(lease, this.#options.workerId, at, state)
    })
  }

  async recordStartTimestamp(startTimestampMs: number): Promise<void> {
    await this.#write((lease) =>
      this.#options.store.recordStartTimestamp(lease, this.#options.workerId, startTimestampMs),
    )
  }

  /**
   * Ends the tenure by giving the lease to `newOwner`, or to nobody. Tried again while this worker
   * believes; after that the lease runs out by itself. Never rejects.
   */
  handOver(newOwner: string | undefined): Promise<void> {
    return this.#writes.run(async () => {
      const { logger } = this.#options
      for (let failures = 1; this.believes(); failures++) {
        try {
          await this.#giveAway(newOwner)
          break
        } catch (cause) {
          if (isLoudFailure(failures)) {
            logger.warn(
              { ...this.#ids(), err: cause, failures },
              'a lease could not be handed over yet',
            )
          }
          await this.#pause(fullJitterMs(HAND_OVER_BACKOFF, failures, this.#options.random))
        }
      }
      this.#end('released')
    })
  }

  /** Ends the tenure without a word to the table: the row expires by itself. */
  abandon(): void {
    this.#end('released')
  }

  #write(send: (lease: Lease) => Promise<HolderWrite>): Promise<void> {
    return this.#writes.run(async () => {
      for (let sends = 0; sends < MAX_SENDS; sends++) {
        this.#refuseEnded()
        if (await this.#sendOnce(send)) return
      }
      throw new ServiceError('UpdateItem', 'TimeoutError', `lease ${this.leaseKey} was not written`)
    })
  }

  /** True when the write has landed. */
  async #sendOnce(send: (lease: Lease) => Promise<HolderWrite>): Promise<boolean> {
    const sentMs = monotonicMs()
    let write: HolderWrite
    try {
      write = await send(this.#lease)
    } catch (cause) {
      if (isServiceError(cause) && cause.ambiguous) this.#unsettledSinceMs ??= sentMs
      throw cause
    }
    if (write.outcome === 'lost') {
      this.#lostTo = write.lease
      const tidied = write.lease === undefined && isShardEnded(this.#lease)
      this.#end(tidied ? 'released' : 'stolen')
      throw new LeaseLostError(
        this.leaseKey,
        tidied ? 'its shard has ended and its row was deleted' : 'another worker wrote to its row',
      )
    }
    const moved = write.lease.leaseCounter !== this.#lease.leaseCounter
    // Refused, and no write of ours in doubt: the step is somebody else's, under our own name.
    if (write.lookedUp === 'refused' && moved && this.#unsettledSinceMs === undefined) {
      this.#options.logger.error(
        this.#ids(),
        'a lease was written under this worker id by another process; worker ids must be unique',
      )
      this.#end('stolen')
      throw new LeaseLostError(
        this.leaseKey,
        'another process wrote to its row under the same worker id',
      )
    }
    this.#lease = write.lease
    if (write.outcome === 'not-applied') {
      if (moved) this.#settle(this.#unsettledSinceMs)
      else this.#unsettledSinceMs ??= sentMs
      return false
    }
    // What was looked up may be the effect of an earlier write, so belief counts from that one.
    this.#settle(write.lookedUp === undefined ? sentMs : (this.#unsettledSinceMs ?? sentMs))
    return true
  }

  async #giveAway(newOwner: string | undefined): Promise<void> {
    const { store, logger } = this.#options
    const lease = await this.#settled()
    const handed =
      newOwner === undefined ? await store.release(lease) : await store.assign(lease, newOwner)
    if (handed === undefined) logger.warn(this.#ids(), 'a lease moved before it was handed over')
  }

  /** Ends early when the tenure does. */
  async #pause(waitMs: number): Promise<void> {
    await sleep(waitMs, this.signal).catch(() => undefined)
  }

  /** The lease as the row has it, should a write before have landed without an answer. */
  async #settled(): Promise<Lease> {
    if (this.#unsettledSinceMs === undefined) return this.#lease
    const { store, workerId } = this.#options
    const now = await store.get(this.leaseKey)
    const lost = now === undefined || judgeHolderWrite(this.#lease, now, workerId) === 'lost'
    return lost ? this.#lease : now
  }

  #settle(writeSentMs: number | undefined): void {
    this.#unsettledSinceMs = undefined
    if (writeSentMs === undefined || this.#ended !== undefined) return
    const endMs = beliefEndMs(writeSentMs, this.#options.failoverTimeMs)
    if (endMs <= this.#beliefEndMs) return
    this.#beliefEndMs = endMs
    stopTimer(this.#beliefTimer)
    this.#beliefTimer = startTimer(Math.max(0, endMs - monotonicMs()), () => this.#end('expired'))
  }

  #scheduleRenewal(delayMs: number): void {
    if (this.#ended !== undefined) return
    this.#renewalTimer = startTimer(delayMs, () => void this.#renew())
  }

  async #renew(): Promise<void> {
    const { store, workerId, failoverTimeMs, logger, random } = this.#options
    try {
      await this.#write((lease) => store.renew(lease, workerId))
      this.#renewalFailures = 0
      this.#scheduleRenewal(renewalIntervalMs(failoverTimeMs))
    } catch (cause) {
      if (this.#ended !== undefined) return
      const failures = ++this.#renewalFailures
      logger.warn(
        { ...this.#ids(), err: cause, failures },
        'a lease renewal was not answered; trying again',
      )
      // A table that throttles is not helped by hundreds of leases knocking in step; but one last
      // try comes before belief ends.
      const backoff = { firstMs: RENEWAL_RETRY_MS, capMs: failoverTimeMs / 6 }
      const lastTryMs = this.#beliefEndMs - monotonicMs() - RENEWAL_RETRY_MS
      const waitMs = Math.min(fullJitterMs(backoff, failures, random), lastTryMs)
      this.#scheduleRenewal(Math.max(MIN_RENEWAL_RETRY_MS, waitMs))
    }
  }

  #refuseEnded(): void {
    if (this.#ended === undefined) return
    throw new LeaseLostError(this.leaseKey, `its tenure has ended (${this.#ended})`)
  }

  /** A stored position never goes back, whoever asks for it. */
  #refuseStepBack(at: ExtendedSequenceNumber, lease: Lease): void {
    if (compareExtendedSequenceNumbers(at, lease.checkpoint) >= 0) return
    throw new InvalidCheckpointError(
      this.shardId,
      `${at.sequenceNumber}/${at.subSequenceNumber} is behind the stored ${lease.checkpoint.sequenceNumber}/${lease.checkpoint.subSequenceNumber}`,
    )
  }

  #end(reason: LeaseLossReason): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    stopTimer(this.#beliefTimer)
    stopTimer(this.#renewalTimer)
    this.#abort.abort(new LeaseLostError(this.leaseKey, reason))
    this.#options.onEnd(this, reason)
  }

  #ids(): { readonly shardId: string; readonly epoch: number } {
    return { shardId: this.shardId, epoch: this.#epoch }
  }
}
