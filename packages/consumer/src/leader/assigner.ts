/**
 * Looks at the whole table, contends for the lock, and as the leader syncs shards and carries out
 * the assignment plan. KCL: `LeaseAssignmentManager`.
 */
import { isServiceError, type Logger } from '@millrace/core'
import { monotonicMs, noMetrics, nowMs, sleep } from '@millrace/core/internal'
import { type AssignmentPlan, speaksForItsOwner } from '../assignment/assignment-input.ts'
import { AssignmentStrategy } from '../assignment/assignment-strategy.ts'
import {
  type AskableLease,
  mayAskOwner,
  type StuckHandoffs,
  stuckHandoffs,
} from '../assignment/handoff-rule.ts'
import { actualOwner, type Lease } from '../lease/lease.ts'
import type { LeaseStore } from '../lease/lease-store.ts'
import type { TableSnapshot } from '../lease/table-snapshot.ts'
import type { WorkerMetricsRow } from '../lease/worker-metrics-row.ts'
import { generationRefused } from '../lease-table/generation.ts'
import { measured } from '../metrics/measured.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'
import type { ResolvedLeaseOptions } from '../options.ts'
import type { ShardSyncer } from '../shard-sync/shard-syncer.ts'
import { HandoffWatch } from './handoff-watch.ts'
import type { LeaderLock } from './leader-lock.ts'
import { isStale, type LeadingTrouble, mayServeItself, mustMakeWay } from './leader-rule.ts'
import { type Move, moveLeases } from './lease-moves.ts'
import { LeaseObserver, type ScanTimes } from './lease-observer.ts'
import { LeaseSpillover } from './lease-spillover.ts'
import { LiveWorkers, receivers } from './live-workers.ts'
import { observationDelayMs } from './observation-rule.ts'
import { type FailureStreak, ShardSyncDuty } from './shard-sync-duty.ts'
import { SkippedRows } from './skipped-rows.ts'
import { judgeTrouble } from './table-trouble.ts'

export interface AssignerOptions {
  readonly store: LeaseStore
  readonly lock: LeaderLock
  readonly syncer: ShardSyncer
  readonly workerId: string
  readonly lease: ResolvedLeaseOptions
  readonly logger: Logger
  readonly metrics?: ConsumerMeter | undefined
  readonly signal: AbortSignal
  /** Every look at the table, as soon as it is there. */
  readonly onLook?: ((leases: readonly Lease[], scan: ScanTimes) => void) | undefined
  /** Shards cannot be synced, and that is news. */
  readonly onTrouble?: ((cause: unknown) => void) | undefined
  /** This worker cannot go on. */
  readonly onFatal: (cause: unknown) => void
  /** Every scan, for discovery. */
  readonly onScan: (leases: readonly Lease[]) => void
}

/**
 * How long the first leases of an application wait for workers that start together: whoever has
 * none then gets its share one move a round, which takes a large stream minutes.
 */
const PEERS_MS = 1000

const ROUND = { Operation: 'LeaseAssignmentManager' } as const

export class Assigner {
  readonly #options: AssignerOptions
  readonly #observer: LeaseObserver
  readonly #handoffs = new HandoffWatch()
  readonly #live = new LiveWorkers()
  readonly #strategy: AssignmentStrategy
  readonly #sync: ShardSyncDuty
  readonly #skipped: SkippedRows
  readonly #spillover: LeaseSpillover
  #metricsRows: readonly WorkerMetricsRow[] = []
  #liveWorkers: readonly string[] = []
  #alive: ReadonlySet<string> = new Set()
  #expired: ReadonlySet<string> = new Set()
  #nextBalanceMs = Number.NEGATIVE_INFINITY
  #failures = 0
  #isRefused = false
  readonly #metrics: ConsumerMeter

