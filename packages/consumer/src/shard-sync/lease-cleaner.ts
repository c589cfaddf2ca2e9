/**
 * Deletes the leases of finished shards, from the scans that a worker makes anyway: the leader does it
 * for the fleet, any other a little later for the leases that it has itself, since a leader of KCL
 * cleans none but its own. KCL: each worker, for the shards that it ended itself.
 */
import { isServiceError, type Logger, type Shard } from '@millrace/core'
import { monotonicMs } from '@millrace/core/internal'
import { isShardEnded, type Lease } from '../lease/lease.ts'
import type { LeaseStore } from '../lease/lease-store.ts'
import type { ResolvedLeaseCleanup } from '../options.ts'
import { planCleanup } from './cleanup-plan.ts'
import { coverEveryHashKey } from './initial-leases.ts'

export interface LeaseCleanerOptions {
  readonly store: Pick<LeaseStore, 'deleteEnded'>
  readonly listShards: (signal: AbortSignal) => Promise<readonly Shard[]>
  readonly cleanup: ResolvedLeaseCleanup
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly workerId: string
  readonly leads: () => boolean
}

export class LeaseCleaner {
  readonly #options: LeaseCleanerOptions
  /** When each ended lease was first seen ended. */
  readonly #endedSinceMs = new Map<string, number>()
  #nextMs = Number.NEGATIVE_INFINITY

  constructor(options: LeaseCleanerOptions) {
    this.#options = options
  }

  /** Takes note of every scan; when it is due, deletes what the plan allows. */
  async step(leases: readonly Lease[]): Promise<void> {
    const { cleanup } = this.#options
    if (!cleanup.enabled) return
    const nowMs = monotonicMs()
    this.#note(leases, nowMs)
    if (nowMs < this.#nextMs) return
    const due = new Set(
      leases.filter((lease) => this.#isDue(lease, nowMs)).map(({ leaseKey }) => leaseKey),
    )
    if (due.size > 0) await this.#clean(leases, due)
    this.#nextMs = monotonicMs() + cleanup.intervalMs
  }

  #isDue(lease: Lease, nowMs: number): boolean {
    const sinceMs = this.#endedSinceMs.get(lease.leaseKey)
    if (sinceMs === undefined || !this.#isOurs(lease)) return false
    const { completedAfterMs, intervalMs } = this.#options.cleanup
    // A leader of ours comes first, so that not every worker asks the service for its shards.
    const patienceMs = this.#options.leads() ? completedAfterMs : completedAfterMs + intervalMs
    return nowMs - sinceMs >= patienceMs
  }

  #isOurs({ leaseOwner }: Lease): boolean {
    return this.#options.leads() || leaseOwner === this.#options.workerId
  }

  #note(leases: readonly Lease[], nowMs: number): void {
    const ended = new Set(leases.filter(isShardEnded).map(({ leaseKey }) => leaseKey))
    for (const key of this.#endedSinceMs.keys()) if (!ended.has(key)) this.#endedSinceMs.delete(key)
    for (const key of ended) if (!this.#endedSinceMs.has(key)) this.#endedSinceMs.set(key, nowMs)
  }

  async #clean(leases: readonly Lease[], due: ReadonlySet<string>): Promise<void> {
    const deletable = planCleanup({ leases, due })
    // Only a shard that the table alone does not let go is asked for at the service.
    const shards = deletable.length === due.size ? undefined : await this.#completeList()
    const allowed = new Set(shards === undefined ? deletable : planCleanup({ leases, due, shards }))
    for (const lease of leases) if (allowed.has(lease.leaseKey)) await this.#delete(lease)
  }

  /** Undefined when the list cannot prove that a shard is gone. */
  async #completeList(): Promise<readonly Shard[] | undefined> {
    const { listShards, signal, logger } = this.#options
    try {
      const shards = await listShards(signal)
      const open = shards.filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined)
      return coverEveryHashKey(open) ? shards : undefined
    } catch (cause) {
      if (!isServiceError(cause)) throw cause
      logger.debug({ err: cause }, 'finished shards could not be looked up; trying again later')
      return undefined
    }
  }

  /** A row that stays is no reason to give up leading, and is tried again. */
  async #delete(lease: Lease): Promise<void> {
    const { store, logger, signal } = this.#options
    // Whoever leads no more leaves the others' to its successor.
    if (signal.aborted || !this.#isOurs(lease)) return
    const { leaseKey } = lease
    try {
      if (await store.deleteEnded(leaseKey)) {
        logger.info({ shardId: leaseKey }, 'deleted the lease of a finished shard')
      }
    } catch (cause) {
      if (!isServiceError(cause)) throw cause
      logger.warn(
        { err: cause, shardId: leaseKey },
        'the lease of a finished shard was not deleted; trying again later',
      )
    }
  }
}
