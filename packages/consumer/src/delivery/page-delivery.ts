/**
 * Pages of a shard -> handler calls, in batches that an aggregate bomb cannot blow up and that may
 * be held across pages to grow.
 */
import type { ExtendedSequenceNumber } from '@millrace/core'
import { monotonicMs } from '@millrace/core/internal'
import { MalformedRecordError } from '../errors.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'
import type { Acknowledgements } from '../pulling/acknowledgements.ts'
import type { ConsumerRecord, ShardContext } from '../record.ts'
import type { Obstacle, PageDeaggregator } from '../retrieval/page-deaggregator.ts'
import type { Page } from '../retrieval/source.ts'
import type { AutoCheckpoint } from './auto-checkpoint.ts'
import { type BatchLimits, holdLeftMs } from './batch-limits.ts'
import { CallFailures } from './call-failures.ts'
import type { CheckpointTracker } from './checkpoint-tracker.ts'
import type { HandlerRetry } from './handler-retry.ts'
import type { MalformedPolicy } from './malformed-policy.ts'
import type { RecordDelivery } from './record-delivery.ts'
import type { ShardHealth } from './shard-health.ts'
import type { ThroughputMeter } from './throughput-meter.ts'

export interface PageDeliveryOptions<T> {
  readonly shard: ShardContext
  readonly deaggregator: PageDeaggregator<T>
  readonly batches: RecordDelivery<T>
  readonly malformed: MalformedPolicy
  readonly retry: HandlerRetry<T>
  readonly tracker: CheckpointTracker
  readonly auto: AutoCheckpoint | undefined
  readonly acknowledgements: Acknowledgements | undefined
  readonly health: ShardHealth
  readonly throughput: Pick<ThroughputMeter, 'add'>
  readonly metrics: ConsumerMeter
  readonly limits: BatchLimits
  /** True while a page cannot be read for want of memory: then none is held for a larger batch. */
  readonly isMemoryShort: () => boolean
  /** Whether the service itself may have placed the records of this page. Never rejects. */
  readonly mayBeAuto: () => Promise<boolean>
}

export class PageDelivery<T> {
  readonly #options: PageDeliveryOptions<T>
  readonly #dimensions: { readonly Operation: 'ProcessTask'; readonly ShardId: string }
  /** Of the batch to come. */
  #records: ConsumerRecord<T>[] = []
  #bytes = 0
  #heldSinceMs: number | undefined
  /** The newest, and the places of all that are not handled to their end. */
  #page: Page | undefined
  #pages: Page[] = []
  /** Handed on to their end, not done. */
  readonly #lent = new Set<Page>()

  constructor(options: PageDeliveryOptions<T>) {
    this.#options = options
    this.#dimensions = { Operation: 'ProcessTask', ShardId: options.shard.shardId }
  }

  /** For how long what is held may wait for more, milliseconds; undefined: nothing is held. */
  get holdMs(): number | undefined {
    return this.#heldSinceMs === undefined ? undefined : this.#holdLeftMs(this.#heldSinceMs)
  }

