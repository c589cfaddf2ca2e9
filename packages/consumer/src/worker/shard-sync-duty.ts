/**
 * When a leader syncs shards. Only an empty table waits for it: with leases there, a service that
 * lists no shards must not keep orphans from their next worker. KCL: `PeriodicShardSyncManager`.
 */
import type { Logger } from '@millrace/core'
import { monotonicMs } from '@millrace/core/internal'
import type { Lease } from '../lease/lease.ts'
import type { ShardSyncer } from '../shard-sync/shard-syncer.ts'

export interface ShardSyncDutyOptions {
  readonly syncer: ShardSyncer
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Syncs beside the assignment have failed this often in a row. */
  readonly onFailure: (cause: unknown, failures: number) => Promise<void>
}

/** A stream resharded by hand, or a row deleted by hand, is noticed within this time. */
const SYNC_INTERVAL_MS = 60_000

export class ShardSyncDuty {
  readonly #options: ShardSyncDutyOptions
  #nextMs = Number.NEGATIVE_INFINITY
  #failures = 0
  #underWay: Promise<void> | undefined

  constructor(options: ShardSyncDutyOptions) {
    this.#options = options
  }

  /** A new leader does not know when the last one did it. */
  begin(): void {
    this.#nextMs = Number.NEGATIVE_INFINITY
    this.#failures = 0
  }

  /** Returns how many leases were created. */
  async now(leases: readonly Lease[]): Promise<number> {
    const { syncer, signal } = this.#options
    const created = await syncer.sync(leases, signal)
    this.#nextMs = monotonicMs() + SYNC_INTERVAL_MS
    return created
  }

  /** When it is due, and none is under way. What it creates, the next look at the table shows. */
  beside(leases: readonly Lease[]): void {
    if (this.#underWay !== undefined || monotonicMs() < this.#nextMs) return
    this.#underWay = this.#attempt(leases).finally(() => {
      this.#underWay = undefined
    })
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    await this.#underWay
  }

  async #attempt(leases: readonly Lease[]): Promise<void> {
    const { logger, signal, onFailure } = this.#options
    try {
      await this.now(leases)
      this.#failures = 0
    } catch (cause) {
      if (signal.aborted) return
      this.#failures++
      logger.warn({ err: cause, failures: this.#failures }, 'shard sync failed; trying again')
      await onFailure(cause, this.#failures)
    }
  }
}
