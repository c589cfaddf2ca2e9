/** Drives one shard through its states, for one tenure. KCL: `ShardConsumer`. */
import { monotonicMs } from '@millrace/core/internal'
import { isLoudFailure } from '../backoff.ts'
import { CallFailures } from '../delivery/call-failures.ts'
import { LeaseLostError } from '../errors.ts'
import { isShardEnded } from '../lease/lease.ts'
import { INITIALIZE_TASK, measured, SHUTDOWN_TASK } from '../metrics/measured.ts'
import { childrenInListing } from '../retrieval/shard-end.ts'
import { isShardEnd, type Reading } from '../retrieval/source.ts'
import type { ChildOfShard } from '../shard-sync/shard-end-plan.ts'
import type { RunningShard, ShardTrouble } from '../waiting-for.ts'
import { settledWithin } from '../worker/settled-within.ts'
import { assembleShard, type ShardConsumerOptions, type ShardParts } from './shard-parts.ts'
import { nextShardState, type ShardEvent, type ShardState } from './shard-state.ts'

export type { ShardConsumerOptions } from './shard-parts.ts'

export type ShardConsumerOutcome = 'shard-ended' | 'lease-lost' | 'stopped'

const PARENT_POLL_MS = 1000
/** Of records that are held for a larger batch. */
const LOOK_AT_MEMORY_MS = 500

export class ShardConsumer<T> implements RunningShard {
  readonly #options: ShardConsumerOptions<T>
  readonly #parts: ShardParts<T>
  readonly #abandoned: Promise<ShardConsumerOutcome>
  #abandon: () => void = () => {}
  #state: ShardState
  #waitingFor: readonly string[] = []
  #millisBehindLatest: number | undefined
  #lagToldAtMs = 0
  /** The next page that is not handed over yet. */
  #upcoming: Promise<Reading | undefined> | undefined
  /** The handler had its last call; one that was never initialized hears nothing anyway. */
  #isTold = false

