/** The public class: lifecycle and wiring. What it does lives in worker/, delivery/ and retrieval/. */
import { ClosedError } from '@millrace/core'
import {
  integer,
  monotonicMs,
  resolveOptions,
  resolveSignalOption,
  TypedEmitter,
} from '@millrace/core/internal'
import { checkHandler, notFree } from './check-handler.ts'
import { checkShardIds } from './check-shard-ids.ts'
import type { ConsumerEvents, ConsumerState } from './events.ts'
import { refuseUnused } from './handler-contradictions.ts'
import { ConsumerMetrics } from './metrics/consumer-metrics.ts'
import type { ConsumerMetric, ConsumerMetricsQuery } from './metrics/metric-names.ts'
import type { ConsumerOptions, ResolvedConsumerOptions } from './options.ts'
import { type ConsumerPorts, openPorts } from './ports.ts'
import type { PullHandler } from './pulling/pulled-adapter.ts'
import type { PulledRecord } from './pulling/pulled-record.ts'
import { type BatchesOptions, Pulling, type ReadableOptions } from './pulling/pulling.ts'
import type { RecordStream } from './pulling/record-stream.ts'
import type { RecordBatch } from './record.ts'
import type { Handler } from './record-processor.ts'
import { resolveConsumerOptions } from './resolve-options.ts'
import type { ApplicationSnapshot } from './snapshot.ts'
import { PausedShards } from './worker/paused-shards.ts'
import { settledWithin } from './worker/settled-within.ts'
import { startWorker } from './worker/start-worker.ts'
import { Worker } from './worker/worker.ts'

const DEFAULT_CLOSE_TIMEOUT_MS = 30_000
const CLOSE_RULES = {
  timeoutMs: integer({ default: DEFAULT_CLOSE_TIMEOUT_MS, min: 0, max: 2_147_483_647 }),
}

/**
 * One worker of a fleet that reads a stream together: shards are shared through leases in a
 * DynamoDB table, which is KCL's. At least once: make handlers idempotent. KCL: `Scheduler`.
 *
 * @example
 * const consumer = new Consumer({ applicationName: 'orders', stream: 'orders', codec: jsonCodec<Order>() })
 * process.once('SIGTERM', () => void consumer.close())
 * await consumer.run({ eachRecord: async ({ data }) => save(data) })
 * @public
 */
