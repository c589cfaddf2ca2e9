/** How the simulated service says no: the service's own error names. */
import { ServiceError } from '@millrace/core'

export function invalidArgument(operation: string, message: string): ServiceError {
  return new ServiceError(operation, 'InvalidArgumentException', message)
}

/** A field breaks the request's own schema: length, pattern, range. */
export function invalidField(operation: string, field: string, constraint: string): ServiceError {
  return new ServiceError(
    operation,
    'ValidationException',
    `1 validation error detected: Value at '${field}' failed to satisfy constraint: ${constraint}`,
  )
}

export function notFound(operation: string, message: string): ServiceError {
  return new ServiceError(operation, 'ResourceNotFoundException', message)
}

export function inUse(operation: string, message: string): ServiceError {
  return new ServiceError(operation, 'ResourceInUseException', message)
}

export function limitExceeded(operation: string, message: string): ServiceError {
  return new ServiceError(operation, 'LimitExceededException', message)
}

export function throttled(operation: string, message: string): ServiceError {
  return new ServiceError(operation, 'ProvisionedThroughputExceededException', message)
}

/** What the service says of a shard that is over its rate, in an entry or in an error. */
export function rateMessage(shardId: string, streamName: string, accountId: string): string {
  return `Rate exceeded for shard ${shardId} in stream ${streamName} under account ${accountId}.`
}
