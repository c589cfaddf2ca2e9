/** One stream's way from admission to settlement: wires the stages, decides nothing itself. */
import { isServiceError } from '@millrace/core'
import {
  ControlPlane,
  type HashWords,
  type ResolvedStreamRef,
  type ShardMap,
  streamInput,
} from '@millrace/core/internal'
import { MapTrouble } from '../map-trouble.ts'
import { ProducerMetrics } from '../metrics/producer-metrics.ts'
import { ShardMapLoader } from '../shard-map-loader.ts'
import { AggregateBuffers } from './aggregate-buffers.ts'
import { Aggregator } from './aggregator.ts'
import { clockMs, turnClockMs } from './alarm.ts'
import type { Gate } from './backpressure.ts'
import { Collector } from './collector.ts'
import type { AttemptFailure } from './failure-reason.ts'
import { holdTimeMs } from './flush-decision.ts'
import { isOutstanding, type KinesisRecord } from './kinesis-record.ts'
import { Limiter } from './limiter.ts'
import { OutstandingList } from './outstanding-list.ts'
import { OutstandingRecord, type Told } from './outstanding-record.ts'
import { RecordExpiry } from './record-expiry.ts'
import { RecordOutcomes } from './record-outcomes.ts'
import { Retrier } from './retrier.ts'
import { Router } from './router.ts'
import { Sender } from './sender.ts'
import { Settler } from './settler.ts'
import type { ShardLane } from './shard-lane.ts'
import { StreamKind } from './stream-kind.ts'
import type { StreamPipelineOptions } from './stream-pipeline-options.ts'
import type { StreamRules } from './stream-rules.ts'

export class StreamPipeline {
  readonly #options: StreamPipelineOptions
  readonly #metrics: ProducerMetrics
  readonly #list = new OutstandingList()
  readonly #expiry: RecordExpiry
  readonly #outcomes: RecordOutcomes
  readonly #kind: StreamKind
  readonly #mapTrouble: MapTrouble
  readonly #shardMap: ShardMapLoader
  readonly #router: Router
  readonly #aggregator: Aggregator
  readonly #limiter: Limiter
  readonly #collector: Collector
  readonly #sender: Sender
  readonly #settler: Settler
  readonly #retrier: Retrier
  #stopped = false

