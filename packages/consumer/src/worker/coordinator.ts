/**
 * The control plane of one worker: signs of life, observation and assignment, discovery, and the
 * tenures that come of them. User code can slow down none of these. KCL: `LeaseCoordinator`.
 */
import { setMaxListeners } from 'node:events'
import type { DynamoPort, Logger, Random } from '@millrace/core'
import { noMetrics } from '@millrace/core/internal'
import { atOnce } from '../at-once.ts'
import { LeaseTableError } from '../errors.ts'
import type { HandoffInfo } from '../events.ts'
import { Assigner, type AssignerOptions } from '../leader/assigner.ts'
import { LeaderLock } from '../leader/leader-lock.ts'
import { MetricsTidier } from '../leader/metrics-tidier.ts'
import { judgeTrouble } from '../leader/table-trouble.ts'
import type { LeaseStore } from '../lease/lease-store.ts'
import { measured } from '../metrics/measured.ts'
import type { ConsumerMetricName, ConsumerOperation } from '../metrics/metric-names.ts'
import type { ResolvedLeaseOptions } from '../options.ts'
import type { ShardSyncer } from '../shard-sync/shard-syncer.ts'
import { leaseCallTimeoutMs } from '../tenure/belief.ts'
import type { HeldLease } from '../tenure/held-lease.ts'
import { HeldLeases, type HeldLeasesOptions } from '../tenure/held-leases.ts'
import { LeaseGiver } from '../tenure/lease-giver.ts'
import { OutgoingHandoffs } from '../tenure/outgoing-handoffs.ts'
import { CpuSampler } from '../worker-metrics/cpu-sampler.ts'
import type { Machine } from '../worker-metrics/machine.ts'
import { Discovery } from './discovery.ts'
import { PeriodicLoop } from './periodic-loop.ts'
import { SignOfLife } from './sign-of-life.ts'
import { SuccessionPlans } from './succession-plans.ts'

export interface CoordinatorOptions
  extends Pick<HeldLeasesOptions, 'onAcquired' | 'onEnded' | 'onCheckpoint'>,
    Pick<HeldLeasesOptions, 'onHandoffAsked' | 'throughput'>,
    Pick<AssignerOptions, 'onLook' | 'metrics'> {
  readonly dynamo: DynamoPort
  readonly machine: Machine
  readonly store: LeaseStore
  readonly syncer: ShardSyncer
  readonly workerId: string
  readonly lease: ResolvedLeaseOptions
  readonly logger: Logger
  readonly random: Random
  readonly onHandoffEnded: (info: HandoffInfo) => void
  /** With each sign of life, whether it lands or not. */
  readonly onSignOfLife?: (() => void) | undefined
  /** The lease table does not work, and that is news. */
  readonly onTrouble: (cause: unknown) => void
  /** This worker cannot go on. */
  readonly onFatal: (cause: unknown) => void
}

/** A heartbeat of the lock may be late twice before the row goes stale. */
const LOCK_HEARTBEATS_PER_LEASE = 3

const HAND_OVERS_AT_ONCE = 16

export class Coordinator {
  readonly #options: CoordinatorOptions
  readonly #abort = new AbortController()
  readonly #giver: LeaseGiver
  readonly #handoffs: OutgoingHandoffs
  readonly #held: HeldLeases
  readonly #lock: LeaderLock
  readonly #cpu: CpuSampler | undefined
  readonly #signOfLife: SignOfLife
  readonly #tidier: MetricsTidier
  readonly #assigner: Assigner
  readonly #succession: SuccessionPlans
  readonly #discovery: Discovery
  readonly #loops: readonly PeriodicLoop[]
  readonly #discoveryLoop: PeriodicLoop
  readonly #observationLoop: PeriodicLoop
  readonly #lifeLoop: PeriodicLoop
  readonly #lockLoop: PeriodicLoop
  /** Keys of leases that were given away, or are about to be. */
  readonly #handedOver = new Set<string>()

