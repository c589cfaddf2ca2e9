/**
 * HOT: about 15 ns a user record, no allocation; nothing when the level is `none`. KPL's metrics of
 * one stream: kept for `Producer.metrics()`, and handed to the user's sink if there is one.
 */
import type { Logger, Metrics, MetricsLevel } from '@millrace/core'
import { type MetricKind, MetricSink, noMetrics, slotOf } from '@millrace/core/internal'
import type { KinesisRecord } from '../pipeline/kinesis-record.ts'
import type { OutstandingRecord } from '../pipeline/outstanding-record.ts'
import type { Stored } from '../pipeline/stored.ts'
import {
  ALL_ERRORS,
  BUFFERING_TIME,
  ERRORS_BY_CODE,
  KINESIS_RECORDS_DATA_PUT,
  KINESIS_RECORDS_PER_REQUEST,
  KINESIS_RECORDS_PUT,
  METRICS,
  type MetricsGranularity,
  REQUEST_TIME,
  RETRIES_PER_RECORD,
  SHARD_METRICS,
  STREAM_METRICS,
  USER_RECORD_EXPIRED,
  USER_RECORDS_DATA_PUT,
  USER_RECORDS_PENDING,
  USER_RECORDS_PER_KINESIS_RECORD,
  USER_RECORDS_PER_REQUEST,
  USER_RECORDS_PUT,
  USER_RECORDS_RECEIVED,
} from './metric-names.ts'
import { MetricRun } from './metric-run.ts'
import { MetricSeries } from './metric-series.ts'

/** Beyond it the shard that came first is counted with its stream only. */
const MAX_SHARDS = 10_000
/** As in KPL: how often the outstanding records are counted. */
const SAMPLE_MS = 200

export interface ProducerMetricsOptions {
  readonly metrics: Metrics
  readonly metricsLevel: MetricsLevel
  readonly metricsGranularity: MetricsGranularity
  readonly logger: Logger
}

export class ProducerMetrics {
  /** False at level `none`: callers skip the call. */
  readonly enabled: boolean
  readonly #streamName: string
  readonly #isDetailed: boolean
  readonly #perShard: boolean
  readonly #sink: MetricSink | undefined
  /** Values without a shard. */
  readonly #stream: MetricSeries
  readonly #shards = new Map<string, MetricSeries>()
  #lastShard: MetricSeries | undefined
  /** What was stored in this place is summed up until the next one comes. */
  #place: Stored | undefined
  readonly #stored = new MetricRun(USER_RECORDS_PUT)
  readonly #waited = new MetricRun(BUFFERING_TIME)
  readonly #bytes = new MetricRun(USER_RECORDS_DATA_PUT)
  readonly #retries = new MetricRun(RETRIES_PER_RECORD)
  readonly #received = new MetricRun(USER_RECORDS_RECEIVED)
  #pending = 0
  /** When to count the outstanding records next; a new slot begins with a count. */
  #nextSampleMs: number
  #slot: number

  constructor(options: ProducerMetricsOptions, streamName: string, nowMs: number) {
    const { metrics, metricsLevel, metricsGranularity, logger } = options
    this.enabled = metricsLevel !== 'none'
    this.#streamName = streamName
    this.#isDetailed = metricsLevel === 'detailed'
    this.#perShard = metricsGranularity === 'shard'
    this.#sink = metrics === noMetrics ? undefined : new MetricSink(metrics, logger)
    const dimensions = metricsGranularity === 'global' ? {} : { StreamName: streamName }
    this.#stream = new MetricSeries(undefined, dimensions, STREAM_METRICS, nowMs)
    this.#slot = slotOf(nowMs)
    this.#nextSampleMs = nextSampleMs(nowMs)
  }