export class Consumer<T = Uint8Array>
  extends TypedEmitter<ConsumerEvents>
  implements AsyncDisposable
{
  readonly #options: ResolvedConsumerOptions<T>
  readonly #metrics: ConsumerMetrics
  readonly #pulling: Pulling<T> = new Pulling<T>({
    claim: (way, isPerRecord) => this.#claim(way, isPerRecord),
    run: (handler, signal) => this.#begin(handler, signal),
    close: () => this.close(),
  })
  readonly #starting = new AbortController()
  readonly #paused = new PausedShards()
  #state: ConsumerState = 'created'
  /** How records are handled: in one way, chosen once. */
  #way: string | undefined
  #ports: ConsumerPorts | undefined
  #worker: Worker<T> | undefined
  #startup: Promise<void> | undefined
  /** What a policy stopped the consumer for; run() rejects with it. */
  #failure: { readonly cause: unknown } | undefined
  /** Settles run(). */
  #finish: ((error?: unknown) => void) | undefined
  #closing: Promise<void> | undefined

  /** @throws InvalidOptionError */
  constructor(options: ConsumerOptions<T>) {
    const resolved = resolveConsumerOptions(options)
    super(resolved.logger)
    this.#metrics = new ConsumerMetrics(resolved)
    this.#options = { ...resolved, metrics: this.#metrics }
  }

  /** As other workers and the lease table know this one. */
  get workerId(): string {
    return this.#options.workerId
  }

  get state(): ConsumerState {
    return this.#state
  }

  /**
   * Serves shards until the consumer is closed. Resolves after a graceful stop.
   *
   * @param options.signal closes the consumer when it fires
   * @throws InvalidOptionError for a handler of no known kind, or one that an option does not fit
   *   (`maxBatchWaitMs` beside `eachRecord`, `concurrencyPerShard` beside another); the consumer can still be run
   * @throws ClosedError when it runs already or has run
   * @throws LeaseTableError for a table that is not a lease table, belongs to KCL 2.x (also when a fleet is
   *   rolled back to it later), to a consumer of many streams, or to a former stream of the same name
   *   (`onRecreatedStream`)
   * @throws ServiceError kind `missing` for a stream that does not exist, `denied` for credentials, or
   *   for an action on the lease table that the policy lacks (named; also when it is taken away
   *   later for 30 s, or for twice `failoverTimeMs`)
   * @throws HandlerFailedError, MalformedRecordError when a policy said stop
   */
  run(
    handler: Handler<T>,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    try {
      checkHandler(handler)
      const { signal } = resolveSignalOption(options)
      this.#claim('run()', 'eachRecord' in handler)
      return this.#begin(handler, signal)
    } catch (cause) {
      return Promise.reject(cause)
    }
  }

  /**
   * Batches of all shards, one after another: pulling the next acknowledges the last. As `run`
   * otherwise: the first pull starts the consumer, `close()` ends the iteration, and it rejects with
   * whatever made the consumer fail. `break`, `return` and `throw` give the current batch back (it
   * is delivered again, to whoever serves its shard next) and close the consumer.
   *
   * @throws ClosedError when records are handled in another way already
   */
  batches(options: BatchesOptions = {}): AsyncIterable<RecordBatch<T>> {
    return this.#pulling.batches(options)
  }

  /** `for await (const record of consumer)`: as `batches()`, record by record. */
  [Symbol.asyncIterator](): AsyncIterator<PulledRecord<T>, undefined> {
    return this.#pulling.records()
  }

  /**
   * Records as a Node stream in object mode. Reading acknowledges nothing: each chunk's `ack()` does.
   * `destroy()` closes the consumer, as does the end of a `for await` over it, and what is not
   * acknowledged by then is delivered again; after `close()` the stream ends.
   *
   * @throws ClosedError when records are handled in another way already
   * @throws InvalidOptionError
   */
  readable(options: ReadableOptions = {}): RecordStream<T> {
    return this.#pulling.readable(options)
  }

  /**
   * Stops delivering records of these shards, or of all, those to come included. A handler call that
   * runs is not cut short; no other begins, although records are read ahead. Leases are kept and
   * renewed, `close()` is not held up. This worker alone remembers it, from before `run()` if need
   * be, also of shards that it does not hold at present: the next owner of a shard delivers.
   *
   * @throws InvalidOptionError for what cannot be a list of shard ids
   */
  pause(shardIds?: readonly string[]): void {
    checkShardIds(shardIds)
    this.#paused.pause(shardIds)
    this.#worker?.pausedChanged()
  }

  /** Takes `pause` back, for these shards or for all. Throws as `pause`. */
  resume(shardIds?: readonly string[]): void {
    checkShardIds(shardIds)
    this.#paused.resume(shardIds)
    this.#worker?.pausedChanged()
  }

  /**
   * The whole application, from any of its workers: who leads, and what each shard waits for, in
   * words. One strong scan of the lease table, so not for every second in a large fleet. A consumer
   * that does not run yet, or no more, knows of no shards.
   *
   * @throws ServiceError
   */
  async describe(): Promise<ApplicationSnapshot> {
    const isOver = this.#state === 'stopped' || this.#state === 'failed'
    const seen = isOver ? undefined : await this.#worker?.describe()
    return {
      workerId: this.workerId,
      isLeader: this.#worker?.isLeader ?? false,
      leader: seen?.leader,
      state: this.#state,
      shards: seen?.shards ?? [],
      skippedRows: seen?.skippedRows ?? 0,
      setupTroubles: this.#worker?.setupTroubles ?? [],
    }
  }

  /**
   * What this worker has measured: each metric of KCL's that it has, by operation, and by shard where
   * it has one; those without a value are left out. KCL has no such call.
   *
   * @throws InvalidOptionError
   */
  metrics(query?: ConsumerMetricsQuery): readonly ConsumerMetric[] {
    return this.#metrics.snapshot(query)
  }

  /**
   * Lets running handler calls finish, calls `shutdownRequested`, checkpoints, hands leases over.
   * Calling it again returns the same promise.
   *
   * @param options.timeoutMs after which leases move on although a handler still runs; default 30,000
   * @throws InvalidOptionError; the consumer runs on
   */
  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    try {
      const { timeoutMs } = resolveOptions<{ timeoutMs: number }>('', options, CLOSE_RULES)
      this.#closing ??= this.#stop(timeoutMs)
      return this.#closing
    } catch (cause) {
      return Promise.reject(cause)
    }
  }

  /** Stops now, as a crash would: leases expire by themselves. run() rejects with the reason. */
  destroy(reason?: Error): void {
    if (this.#state === 'stopped' || this.#state === 'failed') return
    this.#starting.abort(reason)
    this.#enter('failed')
    this.#finish?.(reason ?? destroyed())
    const ended = this.#worker?.destroy() ?? Promise.resolve()
    this.#closing ??= ended.finally(() => this.#ports?.close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #claim(way: string, isPerRecord: boolean): void {
    const { state, workerId } = this
    if (this.#way !== undefined || state !== 'created') throw notFree(workerId, state, this.#way)
    refuseUnused(way, isPerRecord, this.#options)
    this.#way = way
  }

  #begin(handler: Handler<T> | PullHandler<T>, signal: AbortSignal | undefined): Promise<void> {
    const onAbort = (): void => void this.close()
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    return this.#run(handler).finally(() => signal?.removeEventListener('abort', onAbort))
  }

  async #run(handler: Handler<T> | PullHandler<T>): Promise<void> {
    if (this.#closing !== undefined) {
      await this.#closing
      if (this.#state === 'failed') throw destroyed()
      return
    }
    this.#enter('initializing')
    const finished = new Promise<void>((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error))
    })
    // run() may leave by the start failing; nobody else listens then.
    finished.catch(() => undefined)
    try {
      this.#ports = openPorts(this.#options)
      this.#worker = new Worker({
        options: this.#options,
        ports: this.#ports,
        handler,
        paused: this.#paused,
        events: this,
        onFailed: (cause) => this.#fail(cause),
      })
      this.#startup = startWorker(this.#worker, this.#options, this.#starting.signal)
      await this.#startup
      if (this.#state === 'initializing') this.#enter('running')
    } catch (cause) {
      await this.#startFailed(cause)
    }
    await finished
  }

  async #startFailed(cause: unknown): Promise<void> {
    // A close() during the start is no failure.
    if (this.#closing !== undefined) return
    await this.#worker?.destroy()
    this.#ports?.close()
    this.#enter('failed')
    this.#finish?.(cause)
  }

  #fail(cause: unknown): void {
    // A handler may fail while a close() waits for it: that close was then no clean one.
    this.#failure ??= { cause }
    this.emit('error', cause)
    this.#closing ??= this.#stop(DEFAULT_CLOSE_TIMEOUT_MS)
  }

  async #stop(timeoutMs: number): Promise<void> {
    if (this.#state === 'stopped' || this.#state === 'failed') return
    const endMs = monotonicMs() + timeoutMs
    this.#starting.abort()
    this.#enter('draining')
    try {
      // A start that is under way may be giving its first sign of life: it is taken back below.
      await settledWithin(this.#startup === undefined ? [] : [this.#startup], timeoutMs)
      await this.#worker?.drain(Math.max(0, endMs - monotonicMs()))
    } finally {
      this.#ports?.close()
      this.#finishedStopping()
    }
  }

  #finishedStopping(): void {
    // destroy() was faster.
    if (this.#state !== 'draining') return
    this.#enter(this.#failure === undefined ? 'stopped' : 'failed')
    this.#finish?.(this.#failure?.cause)
  }

  #enter(state: ConsumerState): void {
    if (this.#state === state) return
    this.#state = state
    this.emit('stateChange', state)
  }
}

function destroyed(): ClosedError {
  return new ClosedError('This consumer was destroyed', { hint: 'destroy() was called.' })
}
