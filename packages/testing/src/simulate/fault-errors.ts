/** The face that a fault shows to the caller: the names that the real services use. */
import { ServiceError } from '@millrace/core'
import type { ServiceName } from './faults.ts'

/** Calls whose rate is the account's, not the shard's: they are refused under another name. */
const ACCOUNT_RATED: ReadonlySet<string> = new Set(['listShards', 'describeStreamSummary'])

export function operationName(method: string): string {
  return method.charAt(0).toUpperCase() + method.slice(1)
}

export function throttledError(
  service: ServiceName,
  method: string,
  variant: number,
): ServiceError {
  const name =
    service === 'kinesis' && ACCOUNT_RATED.has(method)
      ? 'LimitExceededException'
      : service === 'dynamo' && variant < 0.5
        ? 'ThrottlingException'
        : 'ProvisionedThroughputExceededException'
  return new ServiceError(operationName(method), name, 'Rate exceeded (simulated)')
}

export function failedError(service: ServiceName, method: string, variant: number): ServiceError {
  const usual = service === 'kinesis' ? 'InternalFailure' : 'InternalServerError'
  const name = variant < 0.5 ? usual : 'ServiceUnavailable'
  return new ServiceError(operationName(method), name, 'The service failed (simulated)')
}

export function expiredIteratorError(method: string): ServiceError {
  return new ServiceError(operationName(method), 'ExpiredIteratorException', 'Iterator expired')
}

export function lookupError(method: string): ServiceError {
  return new ServiceError(operationName(method), 'ENOTFOUND', 'No such host (simulated)')
}

export function credentialsError(method: string): ServiceError {
  return new ServiceError(operationName(method), 'ExpiredTokenException', 'Token expired')
}

export function keyError(method: string, variant: number): ServiceError {
  const name = variant < 0.5 ? 'KMSThrottlingException' : 'KMSInvalidStateException'
  return new ServiceError(operationName(method), name, 'The key cannot be used (simulated)')
}

/** As our adapters report a body that breaks off in the middle. */
export function garbledError(method: string): ServiceError {
  return new ServiceError(operationName(method), 'UnreadableAnswer', 'The answer breaks off', {
    kind: 'transient',
  })
}

export function resetError(method: string): ServiceError {
  return new ServiceError(operationName(method), 'ECONNRESET', 'Connection reset (simulated)')
}

export function timeoutError(method: string, timeoutMs: number): ServiceError {
  return new ServiceError(operationName(method), 'TimeoutError', `No answer in ${timeoutMs} ms`)
}

export function abortedError(method: string, cause: unknown): ServiceError {
  return new ServiceError(operationName(method), 'AbortError', 'The call was aborted', { cause })
}
