/** The public class: lifecycle and wiring, no algorithm. */
import { setMaxListeners } from 'node:events'
import type { Writable } from 'node:stream'
import { ClosedError, type KinesisPort, kinesisOverCbor, type StreamRef } from '@millrace/core'
import { resolveSignalOption, startTimer, stopTimer, TypedEmitter } from '@millrace/core/internal'
import { resolveCloseOptions, resolveFlushOptions, resolveWritableOptions } from './call-options.ts'
import { DropCount, type ProducerCloseReport } from './close-report.ts'
import { UserRecordFailedError } from './errors.ts'
import type { ProducerEvents } from './events.ts'
import type { ProducerMetric, ProducerMetricsQuery } from './metrics/metric-names.ts'
import {
  type ProducerOptions,
  type ResolvedProducerOptions,
  resolveProducerOptions,
} from './options.ts'
import { clockMs } from './pipeline/alarm.ts'
import { Backpressure } from './pipeline/backpressure.ts'
import { CLOSED, dropped } from './pipeline/failure-reason.ts'
import { FlushBarriers } from './pipeline/flush-barriers.ts'
import { Intake } from './pipeline/intake.ts'
import { Losses } from './pipeline/losses.ts'
import { lastPromise, takeResolve } from './pipeline/promise-resolve.ts'
import { RequestSlots } from './pipeline/request-slots.ts'
import { StreamPipelines } from './pipeline/stream-pipelines.ts'
import { StuckLanes } from './pipeline/stuck-lanes.ts'
import type { ProducerRecord, UserRecordResult } from './user-record.ts'
import { UserRecordWritable } from './writable.ts'

interface OwnedClient extends KinesisPort {
  close(): void
}

/**
 * Writes user records to Kinesis streams: packed into aggregates per shard, collected into large
 * requests, limited to what each shard takes, tried again until stored or expired. Delivery is at
 * least once; memory is bounded. KPL: `KinesisProducer`.
 *
 * @example
 * ```ts
 * await using producer = new Producer({ stream: 'orders', region: 'eu-west-1' })
 * const { shardId, sequenceNumber } = await producer.put({ partitionKey: 'customer-7', data })
 * ```
 * @public
 */
