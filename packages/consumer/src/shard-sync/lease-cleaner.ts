/**
 * Deletes the leases of finished shards. One leader does it for the fleet, from the scan that it
 * has anyway. KCL: each worker, for the shards that it ended itself.
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
  /** False from the moment on at which this worker leads no more. */
  readonly mayDelete: () => boolean
}

export class LeaseCleaner {
  readonly #options: LeaseCleanerOptions
  /** When each ended lease was first seen ended. */
  readonly #endedSinceMs = new Map<string, number>()
  #nextMs = Number.NEGATIVE_INFINITY

  constructor(options: LeaseCleanerOptions) {
    this.#options = options
  }

  /** Takes note of every scan; when it is due, deletes what the plan allows. @throws ServiceError */
  async step(leases: readonly Lease[]): Promise<void> {
    const { cleanup } = this.#options
    if (!cleanup.enabled) return
    const nowMs = monotonicMs()
    this.#note(leases, nowMs)
    if (nowMs < this.#nextMs) return
    const due = new Set(
      [...this.#endedSinceMs]
        .filter(([, sinceMs]) => nowMs - sinceMs >= cleanup.completedAfterMs)
        .map(([leaseKey]) => leaseKey),
    )
    if (due.size > 0) await this.#clean(leases, due)
    this.#nextMs = monotonicMs() + cleanup.intervalMs
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
    for (const leaseKey of shards === undefined
      ? deletable
      : planCleanup({ leases, due, shards })) {
      await this.#delete(leaseKey)
    }
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

  async #delete(leaseKey: string): Promise<void> {
    const { store, logger, signal, mayDelete } = this.#options
    if (signal.aborted || !mayDelete()) return
    if (await store.deleteEnded(leaseKey)) {
      logger.info({ shardId: leaseKey }, 'deleted the lease of a finished shard')
    }
  }
}