  constructor(options: StreamPipelineOptions) {
    this.#options = options
    const { stream, rules, settings, client, backpressure } = options
    const { random, logger } = settings
    const { streamName } = stream
    const { recordTtlMs, recordMaxBufferedTimeMs: bufferedTimeMs } = settings
    const aggregating = settings.aggregation !== false
    const holdMs = holdTimeMs(recordTtlMs)
    this.#metrics = new ProducerMetrics(settings, streamName, clockMs())
    this.#mapTrouble = new MapTrouble(streamName, holdMs, logger)
    this.#outcomes = new RecordOutcomes({
      streamName,
      resource: stream.streamArn ?? `stream ${streamName}`,
      recordTtlMs,
      list: this.#list,
      backpressure,
      metrics: this.#metrics,
      predictedShard: (record) => this.#router.shardFor(record),
      lost: (record, error) => options.lost(options.streamRef, record, error, rules.codec),
    })
    this.#expiry = new RecordExpiry({
      recordTtlMs,
      list: this.#list,
      outcomes: this.#outcomes,
      // A stream that is never idle comes by here once in a while.
      looked: (nowMs) => this.#kind.probe.retry(nowMs),
    })
    const control = new ControlPlane({
      kinesis: client,
      stream,
      logger,
      retries: 2,
      firstBackoffMs: 1000,
    })
    this.#kind = new StreamKind({
      control,
      streamName,
      logger,
      rules,
      backpressure,
      holdMs,
      placementChanged: () => this.#placementChanged(),
    })
    this.#shardMap = new ShardMapLoader({
      control,
      random,
      probe: this.#kind.probe,
      isNeeded: () => this.#list.oldest !== undefined,
      loaded: (map) => this.#useMap(map),
      isPlacedByService: () => rules.placesItself,
      failed: (error, retryable) => this.#mapFailed(error, retryable),
    })
    this.#router = new Router(
      {
        rateLimitPercent: settings.rateLimitPercent,
        holdMs,
        stuckLanes: options.stuckLanes,
        gaveUp: () => this.#mapTrouble.tell(undefined),
      },
      clockMs(),
      (record, lane, nowMs) => this.#aggregator.add(record, lane, nowMs),
    )
    this.#aggregator = new Aggregator(
      {
        enabled: aggregating,
        maxRecords: settings.aggregation === false ? 1 : settings.aggregation.maxRecords,
        maxBytes: settings.aggregation === false ? 0 : settings.aggregation.maxBytes,
        bufferedTimeMs,
        recordTtlMs,
        list: this.#list,
      },
      (record, nowMs) => this.#limiter.add(record, nowMs),
    )
    this.#limiter = new Limiter({
      passed: (record, nowMs) => this.#collector.add(record, nowMs),
      limited: (nowMs) => this.#collector.flushSoon(nowMs),
    })
    this.#collector = new Collector(
      { ...settings.collection, bufferedTimeMs, aggregating },
      (records) => this.#sender.send(records),
    )
    const buffers = AggregateBuffers.for(settings)
    this.#settler = new Settler({
      buffers,
      recordTtlMs,
      holdMs,
      failIfThrottled: settings.failIfThrottled,
      random,
      metrics: this.#metrics,
      outcomes: this.#outcomes,
      isMapSince: (sentMs) => this.#shardMap.isSince(sentMs),
      rangeOf: (shardId) => this.#shardMap.rangeOf(shardId),
      landed: (shardId, sentMs) => this.#landed(shardId, sentMs),
      disproved: () => this.#forgetMap(),
      strayed: (record, actual, sentMs) => this.#strayed(record, actual, sentMs),
      retry: (records, delayMs, nowMs) => this.#retrier.add(records, delayMs, nowMs),
      sendAgain: (records, entries, part) => this.#sender.sendAgain(records, entries, part),
      refused: () => this.#kind.refused(),
      throttled: (shardId) => {
        if (!this.#stopped) options.throttled(streamName, shardId)
      },
      paced: (lane, nowMs) => {
        this.#router.braked(lane)
        this.#limiter.paced(lane, nowMs)
      },
    })
    this.#sender = new Sender({
      buffers,
      client,
      stream: streamInput(stream),
      streamName,
      timeoutMs: settings.requestTimeoutMs,
      signal: options.signal,
      slots: options.slots,
      listener: this.#settler,
      encoded: (record) => this.#aggregator.recycle(record),
      troubled: options.troubled,
    })
    this.#retrier = new Retrier((records, nowMs) => this.#routeAgain(records, nowMs))
    this.#shardMap.invalidate(Number.POSITIVE_INFINITY)
  }

  get stream(): ResolvedStreamRef {
    return this.#options.stream
  }

  get metrics(): ProducerMetrics {
    return this.#metrics
  }

  get rules(): StreamRules {
    return this.#options.rules
  }

  get oldest(): OutstandingRecord | undefined {
    return this.#list.oldest
  }

  /** True while a record of this call or of one before it is outstanding. */
  holdsThrough(sequence: number): boolean {
    return this.#list.holdsThrough(sequence)
  }

  /**
   * Takes a checked record; its hash key is in `words`. Arguments one by one: this is per record.
   *
   * @param data copied before it returns
   */
  admit(
    sequence: number,
    partitionKey: string,
    keyBytes: number,
    explicitHashKey: string | undefined,
    data: Uint8Array,
    told: Told,
    words: HashWords,
  ): void {
    const nowMs = turnClockMs()
    if (this.#metrics.enabled) this.#metrics.userRecordReceived(nowMs)
    this.#options.backpressure.charge(data.length + keyBytes)
    const lane = this.#list.isNext(sequence) ? this.#router.laneFor(words) : undefined
    if (
      lane !== undefined &&
      this.#aggregator.addRow(
        lane,
        sequence,
        partitionKey,
        keyBytes,
        explicitHashKey,
        data,
        told,
        nowMs,
      )
    ) {
      this.#list.notePassed(sequence)
      lane.enters(1, data.length + keyBytes)
      return
    }
    const record = new OutstandingRecord(
      sequence,
      partitionKey,
      keyBytes,
      explicitHashKey,
      data,
      told,
      nowMs,
    )
    const wasIdle = this.#list.oldest === undefined
    this.#list.add(record)
    if (wasIdle) {
      this.#shardMap.wake()
      this.#kind.probe.retry(nowMs)
    }
    this.#expiry.watch(nowMs)
    this.#router.acceptHashed(record, words, nowMs)
    record.keepData()
  }

  /** False: no record of this stream stands before a gate. */
  get mayHoldBack(): boolean {
    return this.#options.rules.isShut || this.#options.stuckLanes.holdUp
  }

  /** The shut gate in the way of a record that was checked, if there is one now. */
  gateFor(words: HashWords, isDoubtful: boolean): Gate | undefined {
    if (isDoubtful) return this.#kind.gate(clockMs())
    return this.#router.gateFor(words)
  }

  /** Sends what is held now; what comes up to this call is not buffered (again) until `relax`. */
  hurry(throughSequence: number): void {
    this.#aggregator.flush(throughSequence, clockMs())
    this.#collector.hurry(throughSequence)
  }

  relax(): void {
    this.#collector.relax()
  }

  /** To be called after settlements: an idle pipeline keeps no timer. */
  rest(): void {
    if (this.#list.oldest !== undefined) return
    this.#expiry.rest()
    this.#shardMap.rest()
  }

  /** Fails every outstanding record but those that are known to be stored; how many there were. */
  failAll(reasonFor: (record: OutstandingRecord) => AttemptFailure): number {
    this.#settler.letGo()
    let failed = 0
    for (let record = this.#list.oldest; record !== undefined; record = this.#list.oldest) {
      record.unfoldCompany()
      this.#outcomes.fail(record, reasonFor(record))
      failed++
    }
    return failed
  }

  /** No timer and no listing is left after it. */
  stop(): void {
    this.#stopped = true
    this.#expiry.stop()
    this.#kind.stop()
    this.#shardMap.stop()
    this.#router.stop()
    this.#aggregator.stop()
    this.#limiter.stop()
    this.#collector.stop()
    this.#retrier.stop()
    this.#settler.stop()
  }

  #useMap(map: ShardMap): void {
    if (this.#stopped) return
    this.#mapTrouble.over()
    this.#reroute(this.#router.install(map, clockMs()))
    // The listing lags: what is held waits for the next one.
    if (this.#router.doubts && this.#list.oldest !== undefined) {
      this.#shardMap.invalidate(Number.POSITIVE_INFINITY)
    }
  }

  #placementChanged(): void {
    if (this.#options.rules.placesItself) this.#reroute(this.#router.stopPredicting())
    else this.#shardMap.invalidate(Number.POSITIVE_INFINITY)
  }

  #reroute(lanes: readonly ShardLane[]): void {
    for (const lane of lanes) this.#takeBack(lane)
    this.#router.release(clockMs())
    this.#settler.mapChanged()
  }

  #forgetMap(): void {
    if (this.#stopped || !this.#router.predicts) return
    const lanes = this.#router.forget(clockMs())
    this.#shardMap.forget()
    this.#reroute(lanes)
  }

  #mapFailed(error: unknown, retryable: boolean): void {
    const { mapTroubled, rules } = this.#options
    if (isServiceError(error) && error.kind === 'missing') this.#forgetMap()
    if (!this.#router.predicts && !retryable) this.#reroute(this.#router.stopPredicting())
    if (rules.placesItself || !this.#mapTrouble.tell(error)) return
    if (!retryable) mapTroubled(error instanceof Error ? error : new Error(String(error)))
  }

  #landed(shardId: string, sentMs: number): void {
    if (!this.#router.predicts) return
    if (this.#shardMap.isOpen(shardId)) this.#router.trust(shardId, sentMs)
    else if (this.#shardMap.rangeOf(shardId) === undefined) this.#shardMap.invalidate(sentMs)
  }

  #strayed(record: KinesisRecord, actual: string, sentMs: number): boolean {
    if (this.#stopped || !this.#shardMap.invalidate(sentMs)) return false
    // A shard known to be closed took it: the map is ahead of the service, not behind.
    const mapIsAhead =
      this.#shardMap.rangeOf(actual) !== undefined && !this.#shardMap.isOpen(actual)
    if (!mapIsAhead && this.#router.doubt(record.lane, clockMs())) this.#takeBack(record.lane)
    return true
  }

  /** Routes anew what the stages hold for a lane. */
  #takeBack(lane: ShardLane): void {
    const nowMs = clockMs()
    const records = this.#limiter.takeOut(lane)
    const open = this.#aggregator.takeOut(lane)
    for (const record of records) {
      record.unpack()
      this.#aggregator.recycle(record)
      this.#routeAgain(record.userRecords, nowMs)
    }
    this.#routeAgain(open, nowMs)
  }

  #routeAgain(records: readonly OutstandingRecord[], nowMs: number): void {
    if (this.#stopped) return
    for (const record of records) if (isOutstanding(record)) this.#router.accept(record, nowMs)
  }
}
