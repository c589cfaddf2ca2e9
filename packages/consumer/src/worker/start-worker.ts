/** The start of a worker, tried again while that can help. */
import { isServiceError, type Logger, type Random } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { ConsumerMeter } from '../metrics/metric-names.ts'

/** As in KCL: `maxInitializationAttempts`, `schedulerInitializationBackoffTimeMillis`. */
const START_ATTEMPTS = 20
const START_BACKOFF_MS = 1000

export interface StartOptions {
  readonly logger: Logger
  readonly random: Random
  readonly metrics: ConsumerMeter
}

const DIMENSIONS = { Operation: 'Scheduler:Initialize' } as const

/**
 * A start that failed for a passing reason is tried again; every step of it can be repeated.
 *
 * @throws what `start` throws, for good or for the last time
 */
export async function startWorker(
  worker: { start(signal: AbortSignal): Promise<void> },
  { logger, random, metrics }: StartOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await worker.start(signal)
      metrics.put('Initialize.Success', 1, 'Count', DIMENSIONS)
      return
    } catch (cause) {
      const passing = isServiceError(cause) && cause.retryable
      if (!signal.aborted) metrics.put('Initialize.Success', 0, 'Count', DIMENSIONS)
      if (signal.aborted || !passing || attempt === START_ATTEMPTS) throw cause
      logger.warn({ err: cause, attempt }, 'the consumer could not start; trying again')
      await sleep(START_BACKOFF_MS * (0.5 + random.next()), signal)
    }
  }
}