  constructor(options: CoordinatorOptions) {
    this.#options = options
    // All that this worker does with leases waits on it: far more than Node's ten.
    setMaxListeners(0, this.#abort.signal)
    const { store, workerId, lease, dynamo } = options
    const requestTimeoutMs = leaseCallTimeoutMs(lease.failoverTimeMs)
    const shared = { ...options, tableName: store.tableName, requestTimeoutMs }
    const { failoverTimeMs } = lease
    this.#handoffs = new OutgoingHandoffs({
      ...options,
      timeoutMs: lease.gracefulHandoff.timeoutMs,
      onEnded: (info) => options.onHandoffEnded(info),
    })
    this.#giver = new LeaseGiver({
      ...{ ...options, failoverTimeMs },
      onParted: (leaseKey, parting) => this.#handoffs.parted(leaseKey, parting),
    })
    this.#held = new HeldLeases({
      ...{ ...options, failoverTimeMs, giver: this.#giver },
      onEnded: (held, reason) => {
        this.#handoffs.tenureEnded(held.leaseKey, reason)
        if (reason !== 'released') this.#tell('RenewAllLeases', 'LostLeases', 1)
        options.onEnded(held, reason)
      },
      onAcquired: (held) => {
        this.#tell('LeaseDiscovery', 'NewLeasesDiscovered', 1)
        options.onAcquired(held)
      },
      onHandoffAsked: (held) => {
        this.#handoffs.asked(held)
        options.onHandoffAsked(held)
      },
    })
    this.#lock = new LeaderLock({ ...shared, leaseDurationMs: lease.leaderLeaseDurationMs })
    const { workerMetrics: mode } = lease
    this.#cpu = mode === 'off' ? undefined : new CpuSampler({ ...options, mode })
    this.#signOfLife = new SignOfLife({
      ...shared,
      dynamo,
      cpuAverages: () => this.#cpu?.averages() ?? [],
    })
    this.#tidier = new MetricsTidier({ ...shared, dynamo })
    this.#discovery = new Discovery({
      store,
      workerId,
      held: this.#held,
      giver: this.#giver,
      onError: this.#warn('a lease could not be taken up; trying again'),
    })
    this.#assigner = new Assigner({
      ...options,
      lock: this.#lock,
      signal: this.#abort.signal,
      onScan: (leases) => this.#discovery.consider(leases),
    })
    this.#succession = new SuccessionPlans({
      ...{ ...options, maxLeasesForWorker: lease.maxLeasesForWorker },
      look: () => this.#assigner.look(true),
      peers: () => this.#assigner.peers,
      promising: () => this.#assigner.promising,
    })
    this.#discoveryLoop = new PeriodicLoop({
      everyMs: () => lease.discoveryIntervalMs,
      step: () => this.#measured('LeaseDiscovery', () => this.#discovery.step()),
      onError: this.#warn('lease discovery failed; trying again'),
    })
    this.#observationLoop = new PeriodicLoop({
      everyMs: () => this.#assigner.delayMs(),
      step: () => this.#assigner.step(),
      onError: this.#warn('looking at the lease table failed; trying again'),
    })
    this.#lifeLoop = new PeriodicLoop({
      everyMs: () => this.#signOfLife.dueInMs(lease.workerMetricsIntervalMs),
      step: () => this.#showLife(),
      onError: this.#warn('the worker metrics row was not written; trying again'),
    })
    this.#lockLoop = new PeriodicLoop({
      everyMs: () => lease.leaderLeaseDurationMs / LOCK_HEARTBEATS_PER_LEASE,
      step: () => this.#lock.heartbeat(),
      onError: this.#warn('the leader lock was not renewed; trying again'),
    })
    this.#loops = [this.#discoveryLoop, this.#observationLoop, this.#lifeLoop, this.#lockLoop]
  }

  get isLeader(): boolean {
    return this.#lock.leads
  }

  get held(): HeldLeases {
    return this.#held
  }

  /** The first sign of life comes before the first look, so that this worker counts itself. */
  async start(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await this.#signOfLife.give()
    // Told to stop meanwhile, it must not take the lock or a lease on its way out.
    if (signal.aborted || this.#abort.signal.aborted) return
    this.#cpu?.start()
    this.#lifeLoop.start()
    this.#lockLoop.start()
    this.#observationLoop.start()
    this.#discoveryLoop.start()
  }

  /** Children of a shard that this worker ended may be its own already. */
  pokeDiscovery(): void {
    this.#discoveryLoop.poke()
  }

  /**
   * Takes nothing more and withdraws from the fleet; what is held stays held and is renewed. The
   * lock goes now, not with the last lease: while a handler takes its time, others may need a leader.
   */
  async stopTaking(): Promise<void> {
    this.#held.close()
    this.#abort.abort()
    await this.#loopsEnded()
    await Promise.all([this.#signOfLife.withdraw(), this.#lock.release()])
    await this.#discovery.settled()
  }

  /** To whom a handoff promised it; else, on the way out, to the peer that the plan chooses. */
  async handOver(held: HeldLease): Promise<void> {
    if (held.inHandoff) return await held.handOver(undefined)
    this.#handedOver.add(held.leaseKey)
    const { successors } = await this.#succession.current()
    await held.handOver(successors.get(held.leaseKey))
  }

  /** On the way out: rows that name this worker and that it never took up. */
  async handOverUnadopted(): Promise<void> {
    const { mine, successors } = await this.#succession.current()
    const unadopted = mine.filter(
      ({ leaseKey }) => !this.#held.has(leaseKey) && !this.#handedOver.has(leaseKey),
    )
    await atOnce(unadopted, HAND_OVERS_AT_ONCE, async (row) => {
      const { leaseKey } = row
      await this.#giver.give(leaseKey, { successor: successors.get(leaseKey) }, row)
    })
    await Promise.all([this.#giver.settled(), this.#discovery.settled()])
  }

  /** What could not be handed over expires by itself. */
  stop(): void {
    this.#giver.stop()
    for (const held of this.#held.all()) held.abandon()
  }

  /** Ends everything without a word to the table, as a crash would. */
  async destroy(): Promise<void> {
    this.#held.close()
    this.#abort.abort()
    this.stop()
    this.#lock.stepDown()
    await this.#loopsEnded()
    await this.#discovery.settled()
  }

  async #loopsEnded(): Promise<void> {
    this.#cpu?.stop()
    await Promise.all(this.#loops.map((loop) => loop.stop()))
    await this.#assigner.settled()
  }

  async #showLife(): Promise<void> {
    this.#options.onSignOfLife?.()
    await this.#measured('WorkerMetricStatsReporter', () => this.#signOfLife.give())
    this.#tell('RenewAllLeases', 'CurrentLeases', this.#held.all().length)
    this.#tell('LeaderDecider', 'LeaderDecider:IsLeader', this.#lock.leads ? 1 : 0)
    if (this.#lock.leads) await this.#tidier.step(this.#assigner.silentWorkers)
  }

  #measured(Operation: ConsumerOperation, step: () => Promise<void>): Promise<void> {
    const { metrics = noMetrics, workerId: WorkerIdentifier } = this.#options
    return measured(metrics, '', { Operation, WorkerIdentifier }, step)
  }

  #tell(Operation: ConsumerOperation, name: ConsumerMetricName, count: number): void {
    const { metrics = noMetrics, workerId: WorkerIdentifier } = this.#options
    metrics.put(name, count, 'Count', { Operation, WorkerIdentifier })
  }

  #warn(message: string): (cause: unknown, failures?: number) => void {
    return (cause, failures = 1) => {
      if (this.#abort.signal.aborted) return
      const { logger, onTrouble, onFatal, store } = this.#options
      logger.warn({ err: cause, failures }, message)
      const verdict = judgeTrouble(cause, failures)
      if (verdict === 'event') onTrouble(cause)
      if (verdict === 'fatal') {
        const hint =
          'Was it deleted? Start again to create it; reading begins at initialPosition then.'
        onFatal(new LeaseTableError(store.tableName, 'it does not exist any more', hint))
      }
    }
  }
}
