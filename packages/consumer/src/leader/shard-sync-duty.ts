/**
 * What a leader does for shards: syncs them when it begins, audits the hash key space, has finished
 * leases deleted, which the others do for their own. Only an empty table waits for it: with leases there, a service that lists no
 * shards must not keep orphans from their next worker. KCL: `PeriodicShardSyncManager`.
 */
import type { Logger } from '@millrace/core'
import { monotonicMs, noMetrics } from '@millrace/core/internal'
import type { Lease } from '../lease/lease.ts'
import type { LeaseStore } from '../lease/lease-store.ts'
import { measured } from '../metrics/measured.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'
import type { ResolvedLeaseOptions } from '../options.ts'
import { HashRangeAudit, lacksRange } from '../shard-sync/hash-range-audit.ts'
import { LeaseCleaner } from '../shard-sync/lease-cleaner.ts'
import { LeaseMemory } from '../shard-sync/lease-memory.ts'
import type { ShardSyncer } from '../shard-sync/shard-syncer.ts'

export interface ShardSyncDutyOptions {
  readonly syncer: ShardSyncer
  readonly store: Pick<LeaseStore, 'deleteEnded'>
  readonly lease: Pick<ResolvedLeaseOptions, 'leaseCleanup'>
  readonly workerId: string
  readonly logger: Logger
  readonly metrics?: ConsumerMeter | undefined
  readonly signal: AbortSignal
  readonly leads: () => boolean
  /** What is done beside the assignment has failed. */
  readonly onFailure: (cause: unknown, streak: FailureStreak) => Promise<void>
}

/** Failures without a success in between; each is that of a call and all its repetitions. */
export interface FailureStreak {
  readonly failures: number
  /** When the first of them was begun. */
  readonly sinceMs: number
}

/** A hole is seen twice, and closed, within a minute. KCL: every 2 minutes, three times. */
const AUDIT_INTERVAL_MS = 20_000

/** Failures in a row that are answered with the next look, before looks are left out. */
const PROMPT_FAILURES = 3
const FIRST_PAUSE_MS = 2000
const LONGEST_PAUSE_MS = 10_000

function pauseMs(failures: number): number {
  if (failures < PROMPT_FAILURES) return 0
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - PROMPT_FAILURES))
}

export class ShardSyncDuty {
  readonly #options: ShardSyncDutyOptions
  readonly #audit = new HashRangeAudit()
  readonly #memory = new LeaseMemory()
  readonly #cleaner: LeaseCleaner
  #isSynced = false
  /** Rises with each beginning: what an earlier term has begun must not go on in this one. */
  #term = 0
  #nextAuditMs = Number.NEGATIVE_INFINITY
  #failures = 0
  #failingSinceMs = 0
  #notBeforeMs = Number.NEGATIVE_INFINITY
  #underWay: Promise<void> | undefined

  constructor(options: ShardSyncDutyOptions) {
    this.#options = options
    this.#cleaner = new LeaseCleaner({
      ...options,
      listShards: (signal) => options.syncer.shards(signal),
      cleanup: options.lease.leaseCleanup,
    })
  }

  /** A new leader does not know what the last one has done. */
  begin(): void {
    this.#term++
    this.#isSynced = false
    this.#failures = 0
    this.#notBeforeMs = Number.NEGATIVE_INFINITY
  }

  /** Every scan, also of a worker that does not lead yet. */
  see(leases: readonly Lease[]): void {
    this.#memory.see(leases)
  }

  /** Returns how many leases were created. */
  async now(leases: readonly Lease[]): Promise<number> {
    this.#audit.reset()
    const { holes } = this.#audit.audit(leases)
    // Else a row that was missed as a follower comes back, behind its children, with the next hole.
    if (holes.length === 0) this.#memory.forgetGone(leases)
    const mayGoOn = this.#whileThisTermLasts()
    const { signal } = this.#options
    const lost = { remembered: this.#memory.gone(leases), holes }
    const created = await this.#measuredSync(leases, signal, lost, mayGoOn)
    this.#isSynced = mayGoOn()
    this.#nextAuditMs = monotonicMs() + AUDIT_INTERVAL_MS
    return created
  }

  /** When it is due, and none is under way. What it creates, the next look at the table shows. */
  beside(leases: readonly Lease[]): void {
    if (this.#underWay !== undefined || monotonicMs() < this.#notBeforeMs) return
    this.#underWay = this.#attempt(leases).finally(() => {
      this.#underWay = undefined
    })
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    await this.#underWay
  }

  async #attempt(leases: readonly Lease[]): Promise<void> {
    const { logger, signal, leads, onFailure } = this.#options
    if (this.#failures === 0) this.#failingSinceMs = monotonicMs()
    try {
      if (leads()) await this.#lead(leases)
      await this.#cleaner.step(leases)
      this.#failures = 0
    } catch (cause) {
      if (signal.aborted) return
      this.#failures++
      this.#notBeforeMs = monotonicMs() + pauseMs(this.#failures)
      logger.warn({ err: cause, failures: this.#failures }, 'shard sync failed; trying again')
      await onFailure(cause, { failures: this.#failures, sinceMs: this.#failingSinceMs })
    }
  }

  async #lead(leases: readonly Lease[]): Promise<void> {
    if (!this.#isSynced) await this.now(leases)
    else if (monotonicMs() >= this.#nextAuditMs) await this.#heal(leases)
  }

  async #heal(leases: readonly Lease[]): Promise<void> {
    const { syncer, signal, logger } = this.#options
    const mayGoOn = this.#whileThisTermLasts()
    const shards = lacksRange(leases) ? await syncer.shards(signal) : undefined
    const { holes, confirmed } = this.#audit.audit(leases, shards)
    if (holes.length === 0) this.#memory.forgetGone(leases)
    if (confirmed.length > 0) {
      logger.warn({ holes: confirmed.length }, 'leases are missing: hash keys are not covered')
      // Whatever is missing is made now: each of it rather as last seen than from its beginning.
      const remembered = this.#memory.gone(leases)
      await this.#measuredSync(leases, signal, { remembered, holes }, mayGoOn)
    }
    this.#nextAuditMs = monotonicMs() + AUDIT_INTERVAL_MS
  }

  #measuredSync(...sync: Parameters<ShardSyncer['sync']>): Promise<number> {
    const { syncer, metrics = noMetrics } = this.#options
    return measured(metrics, '', { Operation: 'ShardSyncTask' }, () => syncer.sync(...sync))
  }

  #whileThisTermLasts(): () => boolean {
    const term = this.#term
    return () => term === this.#term && this.#options.leads()
  }
}
