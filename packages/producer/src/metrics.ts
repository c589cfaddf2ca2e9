/** KPL's metric names over the Metrics port. Costs nothing per record when no sink is given. */
import type { Logger, Metrics, MetricUnit } from '@millrace/core'
import { noMetrics } from '@millrace/core/internal'
import type { KinesisRecord } from './pipeline/kinesis-record.ts'
import type { OutstandingRecord } from './pipeline/outstanding-record.ts'
import type { Stored } from './pipeline/stored.ts'

type Dimensions = Readonly<Record<string, string>>

/** Dimension sets of closed shards are let go once there are this many. */
const MAX_SHARD_DIMENSIONS = 10_000

export class ProducerMetrics {
  /** False without a sink: callers skip the call. */
  readonly enabled: boolean
  readonly #metrics: Metrics
  readonly #stream: Dimensions
  readonly #streamName: string
  readonly #logger: Logger
  readonly #shards = new Map<string, Dimensions>()
  #troubleTold = false

  constructor(metrics: Metrics, streamName: string, logger: Logger) {
    this.#logger = logger
    this.enabled = metrics !== noMetrics
    this.#metrics = metrics
    this.#streamName = streamName
    this.#stream = { StreamName: streamName }
  }

  userRecordReceived(): void {
    this.#put('UserRecordsReceived', 1, 'Count', this.#stream)
  }

  userRecordStored(record: OutstandingRecord, stored: Stored): void {
    const shard = this.#shard(stored.shardId)
    this.#put('UserRecordsPut', 1, 'Count', shard)
    this.#put('UserRecordsDataPut', record.data.length, 'Bytes', shard)
    this.#put('RetriesPerRecord', record.attemptsMade, 'Count', shard)
    this.#put('BufferingTime', stored.startMs - record.freeSinceMs, 'Milliseconds', shard)
  }

  userRecordFailed(record: OutstandingRecord, code: string): void {
    // A zero keeps the average a success rate, as in KPL.
    this.#put('UserRecordsPut', 0, 'Count', this.#stream)
    this.#put('RetriesPerRecord', Math.max(0, record.attemptsMade - 1), 'Count', this.#stream)
    if (code === 'Expired') this.#put('UserRecordExpired', 1, 'Count', this.#stream)
  }

  /** The wait before an attempt that failed. */
  buffered(delayMs: number): void {
    this.#put('BufferingTime', delayMs, 'Milliseconds', this.#stream)
  }

  requestSent(records: readonly KinesisRecord[], durationMs: number, outstanding: number): void {
    let userRecords = 0
    for (const record of records) userRecords += record.userRecords.length
    this.#put('RequestTime', durationMs, 'Milliseconds', this.#stream)
    this.#put('KinesisRecordsPerPutRecordsRequest', records.length, 'Count', this.#stream)
    this.#put('UserRecordsPerPutRecordsRequest', userRecords, 'Count', this.#stream)
    this.#put('UserRecordsPending', outstanding, 'Count', this.#stream)
  }

  kinesisRecordStored(record: KinesisRecord, bytes: number): void {
    const shard = this.#predicted(record)
    this.#put('KinesisRecordsPut', 1, 'Count', shard)
    this.#put('KinesisRecordsDataPut', bytes, 'Bytes', shard)
    this.#put('UserRecordsPerKinesisRecord', record.userRecords.length, 'Count', shard)
    this.#put('AllErrors', 0, 'Count', shard)
  }

  kinesisRecordRefused(record: KinesisRecord, code: string): void {
    const shard = this.#predicted(record)
    this.#put('KinesisRecordsPut', 0, 'Count', shard)
    this.#put('UserRecordsPerKinesisRecord', record.userRecords.length, 'Count', shard)
    this.#put('AllErrors', 1, 'Count', shard)
    this.#put('ErrorsByCode', 1, 'Count', { ErrorCode: code, ...shard })
  }

  requestFailed(code: string): void {
    this.#put('AllErrors', 1, 'Count', this.#stream)
    this.#put('ErrorsByCode', 1, 'Count', { ErrorCode: code, ...this.#stream })
  }

  /** A sink that throws must not come between a record and its outcome. */
  #put(name: string, value: number, unit: MetricUnit, dimensions: Dimensions): void {
    try {
      this.#metrics.put(name, value, unit, dimensions)
    } catch (err) {
      if (this.#troubleTold) return
      this.#troubleTold = true
      this.#logger.warn({ err }, 'the metrics sink threw: its numbers are wrong from here on')
    }
  }

  #predicted(record: KinesisRecord): Dimensions {
    const { shardId } = record.lane
    return shardId === undefined ? this.#stream : this.#shard(shardId)
  }

  #shard(shardId: string): Dimensions {
    let dimensions = this.#shards.get(shardId)
    if (dimensions === undefined) {
      if (this.#shards.size >= MAX_SHARD_DIMENSIONS) this.#shards.clear()
      dimensions = { StreamName: this.#streamName, ShardId: shardId }
      this.#shards.set(shardId, dimensions)
    }
    return dimensions
  }
}
