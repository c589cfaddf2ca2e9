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
import { monotonicMs, noMetrics } from '@millrace/core/internal'
import { InvalidCheckpointError, LeaseLostError } from '../errors.ts'
import type { LeaseLossReason } from '../events.ts'
import { isShardEnded, type Lease } from '../lease/lease.ts'
import type { HolderWrite, LeaseStore } from '../lease/lease-store.ts'
import { measured } from '../metrics/measured.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'
import { BeliefClock } from './belief-clock.ts'
import type { LeaseGiver } from './lease-giver.ts'
import { RenewalTimer } from './renewal-timer.ts'
import { Serial } from './serial.ts'
import type { Tenure } from './tenure.ts'

export interface HeldLeaseOptions {
  readonly lease: Lease
  readonly store: LeaseStore
  readonly giver: LeaseGiver
  readonly workerId: string
  readonly failoverTimeMs: number
  readonly logger: Logger
  readonly metrics?: ConsumerMeter | undefined
  readonly random: Random
  /** Called once, when the tenure ends. */
  readonly onEnd: (held: HeldLease, reason: LeaseLossReason) => void
  readonly onCheckpoint: (held: HeldLease, at: ExtendedSequenceNumber) => void
  /** Called once, when it is known that a leader wants the lease handed over; `inHandoff` from then on. */
  readonly onHandoffAsked: (held: HeldLease) => void
  /** What the lease carries, kilobytes per second, to be stored with the next write; default never. */
  readonly throughput?: (() => number | undefined) | undefined
}

/** A write that has not landed although the row is ours is sent again this often. */
const MAX_SENDS = 3

export class HeldLease implements Tenure {
  readonly #options: HeldLeaseOptions
  readonly #writes = new Serial()
  readonly #abort = new AbortController()
  #lease: Lease
  #epoch = 0
  readonly #belief: BeliefClock
  readonly #renewals: RenewalTimer
  /** When the oldest write was sent of which we do not know whether it landed. */
  #unsettledSinceMs: number | undefined
  #ended: LeaseLossReason | undefined
  #isHandoffTold = false

