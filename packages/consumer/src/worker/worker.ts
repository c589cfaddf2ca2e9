/** One worker: the control plane below, a shard consumer on each lease that it holds. KCL: `Scheduler`. */
import type { KinesisPort } from '@millrace/core'
import { ControlPlane, monotonicMs, type TypedEmitter } from '@millrace/core/internal'
import { HandlerFailedError, MalformedRecordError } from '../errors.ts'
import type { ConsumerEvents, LeaseLossReason, LeaseSnapshot } from '../events.ts'
import { LeaseStore } from '../lease/lease-store.ts'
import { ensureLeaseTable } from '../lease-table/lease-table.ts'
import { PolicyWatch } from '../lease-table/policy-watch.ts'
import type { ResolvedConsumerOptions } from '../options.ts'
import type { ConsumerPorts } from '../ports.ts'
import type { PullHandler } from '../pulling/pulled-adapter.ts'
import type { Handler } from '../record-processor.ts'
import { ReadBudget } from '../retrieval/read-budget.ts'
import { RecordDistribution } from '../retrieval/record-distribution.ts'
import { isSetupTrouble, type SetupTrouble, SetupWatch } from '../setup/setup-watch.ts'
import { watchedKinesis } from '../setup/watched-kinesis.ts'
import { ShardConsumer } from '../shard/shard-consumer.ts'
import { guardAgainstFormerStream } from '../shard-sync/former-stream-guard.ts'
import { ShardSyncer } from '../shard-sync/shard-syncer.ts'
import { type ApplicationSnapshot, shardSnapshot, unendedParents } from '../snapshot.ts'
import { leaseCallTimeoutMs } from '../tenure/belief.ts'
import type { HeldLease } from '../tenure/held-lease.ts'
import { Coordinator } from './coordinator.ts'
import type { PausedShards } from './paused-shards.ts'
import { RowAges } from './row-ages.ts'
import { settledWithin } from './settled-within.ts'

export interface WorkerOptions<T> {
  readonly options: ResolvedConsumerOptions<T>
  readonly ports: ConsumerPorts
  readonly handler: Handler<T> | PullHandler<T>
  readonly paused: Pick<PausedShards, 'has'>
  readonly events: TypedEmitter<ConsumerEvents>
  /** A policy said stop: the consumer is to end with this error. */
  readonly onFailed: (cause: unknown) => void
}

interface Service<T> {
  readonly consumer: ShardConsumer<T>
  readonly done: Promise<void>
}

export class Worker<T> {
  readonly #worker: WorkerOptions<T>
  readonly #setup: SetupWatch
  readonly #kinesis: KinesisPort
  readonly #dynamo: PolicyWatch
  readonly #control: ControlPlane
  readonly #store: LeaseStore
  readonly #syncer: ShardSyncer
  readonly #coordinator: Coordinator
  readonly #budget: ReadBudget
  readonly #distribution: RecordDistribution
  readonly #services = new Map<HeldLease, Service<T>>()
  readonly #ages = new RowAges()
  /** On the way out: settles when this worker has withdrawn from the fleet, or could not in time. */
  #withdrawal: Promise<unknown> | undefined

