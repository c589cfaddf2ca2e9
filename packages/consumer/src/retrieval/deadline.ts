/** A deadline for calls that take none of their own. */
import { ServiceError } from '@millrace/core'
import { startTimer, stopTimer } from '@millrace/core/internal'

/**
 * Calls with a signal that also fires after `timeoutMs`; the call then counts as unanswered.
 *
 * @throws ServiceError of kind `network` past the deadline, else whatever the call rejects with
 */
export async function withDeadline<T>(
  operation: string,
  timeoutMs: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  let isLate = false
  const timer = startTimer(timeoutMs, () => {
    isLate = true
    controller.abort()
  })
  try {
    return await call(controller.signal)
  } catch (cause) {
    if (!isLate) throw cause
    throw new ServiceError(operation, 'TimeoutError', `No answer within ${timeoutMs} ms.`, {
      cause,
    })
  } finally {
    stopTimer(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
