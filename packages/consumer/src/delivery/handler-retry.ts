/** What happens after a handler call failed: `onHandlerError`, back-off, and no silence. */
import { KinesisError, type Logger, type Random } from '@millrace/core'
import { type Backoff, fullJitterMs, isLoudFailure } from '../backoff.ts'
import { HandlerFailedError } from '../errors.ts'
import type { EmitConsumerEvent } from '../events.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'
import type { HandlerFailure, HandlerVerdict, OnHandlerError } from '../record-processor.ts'
import type { ShardHalt } from '../shard/shard-halt.ts'
import type { FailedCall } from './call-failures.ts'

const BACKOFF: Backoff = { firstMs: 200, capMs: 30_000 }

export interface HandlerRetryOptions<T> {
  readonly stream: string
  readonly shardId: string
  readonly onHandlerError: OnHandlerError<T>
  readonly halt: ShardHalt
  readonly emit: EmitConsumerEvent
  readonly logger: Logger
  readonly metrics: ConsumerMeter
  readonly random: Random
}

export class HandlerRetry<T> {
  readonly #options: HandlerRetryOptions<T>
  readonly #dimensions: { readonly Operation: 'ProcessTask'; readonly ShardId: string }

  constructor(options: HandlerRetryOptions<T>) {
    this.#options = options
    this.#dimensions = { Operation: 'ProcessTask', ShardId: options.shardId }
  }

  /**
   * Reports the failure and asks the policy. For `retry` it waits first, and no longer than until
   * the shard is halted: the caller looks at that before it calls again.
   *
   * @param skipping `never-skip` for a call that nothing works without: `skip` means retry then
   * @throws HandlerFailedError for `stop`
   */
  async judge(
    call: FailedCall<T>,
    skipping: 'may-skip' | 'never-skip' = 'may-skip',
  ): Promise<'retry' | 'skip'> {
    const { shardId, halt, logger, metrics, random } = this.#options
    const { error, attempts } = call
    // Work that failed because the lease went away is the next owner's.
    if (halt.reason === 'lease-lost') {
      logger.debug({ err: printable(error), shardId }, 'a handler failed after its lease was lost')
      return 'retry'
    }
    this.report(call)
    const verdict = await this.#verdict(call)
    if (verdict === 'stop') throw new HandlerFailedError(shardId, attempts, error)
    if (verdict === 'skip' && skipping === 'may-skip') {
      const records = call.rawRecord === undefined ? call.records.length : 1
      metrics.put('SkippedRecords', records, 'Count', this.#dimensions)
      logger.warn({ shardId, records }, 'records were skipped, as configured')
      return 'skip'
    }
    await halt.wait(fullJitterMs(BACKOFF, attempts, random))
    return 'retry'
  }

  /** Event, metric and log of a failure. */
  report(call: FailedCall<T>): void {
    const { stream, shardId, emit, logger, metrics } = this.#options
    const { error, attempts } = call
    emit('handlerFailed', { stream, shardId, attempts, error })
    metrics.put('HandlerFailures', 1, 'Count', this.#dimensions)
    metrics.put('Success', 0, 'Count', this.#dimensions)
    if (!isLoudFailure(attempts)) return
    logger.error({ err: printable(error), stream, shardId, attempts }, 'a handler failed')
  }

  async #verdict(call: FailedCall<T>): Promise<HandlerVerdict> {
    const { onHandlerError, shardId, logger } = this.#options
    if (typeof onHandlerError !== 'function') return onHandlerError
    try {
      const verdict = await onHandlerError(this.#failure(call))
      if (verdict === 'retry' || verdict === 'skip' || verdict === 'stop') return verdict
      logger.error({ shardId, verdict: String(verdict) }, 'onHandlerError gave no known verdict')
    } catch (cause) {
      logger.error({ err: printable(cause), shardId }, 'onHandlerError threw')
    }
    // The only verdict that can lose nothing.
    return 'retry'
  }

  #failure(call: FailedCall<T>): HandlerFailure<T> {
    const { stream, shardId } = this.#options
    const { error, firstError, attempts, records, rawRecord } = call
    const failure = { stream, shardId, error, firstError, attempts }
    return Object.defineProperties(failure, {
      records: { value: records },
      rawRecord: { value: rawRecord },
    }) as HandlerFailure<T>
  }
}

/** A codec's error may quote the payload and is our error's cause: loggers print causes. */
function printable(error: unknown): unknown {
  return KinesisError.isKinesisError(error) ? { code: error.code, message: error.message } : error
}
