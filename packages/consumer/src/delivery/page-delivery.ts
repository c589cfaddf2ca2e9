/** One page of a shard -> handler calls, in batches that an aggregate bomb cannot blow up. */
import type { Metrics } from '@millrace/core'
import { MalformedRecordError } from '../errors.ts'
import type { ConsumerRecord, ShardContext } from '../record.ts'
import type { Obstacle, PageDeaggregator } from '../retrieval/page-deaggregator.ts'
import type { Page } from '../retrieval/source.ts'
import type { AutoCheckpoint } from './auto-checkpoint.ts'
import type { BatchDelivery } from './batch-delivery.ts'
import { CallFailures } from './call-failures.ts'
import type { CheckpointTracker } from './checkpoint-tracker.ts'
import type { HandlerRetry } from './handler-retry.ts'
import type { MalformedPolicy } from './malformed-policy.ts'
import type { ShardHealth } from './shard-health.ts'
import type { ThroughputMeter } from './throughput-meter.ts'

export interface PageDeliveryOptions<T> {
  readonly shard: ShardContext
  readonly deaggregator: PageDeaggregator<T>
  readonly batches: BatchDelivery<T>
  readonly malformed: MalformedPolicy
  readonly retry: HandlerRetry<T>
  readonly tracker: CheckpointTracker
  readonly auto: AutoCheckpoint | undefined
  readonly health: ShardHealth
  readonly throughput: Pick<ThroughputMeter, 'add'>
  readonly metrics: Metrics
  /** Most user records of one batch. */
  readonly maxRecordsPerBatch: number
}

export class PageDelivery<T> {
  readonly #options: PageDeliveryOptions<T>
  readonly #dimensions: Readonly<Record<string, string>>

  constructor(options: PageDeliveryOptions<T>) {
    this.#options = options
    this.#dimensions = { Operation: 'ProcessTask', ShardId: options.shard.shardId }
  }

  /**
   * @returns false when the shard was halted before the page was done
   * @throws HandlerFailedError, MalformedRecordError when a policy says stop
   */
  async deliver(page: Page): Promise<boolean> {
    const { deaggregator, batches, maxRecordsPerBatch } = this.#options
    deaggregator.load(page.records)
    for (;;) {
      const records: ConsumerRecord<T>[] = []
      const bytesBefore = deaggregator.bytes
      const obstacle = deaggregator.fill(records, maxRecordsPerBatch)
      if (!(await this.#deliverBatch(page, records, deaggregator.bytes - bytesBefore))) return false
      if (obstacle !== undefined) {
        if (!(await this.#overcome(obstacle))) return false
      } else if (deaggregator.isExhausted) {
        return true
      } else {
        await batches.turn()
      }
    }
  }

  async #deliverBatch(
    page: Page,
    records: readonly ConsumerRecord<T>[],
    bytes: number,
  ): Promise<boolean> {
    const { shard, deaggregator, batches, throughput, metrics } = this.#options
    const through = deaggregator.position
    if (through === undefined) return true
    if (records.length === 0) {
      this.#passOver()
      return true
    }
    throughput.add(bytes)
    const handled = await batches.deliver(
      {
        records,
        millisBehindLatest: page.millisBehindLatest,
        atShardEnd: page.atShardEnd && deaggregator.isExhausted,
        shard,
      },
      through,
    )
    metrics.put('RecordsProcessed', handled, 'Count', this.#dimensions)
    metrics.put('DataBytesProcessed', bytes, 'Bytes', this.#dimensions)
    return handled === records.length
  }

  /** Everything since the last batch was filtered, dropped or skipped: that is done, too. */
  #passOver(): void {
    const { deaggregator, tracker, auto } = this.#options
    const through = deaggregator.position
    if (through === undefined || tracker.isCovered(through)) return
    tracker.markDone(through)
    auto?.worked(0)
  }

  async #overcome(obstacle: Obstacle): Promise<boolean> {
    const { malformed, deaggregator, retry, batches, health } = this.#options
    malformed.report(obstacle)
    const failures = new CallFailures()
    while (batches.mayCall()) {
      let error: unknown
      try {
        const verdict = await malformed.verdict(obstacle)
        if (verdict === 'stop') throw this.#stopping(obstacle)
        if (verdict === 'skip') deaggregator.skip()
        else if (obstacle.kind === 'malformed') deaggregator.deliverRaw()
        else return await this.#decodeLater(obstacle)
        health.handlerWorked()
        return true
      } catch (cause) {
        if (cause instanceof MalformedRecordError) throw cause
        error = cause
      }
      health.handlerFailed(error)
      if ((await retry.judge(failures.failed<T>(error, [], obstacle.record))) === 'skip') {
        deaggregator.skip()
        return true
      }
    }
    return false
  }

  /**
   * Bytes that the codec refuses cannot be delivered as a `T`, so 'raw' has no meaning for them.
   * They count as a failure of the handler: tried again, skipped or stopped at by `onHandlerError`.
   */
  async #decodeLater(obstacle: Obstacle): Promise<boolean> {
    const { shard, deaggregator, retry, batches, health } = this.#options
    const { sequenceNumber, reason, record } = obstacle
    const failures = new CallFailures()
    let error = obstacle.error
    while (batches.mayCall()) {
      const failure = new MalformedRecordError(shard.shardId, sequenceNumber, reason, error)
      health.handlerFailed(failure)
      if ((await retry.judge(failures.failed<T>(failure, [], record))) === 'skip') {
        deaggregator.skip()
        return true
      }
      const still = deaggregator.retryDecode()
      if (still === undefined) {
        health.handlerWorked()
        return true
      }
      error = still.error
    }
    return false
  }

  #stopping(obstacle: Obstacle): MalformedRecordError {
    return new MalformedRecordError(
      this.#options.shard.shardId,
      obstacle.sequenceNumber,
      obstacle.reason,
      obstacle.error,
    )
  }
}