export class Producer<T = Uint8Array, S = Record<never, never>>
  extends TypedEmitter<ProducerEvents<T | S[keyof S]>>
  implements AsyncDisposable
{
  readonly #settings: ResolvedProducerOptions
  readonly #client: KinesisPort
  readonly #ownClient: OwnedClient | undefined
  readonly #backpressure: Backpressure
  readonly #barriers = new FlushBarriers()
  readonly #losses: Losses<T | S[keyof S]>
  readonly #abort = new AbortController()
  readonly #pipelines: StreamPipelines
  readonly #intake: Intake
  #state: 'open' | 'closing' | 'closed' = 'open'
  #closing: Promise<ProducerCloseReport> | undefined
  readonly #dropped = new DropCount()
  #drainWaiters: (() => void)[] = []

  /** @throws InvalidOptionError */
  constructor(options?: ProducerOptions<T, S>) {
    const settings = resolveProducerOptions(options)
    super(settings.logger)
    this.#settings = settings
    // Every request on the way may listen.
    setMaxListeners(0, this.#abort.signal)
    if (settings.client === undefined) {
      const { region, endpoint, allowInsecureEndpoint, credentials } = settings
      const { maxConnections, requestTimeoutMs } = settings
      this.#ownClient = kinesisOverCbor({
        region: region ?? settings.resolvedStream?.region,
        endpoint,
        allowInsecureEndpoint,
        credentials,
        maxConnections,
        requestTimeoutMs,
      })
    }
    this.#client = settings.client ?? (this.#ownClient as OwnedClient)
    this.#losses = new Losses({
      logger: settings.logger,
      isHeard: () => this.listenerCount('failed') > 0,
      failed: (record, error) => this.emit('failed', record, error),
      troubled: (error) => this.emit('error', error),
    })
    this.#backpressure = new Backpressure(settings, {
      drained: () => this.#drained(),
      settled: () => this.#settled(),
    })
    this.#pipelines = new StreamPipelines({
      settings,
      client: this.#client,
      slots: new RequestSlots(settings.maxConnections),
      backpressure: this.#backpressure,
      stuckLanes: new StuckLanes(settings),
      signal: this.#abort.signal,
      lost: (ref, record, error, codec) => this.#losses.tell(ref, record, error, codec),
      throttled: (stream, shardId) => this.emit('throttled', { stream, shardId }),
      troubled: (error) => this.emit('error', error),
      mapTroubled: (error) => {
        if (this.listenerCount('error') > 0) this.emit('error', error)
      },
    })
    this.#intake = new Intake(this.#pipelines, this.#backpressure)
  }

  /** Records accepted and not settled yet. KPL: `getOutstandingRecordsCount`. */
  get outstandingRecords(): number {
    return this.#backpressure.records
  }

  /** Bytes of their data and partition keys, which `maxBufferedBytes` bounds. */
  get bufferedBytes(): number {
    return this.#backpressure.bytes
  }

  /** Age of the oldest of them in milliseconds; 0 if there is none. KPL: `getOldestRecordTimeInMillis`. */
  get oldestRecordAgeMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY
    for (const { oldest } of this.#pipelines.all()) {
      if (oldest !== undefined && oldest.admittedMs < oldestMs) oldestMs = oldest.admittedMs
    }
    return oldestMs === Number.POSITIVE_INFINITY ? 0 : clockMs() - oldestMs
  }

  /**
   * What was measured: each metric, and each prefix of its dimensions; those without a value are left
   * out. Throws `InvalidOptionError`. KPL: `getMetrics`.
   */
  metrics(query?: ProducerMetricsQuery): readonly ProducerMetric[] {
    return this.#pipelines.metrics(query)
  }

  /**
   * Accepts a record, at once or when there is room, and settles with its place in the stream.
   * `signal` ends the wait; a record that was accepted before may still be stored (and if it is
   * lost, `failed` tells).
   *
   * Rejects with `InvalidRecordError` or `InvalidOptionError` (nothing accepted), `BufferFullError`
   * (too many calls wait), `UserRecordFailedError` (see its attempts), `ClosedError`, `AbortedError`,
   * or what your codec throws.
   */
  put(
    record: ProducerRecord<T, S>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<UserRecordResult> {
    const promise = new Promise<UserRecordResult>(takeResolve)
    const { resolve } = lastPromise
    try {
      this.#refuseClosed()
      const signal = options === undefined ? undefined : resolveSignalOption(options).signal
      this.#intake.put(record, signal, resolve)
    } catch (error) {
      resolve(Promise.reject(error))
    }
    return promise
  }

  /**
   * Accepts a record without a promise: the cheap way. What fails later is told by `failed`.
   *
   * @returns false when there is no room, or the stream is not known well enough yet to judge the record
   *   (no partition key, or above 1 MiB): it was NOT accepted, wait for `drain`
   * @throws InvalidRecordError, ClosedError
   */
  tryPut(record: ProducerRecord<T, S>): boolean {
    this.#refuseClosed()
    return this.#intake.tryPut(record, undefined)
  }

  /**
   * A Writable of user records (object mode). It holds back while the buffer is full, finishes when
   * all is settled, and is destroyed with the error of a record that fails for good; further losses
   * are told by `failed`.
   *
   * @param options.highWaterMark records that the stream itself holds, default 16
   */
  writable(options?: { readonly highWaterMark?: number | undefined }): Writable {
    const { highWaterMark } = resolveWritableOptions(options)
    return new UserRecordWritable<ProducerRecord<T, S>>(
      {
        tryPut: (record, listener) => {
          this.#refuseClosed()
          return this.#intake.tryPut(record, listener)
        },
        onceDrained: (run) => {
          this.#drainWaiters.push(run)
        },
        flush: () => this.flush(),
      },
      highWaterMark,
    )
  }

  /**
   * Sends what is buffered without further delay and resolves when every put made before has
   * settled (those of one stream, if named). Rejects with `InvalidOptionError`, for a stream that
   * cannot be among others, and with `AbortedError`. KPL: `flush` and `flushSync`.
   */
  async flush(options?: {
    readonly stream?: StreamRef | undefined
    readonly signal?: AbortSignal | undefined
  }): Promise<void> {
    const { stream, signal } = resolveFlushOptions(options)
    const through = this.#intake.lastSequence
    const chosen = this.#pipelines.chosen(stream)
    for (const pipeline of chosen) pipeline.hurry(through)
    try {
      await this.#barriers.wait(() => {
        const waiting = this.#backpressure.oldestWaitingSequence
        if (waiting !== undefined && waiting <= through) return false
        return !chosen.some((pipeline) => pipeline.holdsThrough(through))
      }, signal)
    } finally {
      if (this.#barriers.waiting === 0) {
        for (const pipeline of this.#pipelines.all()) pipeline.relax()
      }
    }
  }

  /**
   * Accepts nothing more, flushes, then lets go of timers and sockets. What is not settled at the
   * deadline is dropped: each record fails with `UserRecordFailedError`. Later calls return the
   * same promise. Rejects with `InvalidOptionError` for a wrong deadline; nothing is closed then.
   *
   * @param options.timeoutMs default: the record TTL plus two request timeouts, by when all settles
   *   that does not still wait for room
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<ProducerCloseReport> {
    try {
      const { recordTtlMs, requestTimeoutMs } = this.#settings
      const { timeoutMs } = resolveCloseOptions(options, recordTtlMs + 2 * requestTimeoutMs)
      this.#closing ??= this.#close(timeoutMs)
      return this.#closing
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  /** Fails everything outstanding, now, and lets go. Records on the way may still be stored. */
  destroy(reason?: Error): void {
    if (this.#state === 'closed') return
    // First of all: a listener of `failed` may put again.
    this.#state = 'closing'
    this.#drop('The producer was destroyed', reason)
    this.#release()
    this.#closing ??= Promise.resolve(this.#dropped.report())
  }

  /** `close()` with its default deadline. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #refuseClosed(): void {
    if (this.#state === 'open') return
    throw new ClosedError('The producer is closed', { hint: 'Make a new Producer.' })
  }

  #drained(): void {
    this.#wakeWritables()
    if (this.#state === 'open') this.emit('drain')
  }

  #wakeWritables(): void {
    const waiters = this.#drainWaiters
    this.#drainWaiters = []
    for (const run of waiters) run()
  }

  #settled(): void {
    for (const pipeline of this.#pipelines.all()) pipeline.rest()
    this.#barriers.check()
  }

  async #close(timeoutMs: number): Promise<ProducerCloseReport> {
    if (this.#state === 'open') this.#state = 'closing'
    const timer = startTimer(timeoutMs, () => {
      this.#drop(`The producer was closed and ${timeoutMs} ms had passed`, undefined)
    })
    try {
      await this.flush()
    } finally {
      stopTimer(timer)
      this.#release()
    }
    return this.#dropped.report()
  }

  #drop(what: string, cause: Error | undefined): void {
    const waiting = this.#backpressure.failWaiting(({ streamName }) => {
      const reason = dropped(what, false, cause)
      const message = `${reason.code}: ${reason.message}`
      return new UserRecordFailedError(streamName, [], { ...reason, message, retryable: true })
    })
    this.#dropped.add(CLOSED, waiting)
    for (const pipeline of this.#pipelines.all()) {
      pipeline.failAll((record) => {
        this.#dropped.add(record.attempts?.at(-1)?.error?.code ?? CLOSED, 1)
        return dropped(what, record.phase === 'in-flight', cause)
      })
    }
    const { droppedRecords: records, reasons } = this.#dropped.report()
    if (records > 0) {
      this.#settings.logger.warn({ records, reasons }, `${what}: records were dropped`)
    }
    this.#barriers.check()
  }

  #release(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    for (const pipeline of this.#pipelines.all()) pipeline.stop()
    this.#abort.abort()
    this.#losses.stop()
    this.#ownClient?.close()
    this.#wakeWritables()
  }
}