  /** Of pages before the newest that are held for a larger batch, or by calls on their way. */
  get heldBytes(): number {
    let bytes = 0
    for (const page of this.#lent) bytes += page.bytes
    for (let i = 0; i < this.#pages.length - 1; i++) bytes += this.#pages[i]?.bytes ?? 0
    return bytes
  }

  /**
   * Hands the page on, or holds the last of its records until `holdMs` have passed: then `flush`.
   *
   * @returns false when the shard was halted before that
   * @throws HandlerFailedError, MalformedRecordError when a policy says stop
   */
  async deliver(page: Page): Promise<boolean> {
    this.#page = page
    const isDone = await this.#deliver(page)
    // An idle shard would keep its last page.
    if (this.#records.length === 0) this.#page = undefined
    return isDone
  }

  async #deliver(page: Page): Promise<boolean> {
    const { deaggregator, batches, limits } = this.#options
    this.#pages.push(page)
    deaggregator.load(page.records)
    for (;;) {
      const bytesBefore = deaggregator.bytes
      let obstacle = this.#fill()
      while (deaggregator.wantsTurn || obstacle?.kind === 'misplaced') {
        if (obstacle === undefined) await batches.turn()
        else deaggregator.judgeMisplaced(await this.#options.mayBeAuto())
        if (!batches.mayCall()) return false
        obstacle = this.#fill()
      }
      this.#bytes += deaggregator.bytes - bytesBefore
      if (limits.maxWaitMs > 0 && obstacle === undefined && this.#mayHold(page)) return true
      if (!(await this.#deliverBatch(page))) return false
      this.#giveBack(deaggregator.isExhausted ? 0 : 1)
      if (obstacle !== undefined) {
        if (!(await batches.settle()) || !(await this.#overcome(obstacle))) return false
      } else if (deaggregator.isExhausted) {
        return true
      } else {
        await batches.turn()
      }
    }
  }

  /** By itself for the same reason as `#handOn`. */
  #fill(): Obstacle | undefined {
    const { deaggregator, limits } = this.#options
    // A list that has waited for its records lies among what the collector takes for long-lived: it
    // would keep them, when all is done, until the next collection of everything.
    if (this.#records.length === 0) this.#records = []
    return deaggregator.fill(this.#records, limits.maxRecords)
  }

  /** Hands on what is held. Returns and throws as `deliver`. */
  async flush(): Promise<boolean> {
    if (this.#page === undefined || this.#records.length === 0) return true
    const isDone = await this.#deliverBatch(this.#page)
    this.#page = undefined
    this.#giveBack(0)
    return isDone
  }

  /** Gives the memory of pages back, but for so many of the newest, as soon as they are done. */
  #giveBack(kept: number): void {
    while (this.#pages.length > kept) {
      const page = this.#pages.shift()
      if (page === undefined) return
      // At the tip there are any number of them while one record fails.
      if (page.records.length === 0) {
        page.hold?.release()
        continue
      }
      this.#lent.add(page)
      this.#options.batches.onceHandled(() => {
        this.#lent.delete(page)
        page.hold?.release()
      })
    }
  }

  #mayHold({ atShardEnd }: Page): boolean {
    if (!this.#options.deaggregator.isExhausted || atShardEnd || this.#records.length === 0) {
      return false
    }
    this.#heldSinceMs ??= monotonicMs()
    return this.#holdLeftMs(this.#heldSinceMs) > 0
  }

  #holdLeftMs(sinceMs: number): number {
    if (this.#options.isMemoryShort()) return 0
    const held = { records: this.#records.length, bytes: this.#bytes, sinceMs }
    return holdLeftMs(this.#options.limits, held, monotonicMs())
  }

  async #deliverBatch(page: Page): Promise<boolean> {
    const { deaggregator, throughput, metrics } = this.#options
    const bytes = this.#bytes
    const count = this.#records.length
    this.#heldSinceMs = undefined
    const through = deaggregator.position
    if (through === undefined || count === 0) {
      this.#bytes = 0
      this.#passOver()
      return true
    }
    throughput.add(bytes)
    const startMs = monotonicMs()
    const handled = await this.#handOn(page, through)
    const tookMs = monotonicMs() - startMs
    metrics.put('RecordProcessor.processRecords.Time', tookMs, 'Milliseconds', this.#dimensions)
    metrics.put('RecordsProcessed', handled, 'Count', this.#dimensions)
    metrics.put('DataBytesProcessed', bytes, 'Bytes', this.#dimensions)
    return handled === count
  }

  /**
   * By itself, so that nothing which awaits holds the records: in the queue of what others have to do
   * that would keep the last batch of every shard in memory, and have the collector copy it.
   */
  #handOn(page: Page, through: ExtendedSequenceNumber): Promise<number> {
    const { shard, deaggregator, batches } = this.#options
    const records = this.#records
    const bytes = this.#bytes
    this.#records = []
    this.#bytes = 0
    return batches.deliver(
      {
        records,
        millisBehindLatest: page.millisBehindLatest,
        atShardEnd: page.atShardEnd && deaggregator.isExhausted,
        shard,
      },
      through,
      bytes,
    )
  }

  /** Everything since the last batch was filtered, dropped or skipped: that is done, too. */
  #passOver(): void {
    const { deaggregator, tracker, auto, acknowledgements } = this.#options
    const through = deaggregator.position
    if (through === undefined || tracker.isCovered(through)) return
    if (acknowledgements !== undefined) {
      acknowledgements.passOver(through)
      return
    }
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
