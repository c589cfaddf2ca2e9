/** The tenures of this worker, one a lease. */
import type { ExtendedSequenceNumber, Logger, Random } from '@millrace/core'
import { LeaseLostError } from '../errors.ts'
import type { LeaseLossReason } from '../events.ts'
import type { Lease } from '../lease/lease.ts'
import type { LeaseStore } from '../lease/lease-store.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'
import { HeldLease } from './held-lease.ts'
import type { LeaseGiver } from './lease-giver.ts'

export interface HeldLeasesOptions {
  readonly store: LeaseStore
  readonly giver: LeaseGiver
  readonly workerId: string
  readonly failoverTimeMs: number
  readonly logger: Logger
  readonly metrics?: ConsumerMeter | undefined
  readonly random: Random
  readonly onAcquired: (held: HeldLease) => void
  readonly onEnded: (held: HeldLease, reason: LeaseLossReason) => void
  readonly onCheckpoint: (held: HeldLease, at: ExtendedSequenceNumber) => void
  /** A leader wants this lease handed over: stop the work on it, then `handOver`. */
  readonly onHandoffAsked: (held: HeldLease) => void
  /** What a lease carries, kilobytes per second, asked before each write that renews it. */
  readonly throughput?: ((held: HeldLease) => number | undefined) | undefined
}

export class HeldLeases {
  readonly #options: HeldLeasesOptions
  readonly #held = new Map<string, HeldLease>()
  /** Leases whose first renewal is under way. */
  readonly #beginning = new Set<string>()
  #closed = false

  constructor(options: HeldLeasesOptions) {
    this.#options = options
  }

  all(): HeldLease[] {
    return [...this.#held.values()]
  }

  get(leaseKey: string): HeldLease | undefined {
    return this.#held.get(leaseKey)
  }

  /** Held, or about to be, or on its way out: nothing to take up. */
  has(leaseKey: string): boolean {
    return (
      this.#held.has(leaseKey) ||
      this.#beginning.has(leaseKey) ||
      this.#options.giver.isGiving(leaseKey)
    )
  }

  /** From now on no lease is taken. */
  close(): void {
    this.#closed = true
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Begins a tenure of a row that names this worker as its owner. */
  async adopt(lease: Lease): Promise<void> {
    const { workerId } = this.#options
    const mine = lease.leaseOwner === workerId && lease.checkpointOwner === undefined
    if (!mine || this.#closed || this.has(lease.leaseKey)) return
    this.#beginning.add(lease.leaseKey)
    const { throughput } = this.#options
    const held: HeldLease = new HeldLease({
      ...this.#options,
      lease,
      throughput: () => throughput?.(held),
      onEnd: (ended, reason) => this.#ended(ended, reason),
    })
    try {
      await held.begin()
    } catch (cause) {
      if (cause instanceof LeaseLostError) return
      throw cause
    } finally {
      this.#beginning.delete(lease.leaseKey)
    }
    if (held.ended !== undefined) return
    // Asked away before anything was delivered.
    if (this.#closed || held.inHandoff) {
      await held.handOver(undefined)
      return
    }
    this.#held.set(lease.leaseKey, held)
    this.#options.onAcquired(held)
  }

  #ended(held: HeldLease, reason: LeaseLossReason): void {
    if (this.#held.get(held.leaseKey) !== held) return
    this.#held.delete(held.leaseKey)
    this.#options.onEnded(held, reason)
  }
}
