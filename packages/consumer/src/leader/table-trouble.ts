/** How loud a worker is about a lease table that does not work. Pure. */
import { isServiceError, KinesisError } from '@millrace/core'
import { isLoudFailure } from '../backoff.ts'

/**
 * - `log`: throttles and lost replies pass by themselves
 * - `event`: it lasts, or waiting cannot help: an application without a logger must hear of it too
 * - `fatal`: the table is gone; without it there is nothing to wait for
 */
export type TroubleVerdict = 'log' | 'event' | 'fatal'

/** From so many failures in a row on, even what should pass is news. */
const LASTING_FAILURES = 4
/** One answer may be wrong, such as that of a replica behind; several in a row are not. */
const GONE_FAILURES = 5

/** @param failures in a row, from 1 */
export function judgeTrouble(cause: unknown, failures: number): TroubleVerdict {
  const kind = isServiceError(cause) ? cause.kind : undefined
  if (kind === 'missing' && failures >= GONE_FAILURES) return 'fatal'
  const passes =
    KinesisError.isKinesisError(cause) && cause.retryable && failures < LASTING_FAILURES
  return !passes && isLoudFailure(failures) ? 'event' : 'log'
}
