/** How the simulated DynamoDB says no, under AWS's names. */
import { ServiceError } from '@millrace/core'
import type { Item } from '@millrace/core/internal'

export function invalid(operation: string, message: string): ServiceError {
  return new ServiceError(operation, 'ValidationException', message)
}

export function missing(operation: string, tableName: string): ServiceError {
  return new ServiceError(
    operation,
    'ResourceNotFoundException',
    `Requested resource not found: Table: ${tableName} not found`,
  )
}

export function inUse(operation: string, tableName: string): ServiceError {
  return new ServiceError(
    operation,
    'ResourceInUseException',
    `Table already exists or is busy: ${tableName}`,
  )
}

export function conditionFailed(operation: string, item: Item | undefined): ServiceError {
  return new ServiceError(
    operation,
    'ConditionalCheckFailedException',
    'The conditional request failed',
    { item },
  )
}

/** Plain errors of the parser and the store become AWS's refusal of the request. */
export function refusing<T>(operation: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause
    throw invalid(operation, cause instanceof Error ? cause.message : String(cause))
  }
}
