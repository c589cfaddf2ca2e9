/** KPL's metric names over the Metrics port. Costs nothing per record when no sink is given. */
import type { Metrics } from '@millrace/core'
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
  readonly #shards = new Map<string, Dimensions>()

  constructor(metrics: Metrics, streamName: string) {
    this.enabled = metrics !== noMetrics
    this.#metrics = metrics
    this.#streamName = streamName
    this.#stream = { StreamName: streamName }
  }

  userRecordReceived(): void {
    this.#metrics.put('UserRecordsReceived', 1, 'Count', this.#stream)
  }

  userRecordStored(record: OutstandingRecord, stored: Stored): void {
    const shard = this.#shard(stored.shardId)
    this.#metrics.put('UserRecordsPut', 1, 'Count', shard)
    this.#metrics.put('UserRecordsDataPut', record.data.length, 'Bytes', shard)
    this.#metrics.put('RetriesPerRecord', record.attemptsMade, 'Count', shard)
    this.#metrics.put('BufferingTime', stored.startMs - record.freeSinceMs, 'Milliseconds', shard)
  }

  userRecordFailed(record: OutstandingRecord, code: string): void {
    // A zero keeps the average a success rate, as in KPL.
    this.#metrics.put('UserRecordsPut', 0, 'Count', this.#stream)
    this.#metrics.put(
      'RetriesPerRecord',
      Math.max(0, record.attemptsMade - 1),
      'Count',
      this.#stream,
    )
    if (code === 'Expired') this.#metrics.put('UserRecordExpired', 1, 'Count', this.#stream)
  }

  /** The wait before an attempt that failed. */
  buffered(delayMs: number): void {
    this.#metrics.put('BufferingTime', delayMs, 'Milliseconds', this.#stream)
  }

  requestSent(records: readonly KinesisRecord[], durationMs: number, outstanding: number): void {
    let userRecords = 0
    for (const record of records) userRecords += record.userRecords.length
    this.#metrics.put('RequestTime', durationMs, 'Milliseconds', this.#stream)
    this.#metrics.put('KinesisRecordsPerPutRecordsRequest', records.length, 'Count', this.#stream)
    this.#metrics.put('UserRecordsPerPutRecordsRequest', userRecords, 'Count', this.#stream)
    this.#metrics.put('UserRecordsPending', outstanding, 'Count', this.#stream)
  }

  kinesisRecordStored(record: KinesisRecord, bytes: number): void {
    const shard = this.#predicted(record)
    this.#metrics.put('KinesisRecordsPut', 1, 'Count', shard)
    this.#metrics.put('KinesisRecordsDataPut', bytes, 'Bytes', shard)
    this.#metrics.put('UserRecordsPerKinesisRecord', record.userRecords.length, 'Count', shard)
    this.#metrics.put('AllErrors', 0, 'Count', shard)
  }

  kinesisRecordRefused(record: KinesisRecord, code: string): void {
    const shard = this.#predicted(record)
    this.#metrics.put('KinesisRecordsPut', 0, 'Count', shard)
    this.#metrics.put('UserRecordsPerKinesisRecord', record.userRecords.length, 'Count', shard)
    this.#metrics.put('AllErrors', 1, 'Count', shard)
    this.#metrics.put('ErrorsByCode', 1, 'Count', { ErrorCode: code, ...shard })
  }

  requestFailed(code: string): void {
    this.#metrics.put('AllErrors', 1, 'Count', this.#stream)
    this.#metrics.put('ErrorsByCode', 1, 'Count', { ErrorCode: code, ...this.#stream })
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
