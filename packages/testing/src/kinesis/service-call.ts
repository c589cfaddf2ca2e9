/** The way to the service and back: abort signals, deadlines, late requests, late and lost replies. */
import { type CallOptions, isServiceError, ServiceError } from '@millrace/core'
import { sleep, startTimer, stopTimer, type Timer } from '@millrace/core/internal'
import type { Fault, FaultKind } from './faults.ts'
import { throttled } from './refusals.ts'

const DEFAULT_DELAY_MS = 1000

/** What of a fault decides about a call; `deny` is DynamoDB's alone. */
export interface MetFault extends Pick<Fault, 'delayMs' | 'delayed' | 'error'> {
  readonly kind: FaultKind | 'deny'
}

/**
 * Applies a call as the fault wants it.
 *
 * @param perEntry true when `apply` itself fails the entries that the fault hits
 */
export function callService<T>(
  operation: string,
  options: CallOptions | undefined,
  fault: MetFault | undefined,
  perEntry: boolean,
  apply: () => T,
): T | Promise<T> {
  if (fault === undefined) return apply()
  switch (fault.kind) {
    case 'throttle':
      if (perEntry) return apply()
      throw throttled(operation, 'Rate exceeded (injected).')
    case 'fail':
      if (perEntry) return apply()
      throw fault.error ?? new ServiceError(operation, 'InternalFailure', 'Injected failure.')
    case 'deny':
      throw new ServiceError(operation, 'AccessDeniedException', 'Not authorized (injected).')
    case 'delay':
      return unlessGivenUp(operation, options, delayed(fault, apply))
    case 'lose-reply':
      try {
        apply()
      } catch (cause) {
        // A refusal is a reply, too.
        if (!isServiceError(cause)) throw cause
      }
      throw new ServiceError(operation, 'ECONNRESET', 'The reply was lost (injected).')
    case 'expire-iterators':
    case 'empty-page':
    case 'null-iterator':
      return apply()
    default:
      fault.kind satisfies never
      return apply()
  }
}

/** A call whose signal has fired before it began never reaches the service. @throws ServiceError */
export function refuseAborted(operation: string, options: CallOptions | undefined): void {
  if (options?.signal?.aborted) throw aborted(operation, options.signal)
}

async function delayed<T>(fault: Pick<Fault, 'delayMs' | 'delayed'>, apply: () => T): Promise<T> {
  const delayMs = fault.delayMs ?? DEFAULT_DELAY_MS
  if (fault.delayed === 'request') {
    await late(delayMs)
    return apply()
  }
  const result = apply()
  await late(delayMs)
  return result
}

function late(delayMs: number): Promise<void> {
  return delayMs === Number.POSITIVE_INFINITY ? new Promise(() => {}) : sleep(delayMs)
}

/** The caller's patience; what it waits for goes on without it. */
function unlessGivenUp<T>(
  operation: string,
  options: CallOptions | undefined,
  answer: Promise<T>,
): Promise<T> {
  const signal = options?.signal
  const timeoutMs = options?.timeoutMs
  return new Promise<T>((resolve, reject) => {
    let timer: Timer | undefined
    const onAbort = (): void => {
      settle()
      if (signal !== undefined) reject(aborted(operation, signal))
    }
    const settle = (): void => {
      stopTimer(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    if (timeoutMs !== undefined) {
      timer = startTimer(timeoutMs, () => {
        settle()
        reject(new ServiceError(operation, 'TimeoutError', `No answer within ${timeoutMs} ms.`))
      })
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    answer.then(resolve, reject).finally(settle)
  })
}

function aborted(operation: string, signal: AbortSignal): ServiceError {
  return new ServiceError(operation, 'AbortError', 'The call was aborted.', {
    cause: signal.reason,
  })
}
