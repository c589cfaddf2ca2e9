/**
 * One attempt of one SDK call: deadline and abort hold from the first moment to the last byte.
 * The handler's own time-outs miss the wait for credentials and a body that never ends.
 */
import type { CallOptions } from '../ports/call-options.ts'
import { ServiceError } from '../service-errors.ts'
import { startTimer, stopTimer } from '../time.ts'
import { fromSdkError } from './sdk-error.ts'

/** What `send` hands to the SDK client. */
export interface SdkSendOptions {
  readonly abortSignal: AbortSignal
  readonly requestTimeout: number
}

/** Rejects with `ServiceError` and nothing else. */
export function sdkCall<T>(
  operation: string,
  options: CallOptions | undefined,
  defaultTimeoutMs: number,
  send: (options: SdkSendOptions) => Promise<T>,
): Promise<T> {
  const signal = options?.signal
  const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) {
      reject(aborted(operation))
      return
    }
    const controller = new AbortController()
    const settle = (): void => {
      stopTimer(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      settle()
      controller.abort()
      reject(aborted(operation))
    }
    const timer = startTimer(timeoutMs, () => {
      settle()
      controller.abort()
      reject(
        new ServiceError(operation, 'TimeoutError', `no answer within ${timeoutMs} ms`, {
          kind: 'network',
        }),
      )
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    send({ abortSignal: controller.signal, requestTimeout: timeoutMs }).then(
      (output) => {
        settle()
        resolve(output)
      },
      (thrown: unknown) => {
        settle()
        reject(fromSdkError(operation, thrown))
      },
    )
  })
}

/** A field that an answer of the service always has; a stand-in may have left it out. */
export function answered<T>(operation: string, field: string, value: T | undefined | null): T {
  if (value !== undefined && value !== null) return value
  throw new ServiceError(operation, 'UnreadableAnswer', `the answer has no ${field}`, {
    kind: 'transient',
  })
}

function aborted(operation: string): ServiceError {
  return new ServiceError(operation, 'AbortError', 'the AbortSignal of the call fired', {
    kind: 'aborted',
  })
}