  constructor(worker: WorkerOptions<T>) {
    const { options, ports } = worker
    const { workerId, logger, random, lease } = options
    this.#worker = worker
    this.#budget = new ReadBudget(options.retrieval.maxTotalPendingBytes)
    this.#setup = new SetupWatch({
      logger,
      emit: (name, ...args) => worker.events.emit(name, ...args),
    })
    this.#kinesis = watchedKinesis(ports.kinesis, options.stream.streamName, this.#setup)
    this.#dynamo = new PolicyWatch(ports.dynamo, {
      failoverTimeMs: lease.failoverTimeMs,
      setup: this.#setup,
      onLasting: (cause) => worker.onFailed(cause),
    })
    this.#control = new ControlPlane({ kinesis: this.#kinesis, stream: options.stream, logger })
    this.#distribution = new RecordDistribution({ control: this.#control, logger })
    this.#store = new LeaseStore({
      dynamo: this.#dynamo,
      tableName: options.applicationName,
      requestTimeoutMs: leaseCallTimeoutMs(lease.failoverTimeMs),
    })
    this.#syncer = new ShardSyncer({
      control: this.#control,
      store: this.#store,
      initialPosition: options.initialPosition,
      workerId,
      logger,
    })
    this.#coordinator = new Coordinator({
      dynamo: this.#dynamo,
      machine: ports.machine,
      store: this.#store,
      syncer: this.#syncer,
      workerId,
      lease,
      logger,
      metrics: options.metrics,
      random,
      onTrouble: (cause) => {
        // Told already, once for all who meet it.
        if (!isSetupTrouble(cause)) this.#worker.events.emit('error', cause)
      },
      onFatal: (cause) => this.#worker.onFailed(cause),
      onLook: (leases, scan) => this.#ages.observe(leases, scan),
      onSignOfLife: () => this.#measureLags(),
      onAcquired: (held) => this.#acquired(held),
      onHandoffAsked: (held) => this.#askedAway(held),
      onHandoffEnded: (info) => this.#worker.events.emit('handoffEnded', info),
      throughput: (held) => this.#services.get(held)?.consumer.sampleThroughputKBps(),
      onEnded: (held, reason) => this.#ended(held, reason),
      onCheckpoint: (held, at) =>
        this.#worker.events.emit('checkpointed', {
          stream: options.stream.streamName,
          shardId: held.shardId,
          ...at,
        }),
    })
  }

  get isLeader(): boolean {
    return this.#coordinator.isLeader
  }

  /** @throws LeaseTableError, ServiceError (kind `missing` for a stream that does not exist) */
  async start(signal: AbortSignal): Promise<void> {
    const { options } = this.#worker
    await this.#distribution.look(signal)
    await ensureLeaseTable(
      {
        dynamo: this.#dynamo,
        tableName: options.applicationName,
        workerId: options.workerId,
        requestTimeoutMs: TABLE_CALL_TIMEOUT_MS,
        wanted: options.lease.table,
        logger: options.logger,
      },
      signal,
    )
    await guardAgainstFormerStream(
      { ...options, store: this.#store, listShards: (aborted) => this.#syncer.shards(aborted) },
      signal,
    )
    await this.#coordinator.start(signal)
    this.#dynamo.started()
    this.#setup.started()
  }

  /**
   * Finishes running handler calls, checkpoints, hands every lease over; all within `timeoutMs`.
   * What is left by then stops at once, and its leases expire by themselves.
   */
  async drain(timeoutMs: number): Promise<void> {
    const endMs = monotonicMs() + timeoutMs
    const leftMs = (): number => Math.max(0, endMs - monotonicMs())
    const withdrawn = this.#coordinator.stopTaking()
    this.#withdrawal = settledWithin([withdrawn], leftMs() * WITHDRAWAL_SHARE)
    // At once: a handler call that began while this worker withdraws would delay its shard.
    this.#requestStops()
    await this.#withdrawal
    // What was being taken up meanwhile.
    this.#requestStops()
    const done = [...this.#services.values()].map((service) => service.done)
    const inTime = await settledWithin(done, leftMs() * HANDLERS_SHARE)
    if (!inTime) {
      const shards = [...this.#services.keys()].map(({ shardId }) => shardId)
      this.#worker.options.logger.warn(
        { shards, timeoutMs },
        'handlers did not stop in time; their leases move on',
      )
    }
    const held = this.#coordinator.held.all()
    const handOvers = held.map((lease) => this.#coordinator.handOver(lease))
    const unadopted = this.#coordinator.handOverUnadopted()
    await settledWithin([...handOvers, unadopted], leftMs())
    this.#coordinator.stop()
    this.#dynamo.end()
  }

  /** Stops at once; leases expire by themselves. */
  async destroy(): Promise<void> {
    for (const { consumer } of this.#services.values()) consumer.abandon()
    this.#dynamo.end()
    await this.#coordinator.destroy()
  }

  /** The user has paused or resumed shards. */
  pausedChanged(): void {
    for (const [held, { consumer }] of this.#services) {
      if (this.#worker.paused.has(held.shardId)) consumer.pause()
      else consumer.resume()
    }
  }

  /** Calls that AWS refuses this worker at present. */
  get setupTroubles(): readonly SetupTrouble[] {
    return this.#setup.troubles
  }

  /** @throws ServiceError */
  async describe(): Promise<Pick<ApplicationSnapshot, 'leader' | 'shards' | 'skippedRows'>> {
    const { workerId, lease: options } = this.#worker.options
    const { held } = this.#coordinator
    const sentMs = monotonicMs()
    const { leases, leader, skipped } = await this.#store.scan(true)
    this.#ages.observe(leases, { sentMs, answeredMs: monotonicMs() })
    const parentsOf = unendedParents(leases)
    const shards = leases.map((lease) => {
      const { leaseKey } = lease
      const tenure = held.get(leaseKey)
      return shardSnapshot({
        workerId,
        lease,
        parents: parentsOf(lease),
        running: tenure && this.#services.get(tenure)?.consumer,
        isBeginning: tenure === undefined && held.has(leaseKey),
        age: this.#ages.of(leaseKey),
        leader: leader?.ownerName,
        failoverTimeMs: options.failoverTimeMs,
      })
    })
    return { leader: leader?.ownerName, shards, skippedRows: skipped.length }
  }

  #measureLags(): void {
    const { idleTimeBetweenReadsMs } = this.#worker.options.retrieval
    const silenceMs = Math.max(LEAST_SILENCE_MS, 2 * idleTimeBetweenReadsMs)
    for (const { consumer } of this.#services.values()) {
      consumer.measureLagOfSilence(silenceMs)
    }
  }

  #requestStops(): void {
    for (const { consumer } of this.#services.values()) consumer.requestStop()
  }

  #acquired(held: HeldLease): void {
    const { options, handler, events } = this.#worker
    events.emit('leaseAcquired', snapshotOf(held))
    const consumer = new ShardConsumer<T>({
      tenure: held,
      stream: options.stream.streamName,
      options,
      kinesis: this.#kinesis,
      control: this.#control,
      budget: this.#budget,
      distribution: this.#distribution,
      handler,
      parentsEnded: (halted) => this.#syncer.unendedParents(held.lease, halted),
      endShard: (children) => this.#syncer.endShard(held.lease, children, held.signal),
      emit: (name, ...args) => events.emit(name, ...args),
      logger: options.logger,
      metrics: options.metrics,
      random: options.random,
    })
    if (this.#worker.paused.has(held.shardId)) consumer.pause()
    const done = this.#serve(held, consumer)
    this.#services.set(held, { consumer, done })
  }

  async #serve(held: HeldLease, consumer: ShardConsumer<T>): Promise<void> {
    const { events, options, onFailed } = this.#worker
    const { logger } = options
    try {
      const outcome = await consumer.run()
      if (outcome === 'shard-ended') this.#coordinator.pokeDiscovery()
      // Two that stop at the same time must not hand their leases to each other.
      if (outcome === 'stopped' && !held.inHandoff) await this.#withdrawal
      if (outcome === 'stopped' || held.inHandoff) await this.#coordinator.handOver(held)
      // However it came to think so: a lease that nobody serves must not be held.
      else if (outcome === 'lease-lost') await held.handOver(undefined)
    } catch (cause) {
      if (cause instanceof HandlerFailedError || cause instanceof MalformedRecordError) {
        onFailed(cause)
        return
      }
      // Not a failure that a policy decides on: let another tenure try, here or elsewhere.
      logger.error(
        { err: cause, shardId: held.shardId, workerId: options.workerId },
        'a shard consumer failed',
      )
      events.emit('error', cause)
      await held.handOver(undefined).catch((error: unknown) => {
        logger.warn(
          { err: error, shardId: held.shardId },
          'a lease was not released; it expires by itself',
        )
      })
    } finally {
      this.#services.delete(held)
    }
  }

  /** A leader wants the lease elsewhere: it goes as soon as nothing runs here any more. */
  #askedAway(held: HeldLease): void {
    const service = this.#services.get(held)
    if (service === undefined) void this.#coordinator.handOver(held)
    else service.consumer.requestStop()
  }

  #ended(held: HeldLease, reason: LeaseLossReason): void {
    this.#worker.events.emit('leaseLost', snapshotOf(held), reason)
  }
}

/** A shard at its tip has a page, with or without records, in each pause between two reads. */
const LEAST_SILENCE_MS = 10_000
/** Of the time for a drain: a table that does not answer leaves the handlers the rest. */
const WITHDRAWAL_SHARE = 0.5
/** Of the time left for a drain: the rest is for handing over the leases of handlers that hang. */
const HANDLERS_SHARE = 0.9
/** Table management is slower than a lease write. */
const TABLE_CALL_TIMEOUT_MS = 6000

function snapshotOf(held: HeldLease): LeaseSnapshot {
  return {
    leaseKey: held.leaseKey,
    shardId: held.shardId,
    epoch: held.epoch,
    checkpoint: held.lease.checkpoint.sequenceNumber,
  }
}
