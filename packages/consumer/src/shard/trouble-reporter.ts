/** Makes reading troubles visible, without a line for each throttled call. */
import { isServiceError, type Logger } from '@millrace/core'
import { isLoudFailure } from '../backoff.ts'
import type { ShardHealth } from '../delivery/shard-health.ts'
import type { EmitConsumerEvent } from '../events.ts'

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
    if (!mayPass) emit('error', error)
  }
}