  /** All that is kept, up to this time. */
  series(nowMs: number): readonly MetricSeries[] {
    if (!this.enabled) return []
    this.#tick(nowMs)
    this.#endRuns()
    return [this.#stream, ...this.#shards.values()]
  }

  userRecordReceived(nowMs: number): void {
    if (nowMs >= this.#nextSampleMs) this.#tick(nowMs)
    this.#pending++
    if (!this.#isDetailed) return
    this.#received.add(1)
    this.#tell(this.#stream, USER_RECORDS_RECEIVED, 1)
  }

  /** Arguments one by one: most user records have no object. */
  userRecordStored(
    stored: Stored,
    freeSinceMs: number,
    dataBytes: number,
    attemptsMade: number,
  ): void {
    this.#pending--
    if (stored !== this.#place) {
      this.#endRuns()
      this.#place = stored
    }
    const waitMs = stored.startMs - freeSinceMs
    this.#stored.add(1)
    this.#waited.add(waitMs)
    if (this.#isDetailed) {
      this.#bytes.add(dataBytes)
      this.#retries.add(attemptsMade)
    }
    if (this.#sink === undefined) return
    const series = this.#shard(stored.shardId)
    this.#tell(series, USER_RECORDS_PUT, 1)
    this.#tell(series, BUFFERING_TIME, waitMs)
    if (!this.#isDetailed) return
    this.#tell(series, USER_RECORDS_DATA_PUT, dataBytes)
    this.#tell(series, RETRIES_PER_RECORD, attemptsMade)
  }

  /** @param shardId the one that it was meant for, if that is known */
  userRecordFailed(record: OutstandingRecord, code: string, shardId: string | undefined): void {
    this.#pending--
    const series = this.#shard(shardId)
    // A zero keeps the average a success rate, as in KPL.
    this.#put(series, USER_RECORDS_PUT, 0)
    if (code === 'Expired') this.#put(series, USER_RECORD_EXPIRED, 1)
    if (!this.#isDetailed) return
    this.#put(series, RETRIES_PER_RECORD, Math.max(0, record.attemptsMade - 1))
  }

  /** The wait before an attempt that failed. */
  buffered(delayMs: number, shardId: string | undefined): void {
    this.#put(this.#shard(shardId), BUFFERING_TIME, delayMs)
  }

  requestSent(records: readonly KinesisRecord[], startMs: number, endMs: number): void {
    if (endMs >= this.#nextSampleMs) this.#tick(endMs)
    if (!this.#isDetailed) return
    let userRecords = 0
    for (const record of records) {
      userRecords += record.length
      const series = this.#shard(record.lane.shardId)
      this.#put(series, USER_RECORDS_PER_KINESIS_RECORD, record.length)
    }
    this.#put(this.#stream, REQUEST_TIME, endMs - startMs)
    this.#put(this.#stream, KINESIS_RECORDS_PER_REQUEST, records.length)
    this.#put(this.#stream, USER_RECORDS_PER_REQUEST, userRecords)
  }

  kinesisRecordStored(record: KinesisRecord, bytes: number): void {
    const series = this.#shard(record.lane.shardId)
    this.#put(series, KINESIS_RECORDS_PUT, 1)
    this.#put(series, ALL_ERRORS, 0)
    if (this.#isDetailed) this.#put(series, KINESIS_RECORDS_DATA_PUT, bytes)
  }

  kinesisRecordRefused(record: KinesisRecord, code: string): void {
    const series = this.#shard(record.lane.shardId)
    this.#put(series, KINESIS_RECORDS_PUT, 0)
    this.#failed(series, code)
  }

  /** A whole request: counted once, whatever was in it. */
  requestFailed(code: string): void {
    this.#failed(this.#stream, code)
  }

  /** The last sample that was due: a time of now, near enough. */
  get #sampledMs(): number {
    return this.#nextSampleMs - SAMPLE_MS
  }

  #failed(series: MetricSeries, code: string): void {
    this.#put(series, ALL_ERRORS, 1)
    const { cells, dimensions } = series.ofCode(code, this.#sampledMs)
    cells.add(this.#slot, 0, 1)
    this.#sink?.put(METRICS[ERRORS_BY_CODE] as MetricKind, 1, dimensions)
  }

  #put(series: MetricSeries, metric: number, value: number): void {
    series.cells.add(this.#slot, metric, value)
    this.#tell(series, metric, value)
  }

  #tell(series: MetricSeries, metric: number, value: number): void {
    if (this.#sink === undefined) return
    this.#sink.put(METRICS[metric] as MetricKind, value, series.dimensions)
  }

  #endRuns(): void {
    const slot = this.#slot
    this.#received.moveTo(this.#stream.cells, slot)
    if (this.#place === undefined) return
    const { cells } = this.#shard(this.#place.shardId)
    this.#place = undefined
    this.#stored.moveTo(cells, slot)
    this.#waited.moveTo(cells, slot)
    this.#bytes.moveTo(cells, slot)
    this.#retries.moveTo(cells, slot)
  }

  /** Counts the outstanding records for each sample that has become due: no timer is needed. */
  #tick(nowMs: number): void {
    if (nowMs >= this.#nextSampleMs) {
      const samples = Math.floor((nowMs - this.#nextSampleMs) / SAMPLE_MS) + 1
      this.#nextSampleMs += samples * SAMPLE_MS
      if (this.#isDetailed && this.#pending > 0) this.#sample(samples)
    }
    const slot = slotOf(nowMs)
    if (slot === this.#slot) return
    this.#endRuns()
    this.#slot = slot
    for (const series of this.#shards.values()) series.rest(slot)
  }

  #sample(times: number): void {
    const pending = this.#pending
    const sum = times * pending
    this.#stream.cells.addRun(this.#slot, USER_RECORDS_PENDING, times, sum, pending, pending)
    if (this.#sink === undefined) return
    for (let i = 0; i < times; i++) this.#tell(this.#stream, USER_RECORDS_PENDING, pending)
  }

  #shard(shardId: string | undefined): MetricSeries {
    if (shardId === undefined || !this.#perShard) return this.#stream
    const last = this.#lastShard
    if (last?.shardId === shardId) return last
    const series = this.#shards.get(shardId) ?? this.#addShard(shardId)
    this.#lastShard = series
    return series
  }

  #addShard(shardId: string): MetricSeries {
    const first = this.#shards.size < MAX_SHARDS ? undefined : this.#shards.values().next().value
    if (first?.shardId !== undefined) {
      this.#stream.absorb(first)
      this.#shards.delete(first.shardId)
    }
    const dimensions = { StreamName: this.#streamName, ShardId: shardId }
    const series = new MetricSeries(shardId, dimensions, SHARD_METRICS, this.#sampledMs)
    this.#shards.set(shardId, series)
    return series
  }
}

function nextSampleMs(nowMs: number): number {
  return (Math.floor(nowMs / SAMPLE_MS) + 1) * SAMPLE_MS
}