  constructor(options: HeldLeaseOptions) {
    this.#options = options
    this.#lease = options.lease
    const { failoverTimeMs, random } = options
    this.#belief = new BeliefClock(failoverTimeMs, () => this.#end('expired'))
    this.#renewals = new RenewalTimer({ failoverTimeMs, random, onDue: () => void this.#renew() })
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
  /** The row names another worker as the next owner; until this one hands over, it goes on. */
  get inHandoff(): boolean {
    return this.#lease.checkpointOwner !== undefined
  }

  /** The first no is the last word: whoever heard it has let go of the shard for good. */
  believes(): boolean {
    if (this.#ended !== undefined) return false
    if (this.#belief.isRunning) return true
    this.#endIfRunOut()
    return false
  }

  /**
   * The first renewal: belief and epoch start with it, nothing may be delivered before.
   *
   * @throws LeaseLostError, ServiceError
   */
  async begin(): Promise<void> {
    try {
      await this.#write((lease) => this.#sendRenewal(lease))
    } catch (cause) {
      this.#end('released')
      throw cause
    }
    this.#epoch = this.#lease.leaseCounter
    this.#renewals.spread()
  }

  async checkpoint(at: ExtendedSequenceNumber): Promise<void> {
    const { metrics = noMetrics } = this.#options
    const dimensions = { Operation: 'ProcessTask', ShardId: this.shardId } as const
    await measured(metrics, 'UpdateLease.', dimensions, () =>
      this.#write((lease) => {
        this.#refuseStepBack(at, lease)
        const { store, workerId, throughput } = this.#options
        return store.checkpoint(lease, workerId, at, throughput?.())
      }),
    )
    this.#options.onCheckpoint(this, at)
  }

  async prepareCheckpoint(
    at: ExtendedSequenceNumber,
    state: Uint8Array | undefined,
  ): Promise<void> {
    await this.#write((lease) => {
      this.#refuseStepBack(at, lease)
      const { store, workerId, throughput } = this.#options
      return store.prepareCheckpoint(lease, workerId, at, state, throughput?.())
    })
  }

  async recordStartTimestamp(startTimestampMs: number): Promise<void> {
    await this.#write((lease) =>
      this.#options.store.recordStartTimestamp(lease, this.#options.workerId, startTimestampMs),
    )
  }

  /**
   * Ends the tenure once the writes under way have settled, and then gives the lease away: to the
   * owner that a handoff promised it to, else to `newOwner`, or to nobody. Never rejects.
   */
  handOver(newOwner: string | undefined): Promise<void> {
    return this.#writes.run(async () => {
      this.#endIfRunOut()
      if (this.#ended !== undefined) return
      const to = this.inHandoff ? 'as-promised' : { successor: newOwner }
      // Belief ends before the write: the next owner may begin as soon as it has landed.
      this.#end('released')
      await this.#options.giver.give(this.leaseKey, to, this.#lastKnown())
    })
  }

  /** Ends the tenure at once, whatever runs, and completes the handoff. Never rejects. */
  async cutShort(): Promise<void> {
    if (this.#ended !== undefined) return
    this.#end('released')
    const known = this.#writes.run(() => Promise.resolve(this.#lastKnown()))
    await this.#options.giver.give(this.leaseKey, 'as-promised', known)
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
      // Whatever became of it: to call again is of no use.
      this.#refuseEnded(cause)
      throw cause
    }
    if (write.outcome === 'lost') {
      const tidied = write.lease === undefined && isShardEnded(this.#lease)
      const owner = write.lease?.leaseOwner
      if (!tidied) this.#options.logger.info({ ...this.#ids(), owner }, 'a lease was lost')
      this.#end(tidied ? 'released' : 'stolen')
      throw new LeaseLostError(
        this.leaseKey,
        tidied ? 'its shard has ended and its row was deleted' : 'another worker wrote to its row',
      )
    }
    // The answer may be older than it looks, to an event loop that was blocked.
    this.#endIfRunOut()
    const moved = write.lease.leaseCounter !== this.#lease.leaseCounter
    // Refused, and no write of ours in doubt: the step is somebody else's, under our own name. A Java
    // leader that assigns the lease to its own owner cannot be told from a twin that has begun to deliver.
    if (write.lookedUp === 'refused' && moved && this.#unsettledSinceMs === undefined) {
      this.#options.logger.error(
        this.#ids(),
        'a lease was written under this worker id by another process: by a second worker of this id, which must be unique, or by a Java leader that took this worker for dead',
      )
      this.#end('stolen')
      throw new LeaseLostError(
        this.leaseKey,
        'another process wrote to its row under the same worker id',
      )
    }
    this.#lease = write.lease
    this.#tellOfHandoff()
    if (write.outcome === 'not-applied') {
      if (moved) this.#settle(this.#unsettledSinceMs)
      // One that was refused for a handoff is in no doubt.
      else if (write.lookedUp === 'unanswered') this.#unsettledSinceMs ??= sentMs
      return false
    }
    // What was looked up may be the effect of an earlier write, so belief counts from that one.
    this.#settle(write.lookedUp === undefined ? sentMs : (this.#unsettledSinceMs ?? sentMs))
    return true
  }

  /** One that began in a handoff is nobody's business but of who began it. */
  #tellOfHandoff(): void {
    const hasBegun = this.#epoch > 0
    if (!this.inHandoff || this.#isHandoffTold || !hasBegun || this.#ended !== undefined) return
    this.#isHandoffTold = true
    this.#options.onHandoffAsked(this)
  }

  /** The row as it stands, unless a write before may have landed without an answer. */
  #lastKnown(): Lease | undefined {
    return this.#unsettledSinceMs === undefined ? this.#lease : undefined
  }

  /** Belief that is over is over: somebody may have been told so, and nobody serves the shard then. */
  #settle(writeSentMs: number | undefined): void {
    this.#unsettledSinceMs = undefined
    if (writeSentMs === undefined || this.#ended !== undefined) return
    this.#belief.extend(writeSentMs)
    this.#renewals.landed(writeSentMs)
  }

  async #renew(): Promise<void> {
    const { metrics = noMetrics, workerId: WorkerIdentifier } = this.#options
    const dimensions = { Operation: 'RenewAllLeases', WorkerIdentifier } as const
    try {
      await measured(metrics, 'RenewLease.', dimensions, () =>
        this.#write((lease) => this.#sendRenewal(lease)),
      )
    } catch (cause) {
      if (this.#ended !== undefined) return
      const failures = this.#renewals.failed(this.#belief.leftMs)
      this.#options.logger.warn(
        { ...this.#ids(), err: cause, failures },
        'a lease renewal was not answered; trying again',
      )
    }
  }

  #sendRenewal(lease: Lease): Promise<HolderWrite> {
    const { store, workerId, throughput } = this.#options
    return store.renew(lease, workerId, throughput?.())
  }

  #refuseEnded(cause?: unknown): void {
    this.#endIfRunOut()
    if (this.#ended === undefined) return
    throw new LeaseLostError(this.leaseKey, `its tenure has ended (${this.#ended})`, cause)
  }

  /** After a blocked event loop anything may run before the timer that ends belief, answers, too. */
  #endIfRunOut(): void {
    if (this.#belief.hasRunOut) this.#end('expired')
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
    this.#belief.stop()
    this.#renewals.stop()
    this.#abort.abort(new LeaseLostError(this.leaseKey, reason))
    this.#options.onEnd(this, reason)
  }

  #ids(): { readonly shardId: string; readonly epoch: number } {
    return { shardId: this.shardId, epoch: this.#epoch }
  }
}
