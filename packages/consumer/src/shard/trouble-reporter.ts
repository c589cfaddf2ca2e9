/** Makes reading troubles visible, without a line for each throttled call. */
import { isServiceError, type Logger } from '@millrace/core'
import { isLoudFailure } from '../backoff.ts'
import type { ShardHealth } from '../delivery/shard-health.ts'
import type { EmitConsumerEvent } from '../events.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'
import type { MissedRecords } from '../retrieval/read-position.ts'
import { isSetupTrouble } from '../setup/setup-watch.ts'

/** Throttles and lost replies pass by themselves; from so many in a row they are news. */
const PASSING_FAILURES = 8

export function troubleReporter(options: {
  readonly stream: string
  readonly shardId: string
  readonly health: ShardHealth
  readonly emit: EmitConsumerEvent
  readonly logger: Logger
}): (error: unknown, failures: number) => void {
  const { stream, shardId, health, emit, logger } = options
  return (error, failures) => {
    health.readFailed(error)
    if (!isLoudFailure(failures)) return
    const mayPass = isServiceError(error) && error.retryable && failures < PASSING_FAILURES
    logger[mayPass ? 'debug' : 'warn'](
      { err: error, stream, shardId, failures },
      'reading a shard failed; it is tried again',
    )
    // What AWS refuses is told once, not once a shard.
    if (!mayPass && !isSetupTrouble(error)) emit('error', error)
  }
}

/** Records are lost to this application: that is never a detail. */
export function missedReporter(options: {
  readonly stream: string
  readonly shardId: string
  readonly emit: EmitConsumerEvent
  readonly logger: Logger
  readonly metrics: ConsumerMeter
}): (missed: MissedRecords) => void {
  const { stream, shardId, emit, logger, metrics } = options
  return ({ after, afterArrivalMs, resumedAt, resumedArrivalMs }) => {
    const missedMs =
      afterArrivalMs === undefined ? undefined : Math.max(0, resumedArrivalMs - afterArrivalMs)
    const info = { stream, shardId, after, resumedAt, resumedArrivalMs, missedMs }
    logger.error(
      info,
      'records had left the stream before they were read; reading goes on behind them',
    )
    metrics.put('RetentionPassed', 1, 'Count', { Operation: 'ProcessTask', ShardId: shardId })
    emit('retentionPassed', info)
  }
}
