/** `onMalformed`: what happens to a record that cannot be taken apart or decoded. */
import { InvalidOptionError, type Logger } from '@millrace/core'
import { showValue } from '@millrace/core/internal'
import { isLoudFailure } from '../backoff.ts'
import type { EmitConsumerEvent } from '../events.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'
import type { MalformedRecord, MalformedVerdict, OnMalformed } from '../record-processor.ts'

export interface MalformedPolicyOptions {
  readonly stream: string
  readonly shardId: string
  readonly onMalformed: OnMalformed
  readonly emit: EmitConsumerEvent
  readonly logger: Logger
  readonly metrics: ConsumerMeter
}

export class MalformedPolicy {
  readonly #options: MalformedPolicyOptions
  #seen = 0

  constructor(options: MalformedPolicyOptions) {
    this.#options = options
  }

  /** Tells of the record, once: event, metric, log. */
  report(found: { readonly sequenceNumber: string; readonly reason: string }): void {
    const { stream, shardId, emit, logger, metrics } = this.#options
    const info = { stream, shardId, sequenceNumber: found.sequenceNumber, reason: found.reason }
    emit('malformed', info)
    metrics.put('MalformedRecords', 1, 'Count', { Operation: 'ProcessTask', ShardId: shardId })
    this.#seen++
    if (isLoudFailure(this.#seen)) {
      logger.warn({ ...info, seen: this.#seen }, 'a record is malformed')
    }
  }

  /** Rejects with whatever the user's function throws, and for an answer that is no verdict. */
  async verdict(found: {
    readonly sequenceNumber: string
    readonly reason: string
    readonly data: Uint8Array
  }): Promise<MalformedVerdict> {
    const { stream, shardId, onMalformed } = this.#options
    if (typeof onMalformed !== 'function') return onMalformed
    const { sequenceNumber, reason, data } = found
    const record = { stream, shardId, sequenceNumber, reason }
    const verdict: unknown = await onMalformed(
      Object.defineProperty(record, 'data', { value: data }) as MalformedRecord,
    )
    if (verdict === 'raw' || verdict === 'skip' || verdict === 'stop') return verdict
    throw new InvalidOptionError(
      'onMalformed',
      `onMalformed answered ${showValue(verdict)}`,
      "Answer 'raw', 'skip' or 'stop'; the function is asked again.",
    )
  }
}