  constructor(options: ShardConsumerOptions<T>) {
    this.#options = options
    this.#parts = assembleShard(options)
    this.#state = isShardEnded(options.tenure.lease) ? 'shutting-down' : 'waiting-on-parents'
    this.#abandoned = new Promise((resolve) => {
      this.#abandon = () => resolve('lease-lost')
    })
  }

  get state(): ShardState {
    return this.#state
  }

  /** Ids of the parent shards that are not done yet. */
  get waitingFor(): readonly string[] {
    return this.#waitingFor
  }

  /** Of the last page handed on; undefined before the first. */
  get millisBehindLatest(): number | undefined {
    return this.#millisBehindLatest
  }

  /**
   * To be called now and then: while no page has gone to the handler for so long, what the lag may
   * have grown to is measured instead, so that a shard that stands still does not fall silent.
   */
  measureLagOfSilence(forMs: number): void {
    const silentMs = monotonicMs() - this.#lagToldAtMs
    if (this.#millisBehindLatest === undefined || silentMs < forMs) return
    this.#measureLag(this.#millisBehindLatest + silentMs)
  }

  /** What holds the shard up at present. */
  get trouble(): ShardTrouble | undefined {
    return this.#parts.health.trouble
  }

  get lastError(): unknown {
    return this.trouble?.error
  }

  get isPaused(): boolean {
    return this.#parts.gate.isPaused
  }

  /** For how long the present handler call has run, milliseconds. */
  get handlerBusyMs(): number | undefined {
    const { callingSinceMs } = this.#parts.batches
    return callingSinceMs === undefined ? undefined : monotonicMs() - callingSinceMs
  }

  /** What the handler is given, kilobytes per second; undefined before the first record. */
  sampleThroughputKBps(): number | undefined {
    return this.#parts.throughput.sample(monotonicMs())
  }

  /**
   * Serves the shard until it ends, moves away, or is stopped. Called once.
   *
   * @throws HandlerFailedError, MalformedRecordError when a policy says stop: the lease is still
   *   held, what was done is checkpointed
   * @throws InvalidOptionError for a lease that these options cannot start from
   */
  run(): Promise<ShardConsumerOutcome> {
    return Promise.race([this.#abandoned, this.#serve()])
  }

  /** Lets the running handler call settle, then `shutdownRequested` and a checkpoint; see `run`. */
  requestStop(): void {
    this.#parts.halt.requestStop()
  }

  /**
   * The lease is gone, or the consumer is destroyed: no call is started any more, and `run` resolves
   * at once. A handler call that still runs has its signal; `leaseLost` follows when it settles.
   */
  abandon(): void {
    this.#parts.halt.loseLease()
    this.#abandon()
  }

  /** Nothing more is delivered or read ahead; the running call may settle. */
  pause(): void {
    this.#parts.gate.pause()
    this.#parts.prefetch.pause()
    this.#parts.adapter.takeBack()
  }

  resume(): void {
    this.#parts.gate.resume()
    this.#parts.prefetch.resume()
  }

  async #serve(): Promise<ShardConsumerOutcome> {
    const { halt, prefetch, reads, auto, adapter } = this.#parts
    const stopReading = (): void => {
      prefetch.stop()
      adapter.takeBack()
    }
    halt.signal.addEventListener('abort', stopReading, { once: true })
    try {
      return await this.#live()
    } finally {
      this.#move('finished')
      prefetch.stop()
      reads.releaseAll()
      auto?.stop()
      halt.signal.removeEventListener('abort', stopReading)
      // Before the lease moves on (S7).
      if (adapter.isAbandoned) halt.loseLease()
      halt.release()
    }
  }

  async #live(): Promise<ShardConsumerOutcome> {
    let failure: { readonly cause: unknown } | undefined
    try {
      if (await this.#workToTheEnd()) return 'shard-ended'
    } catch (cause) {
      if (cause instanceof LeaseLostError) this.#parts.halt.loseLease()
      else failure = { cause }
    }
    await this.#shutDown()
    // After a lost lease nothing is left that a failure could hold up.
    if (this.#parts.halt.reason === 'lease-lost') return 'lease-lost'
    if (failure !== undefined) throw failure.cause
    return 'stopped'
  }

  /** False when halted on the way. */
  async #workToTheEnd(): Promise<boolean> {
    const { ending, halt, batches } = this.#parts
    if (isShardEnded(this.#options.tenure.lease)) return await this.#endAgain()
    if (!(await this.#waitForParents())) return false
    this.#move('parents-ended')
    if (!(await this.#initialize())) return false
    this.#move('initialized')
    const children = await this.#drain()
    if (!(await batches.settle())) return false
    if (children === undefined || !(await this.#acknowledged(halt.signal))) return false
    this.#move('drained')
    const isEnded = await ending.run(children)
    this.#isTold = isEnded
    return isEnded
  }

  async #waitForParents(): Promise<boolean> {
    const { halt, health } = this.#parts
    const { parentsEnded, logger, tenure } = this.#options
    for (let failures = 0; halt.reason === undefined; ) {
      try {
        this.#waitingFor = await halt.orHalted(parentsEnded(halt.signal))
        health.readWorked()
        if (this.#waitingFor.length === 0) return true
        failures = 0
      } catch (cause) {
        if (halt.reason !== undefined) break
        health.readFailed(cause)
        failures++
        if (isLoudFailure(failures)) {
          logger.warn({ err: cause, shardId: tenure.shardId }, 'parent leases could not be read')
        }
      }
      await halt.wait(PARENT_POLL_MS)
    }
    return false
  }

  async #initialize(): Promise<boolean> {
    const { prefetch, adapter, batches, retry, health, shard } = this.#parts
    const { metrics } = this.#options
    const { checkpoint, pendingCheckpoint, pendingCheckpointState } = this.#options.tenure.lease
    prefetch.start()
    const failures = new CallFailures()
    while (batches.mayCall()) {
      try {
        await measured(metrics, ...INITIALIZE_TASK, async () =>
          adapter.initialize({
            shard,
            position: checkpoint.sequenceNumber,
            subSequenceNumber: checkpoint.subSequenceNumber,
            pendingPosition: pendingCheckpoint,
            pendingState: pendingCheckpointState,
          }),
        )
        health.handlerWorked()
        return true
      } catch (error) {
        health.handlerFailed(error)
        await retry.judge(failures.failed<T>(error, []), 'never-skip')
      }
    }
    return false
  }

  /** Delivers page after page. The children once the shard has ended; undefined when halted. */
  async #drain(): Promise<readonly ChildOfShard[] | undefined> {
    const { gate, halt, pages } = this.#parts
    try {
      for (;;) {
        if (gate.isPaused) await gate.pass(halt.signal)
        if (halt.reason !== undefined) return undefined
        this.#upcoming ??= this.#nextReading()
        const { holdMs } = pages
        if (holdMs === 0 && !(await pages.flush())) return undefined
        if (holdMs !== undefined && holdMs > 0) {
          // Memory may run short meanwhile.
          if (!(await settledWithin([this.#upcoming], Math.min(holdMs, LOOK_AT_MEMORY_MS))))
            continue
        }
        const step = await this.#handOver()
        if (step !== 'more') return step
      }
    } finally {
      // One that came while the last batch was handled is for the next owner.
      this.#upcoming?.then(letGo, () => undefined)
      this.#upcoming = undefined
    }
  }

  #nextReading(): Promise<Reading | undefined> {
    const { halt, prefetch } = this.#parts
    const reading = prefetch.next().catch((cause: unknown) => {
      if (halt.reason === undefined) throw cause
      return undefined
    })
    // It may fail while what is held is handed on, before anybody waits for it.
    reading.catch(() => undefined)
    return reading
  }

  /** By itself: the loop would keep what it has handed over until the next page comes, if ever. */
  async #handOver(): Promise<readonly ChildOfShard[] | 'more' | undefined> {
    const { pages, health } = this.#parts
    const reading = await this.#upcoming
    this.#upcoming = undefined
    if (reading === undefined) return undefined
    health.readWorked()
    if (isShardEnd(reading)) return (await pages.flush()) ? reading.children : undefined
    this.#noteLag(reading.millisBehindLatest)
    return (await this.#process(() => pages.deliver(reading))) ? 'more' : undefined
  }

  /** Waits for what is handed out and not acknowledged yet. False when the signal fires first. */
  async #acknowledged(halted: AbortSignal): Promise<boolean> {
    const { acknowledgements } = this.#parts
    return acknowledgements === undefined || (await acknowledgements.settled(halted))
  }

  /** The row says SHARD_END: whoever wrote it may have died before the children were complete. */
  async #endAgain(): Promise<boolean> {
    const { control, tenure } = this.#options
    // They are named once all of them are made. To make them again would bring back those that
    // were read to their end and tidied away while this worker slept.
    if (tenure.lease.childShardIds.length > 0) return true
    const { halt, ending } = this.#parts
    const shards = await halt.orHalted(control.listShards(undefined, halt.signal)).catch(() => [])
    return await ending.createChildren(childrenInListing(tenure.shardId, shards))
  }

  async #shutDown(): Promise<void> {
    const { halt, shard, adapter, auto, batches } = this.#parts
    if (halt.reason === undefined) halt.requestStop()
    // What it was stopped for is told already.
    await batches.settle().catch(() => false)
    if (halt.reason === 'stop' && this.#options.tenure.believes()) {
      this.#move('stop-requested')
      if (!this.#isTold) {
        this.#isTold = true
        await this.#acknowledged(halt.lost)
        await this.#tell(() => this.#lastCall(() => adapter.shutdownRequested(shard)))
        await this.#tell(() => auto?.flush())
      }
    }
    if (!this.#options.tenure.believes()) halt.loseLease()
    if (halt.reason !== 'lease-lost') return
    this.#move('lease-lost')
    if (this.#isTold) return
    this.#isTold = true
    await this.#tell(() => this.#lastCall(() => adapter.leaseLost()))
  }

  #lastCall(call: () => void | Promise<void>): Promise<void> {
    return measured(this.#options.metrics, ...SHUTDOWN_TASK, async () => call())
  }

  /** A last word to the handler: a failure cannot hold anything up any more, but is not silent. */
  async #tell(call: () => void | Promise<void>): Promise<void> {
    try {
      await call()
    } catch (cause) {
      if (this.#parts.halt.reason === 'lease-lost' && cause instanceof LeaseLostError) return
      this.#parts.health.handlerFailed(cause)
      this.#parts.retry.report(new CallFailures().failed<T>(cause, []))
    }
  }

  /** Failed calls were counted as such when they failed. */
  async #process(deliver: () => Promise<boolean>): Promise<boolean> {
    const { metrics, tenure } = this.#options
    const dimensions = { Operation: 'ProcessTask', ShardId: tenure.shardId } as const
    const startMs = monotonicMs()
    const isDone = await deliver()
    metrics.put('Time', monotonicMs() - startMs, 'Milliseconds', dimensions)
    if (isDone) metrics.put('Success', 1, 'Count', dimensions)
    return isDone
  }

  #noteLag(millisBehindLatest: number | undefined): void {
    if (millisBehindLatest === undefined) return
    const { stream, tenure, emit } = this.#options
    const { shardId } = tenure
    this.#millisBehindLatest = millisBehindLatest
    this.#lagToldAtMs = monotonicMs()
    emit('lag', { stream, shardId, millisBehindLatest })
    this.#measureLag(millisBehindLatest)
  }

  #measureLag(millisBehindLatest: number): void {
    const { tenure, metrics } = this.#options
    const behind = ['MillisBehindLatest', millisBehindLatest, 'Milliseconds'] as const
    metrics.put(...behind, { Operation: 'ProcessTask', ShardId: tenure.shardId })
    metrics.put(...behind, { Operation: 'ApplicationTracker' })
  }

  #move(event: ShardEvent): void {
    this.#state = nextShardState(this.#state, event)
  }
}

function letGo(reading: Reading | undefined): void {
  if (reading !== undefined && !isShardEnd(reading)) reading.hold?.release()
}
