/** Which action a policy lacks, in the words in which a policy names it. Pure. */
import { type DynamoPort, isServiceError, ServiceError } from '@millrace/core'

/** The names under which AWS denies an action, as against credentials that are wrong as a whole. */
const LACKS: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'NotAuthorized',
])

/** What a call of the port is for, as far as a policy tells calls apart. */
export interface PolicyCall {
  readonly operation: keyof DynamoPort
  readonly input: { readonly TableName: string; readonly IndexName?: string | undefined }
}

/** True for a denied action, false for missing or wrong credentials. */
export function isPolicyLack(cause: unknown): cause is ServiceError {
  return isServiceError(cause) && cause.kind === 'denied' && LACKS.has(cause.awsName)
}

/** A denied action, and what it was to be done to: `dynamodb:Query` on `table/orders`. */
export interface LackingAction {
  readonly action: string
  readonly resource: string
}

/** The denial with action, resource and the statement to add. */
export function lackOf(denial: ServiceError, { action, resource }: LackingAction): ServiceError {
  const [service] = action.split(':')
  const statement = {
    Effect: 'Allow',
    Action: action,
    Resource: `arn:aws:${service}:*:*:${resource}`,
  }
  return new ServiceError(
    denial.operation,
    denial.awsName,
    `the policy of this worker does not allow ${action} on ${resource}`,
    { kind: 'denied', cause: denial, hint: `Add to it: ${JSON.stringify(statement)}` },
  )
}

/** As a policy names it. */
export function dynamoAction(operation: keyof DynamoPort): string {
  return `dynamodb:${operation.charAt(0).toUpperCase()}${operation.slice(1)}`
}

/** As `lackOf`; anything but a denial as it is. */
export function namedLack(cause: unknown, { operation, input }: PolicyCall): unknown {
  if (!isPolicyLack(cause)) return cause
  const index = input.IndexName === undefined ? '' : `/index/${input.IndexName}`
  const resource = `table/${input.TableName}${index}`
  return lackOf(cause, { action: dynamoAction(operation), resource })
}