  constructor(options: AssignerOptions) {
    this.#options = options
    this.#observer = new LeaseObserver(options.lease.failoverTimeMs, (owner) =>
      this.#live.isPrompt(owner),
    )
    this.#strategy = new AssignmentStrategy(options.lease)
    const { logger, metrics = noMetrics } = options
    this.#metrics = metrics
    this.#skipped = new SkippedRows({ logger, metrics })
    this.#spillover = new LeaseSpillover({ logger, metrics })
    this.#sync = new ShardSyncDuty({
      ...options,
      leads: () => options.lock.leads,
      onFailure: (cause, streak) => this.#syncFailed(cause, streak),
    })
  }

  /** Rows of workers that are surely gone, as the last look showed them. */
  get silentWorkers(): readonly WorkerMetricsRow[] {
    return this.#metricsRows.filter(({ workerId }) => this.#live.silent.has(workerId))
  }

  /** Workers other than this one that could take over its leases. */
  get peers(): readonly string[] {
    return this.#liveWorkers.filter((id) => id !== this.#options.workerId)
  }

  /** Workers that may be given what nobody owns: see `LiveWorkers.promising`. */
  get promising(): ReadonlySet<string> {
    return this.#live.promising
  }

  delayMs(): number {
    const { lock, workerId, lease } = this.#options
    // Nobody leads while the lock is stale: then all watch closely.
    const isLed = lock.seen !== undefined && !isStale(lock.seen, monotonicMs())
    const leader = isLed ? lock.seen?.row?.ownerName : undefined
    const roles = { workerId, leads: lock.leads, leader, liveWorkers: this.#liveWorkers }
    return observationDelayMs(roles, lease)
  }

  async step(): Promise<void> {
    try {
      await this.#observe()
      this.#failures = 0
    } catch (cause) {
      await this.#makeWay(cause, { failures: ++this.#failures, sinceMs: 0, passes: false })
      throw cause
    }
  }

  /** Resolves when nothing that a step has begun is under way any more. */
  async settled(): Promise<void> {
    await this.#sync.settled()
  }

  /** Where another worker would fare no better, the lock stays at first: assignment goes on beside. */
  async #syncFailed(cause: unknown, streak: FailureStreak): Promise<void> {
    // A table that is gone fails the look at it as well, which is where that is judged.
    if (judgeTrouble(cause, streak.failures) === 'event') this.#options.onTrouble?.(cause)
    const passes = isServiceError(cause) && cause.retryable
    await this.#makeWay(cause, { ...streak, passes })
  }

  async #makeWay(cause: unknown, trouble: Omit<LeadingTrouble, 'hasPeers'>): Promise<void> {
    const { lock, logger } = this.#options
    const hasPeers = this.peers.length > 0
    if (!lock.leads || !mustMakeWay({ ...trouble, hasPeers }, monotonicMs())) return
    logger.error({ err: cause }, 'leading failed repeatedly; stepping down')
    await lock.makeWay()
  }

  async #observe(): Promise<void> {
    const { lock, onScan } = this.#options
    if (this.#isRefused) return
    let snapshot = await this.look(lock.leads)
    if (await this.#isRolledBack(snapshot)) return
    if (await lock.consider(snapshot.leader, monotonicMs(), this.peers.length > 0)) {
      this.#options.logger.info({}, 'this worker leads now')
      this.#sync.begin()
      snapshot = await this.look(true, this.#formerLeader())
    }
    const looked = snapshot
    if (lock.leads) snapshot = await measured(this.#metrics, '', ROUND, () => this.#lead(looked))
    else await this.#follow(snapshot)
    onScan(snapshot.leases)
  }

  async #follow(snapshot: TableSnapshot): Promise<void> {
    const { lock, lease, workerId } = this.#options
    this.#sync.beside(snapshot.leases)
    const nowMs = monotonicMs()
    if (lock.seen === undefined) return
    if (!mayServeItself(lock.seen, nowMs, this.#observer.watchedMs(nowMs), lease)) return
    const { assignments } = this.#plan(snapshot, false, this.#expired)
    await this.#apply(assignments, (owner) => owner === workerId)
  }

  /** An operator may take the fleet back to KCL 2.x beneath us; its workers follow no leader. */
  async #isRolledBack(snapshot: TableSnapshot): Promise<boolean> {
    if (snapshot.generation?.kind !== 'refuse') return false
    // A worker that has just started may be shown the row as it was before.
    const { generation } = await this.look(true)
    if (generation?.kind !== 'refuse') return false
    this.#isRefused = true
    this.#options.onFatal(generationRefused(this.#options.store.tableName, generation))
    return true
  }

  /** The whole table; what is known of the workers is as new as this from then on. */
  async look(consistent: boolean, deadWorker?: string): Promise<TableSnapshot> {
    const sentMs = monotonicMs()
    const snapshot = await this.#options.store.scan(consistent)
    this.#take(snapshot, { sentMs, answeredMs: monotonicMs() }, deadWorker)
    return snapshot
  }

  /** Whose lock ran out: dead until it is seen to write, however fresh its metrics row is. */
  #formerLeader(): string | undefined {
    const { lock, workerId } = this.#options
    const former = lock.seen?.row
    const isOther = former !== undefined && !former.isReleased && former.ownerName !== workerId
    return isOther ? former.ownerName : undefined
  }

  #take(snapshot: TableSnapshot, scan: ScanTimes, deadWorker: string | undefined): void {
    this.#skipped.see(snapshot.skipped)
    this.#sync.see(snapshot.leases)
    this.#options.onLook?.(snapshot.leases, scan)
    this.#expired = this.#observer.observe(snapshot.leases, scan)
    this.#handoffs.observe(snapshot.leases, scan.answeredMs)
    const owners = new Set<string>(deadWorker === undefined ? [] : [deadWorker])
    for (const lease of snapshot.leases) {
      const owner = actualOwner(lease)
      const expired = this.#expired.has(lease.leaseKey) && speaksForItsOwner(lease)
      if (owner !== undefined && expired) owners.add(owner)
    }
    const clocks = { wallMs: nowMs(), monotonicMs: scan.sentMs }
    const live = this.#live.observe(snapshot.workers, owners, clocks)
    this.#metricsRows = snapshot.workers
    this.#alive = new Set(live)
    this.#liveWorkers = receivers(snapshot.workers, live)
  }

  async #lead(snapshot: TableSnapshot): Promise<TableSnapshot> {
    let current = snapshot
    if (current.leases.length > 0) this.#sync.beside(current.leases)
    else if ((await this.#sync.now(current.leases)) > 0) {
      await sleep(PEERS_MS, this.#options.signal).catch(() => undefined)
      // Observed anew: a holder that has come back meanwhile must not pass for expired.
      current = await this.look(true)
    }
    const balance = this.#isRoundDue(monotonicMs())
    const { toPromised, homeless, toFree } = this.#stuck(current)
    const settled = new Set(toPromised.map(({ lease }) => lease.leaseKey))
    const expired = [...this.#expired].filter((key) => !settled.has(key))
    const plan = this.#plan(current, balance, new Set([...expired, ...homeless]))
    this.#spillover.see(plan.unplaced)
    const freed = toFree.map((lease) => ({ lease, newOwner: undefined }))
    const moves = [...toPromised, ...plan.assignments, ...freed]
    const changed = await this.#apply(moves, () => this.#options.lock.leads)
    this.#tellRound(current.leases.length, changed.size)
    return {
      ...current,
      leases: current.leases.map((lease) => changed.get(lease.leaseKey) ?? lease),
    }
  }

  #tellRound(leases: number, moved: number): void {
    this.#metrics.put('TotalLeases', leases, 'Count', ROUND)
    this.#metrics.put('NumWorkers', this.#liveWorkers.length, 'Count', ROUND)
    this.#metrics.put('ExpiredLeases', this.#expired.size, 'Count', ROUND)
    this.#metrics.put('NumOfLeasesReassignment', moved, 'Count', ROUND)
  }

  #stuck({ leases }: TableSnapshot): StuckHandoffs {
    const { gracefulHandoff, failoverTimeMs } = this.#options.lease
    const deadlineMs = gracefulHandoff.timeoutMs + failoverTimeMs
    // A next owner may have died before this worker ever saw it live.
    const fleet = { expired: this.#expired, live: this.#live.proven }
    return stuckHandoffs(
      leases,
      fleet,
      (key) => this.#handoffs.stoodMs(key, monotonicMs()) > deadlineMs,
    )
  }

  /** Rounds keep their pace, although the table is looked at by another. */
  #isRoundDue(nowMs: number): boolean {
    const { assignmentIntervalMs } = this.#options.lease
    if (nowMs < this.#nextBalanceMs) return false
    const nextMs = this.#nextBalanceMs + assignmentIntervalMs
    this.#nextBalanceMs = nextMs > nowMs ? nextMs : nowMs + assignmentIntervalMs
    return true
  }

  #plan(snapshot: TableSnapshot, balance: boolean, expired: ReadonlySet<string>): AssignmentPlan {
    return this.#strategy.plan({
      leases: snapshot.leases,
      expired,
      workers: this.#liveWorkers,
      proven: new Set([...this.#live.proven, this.#options.workerId]),
      promising: new Set([...this.#live.promising, this.#options.workerId]),
      maxLeasesForWorker: this.#options.lease.maxLeasesForWorker,
      balance,
      stillSinceMs: (leaseKey) => this.#observer.stillSinceMs(leaseKey),
      metricsRows: snapshot.workers,
    })
  }

  async #apply(
    moves: readonly Move[],
    allowed: (newOwner: string | undefined) => boolean,
  ): Promise<ReadonlyMap<string, Lease>> {
    const { store, logger, signal, lease: options } = this.#options
    const fleet = { expired: this.#expired, live: this.#alive }
    return await moveLeases(moves, {
      store,
      logger,
      mayMove: (newOwner) => !signal.aborted && allowed(newOwner),
      mayAskOwner: (lease): lease is AskableLease => mayAskOwner(lease, fleet),
      asksOwners: options.gracefulHandoff.enabled,
    })
  }
}
