/** AWS error name -> what it means for a caller. One table: nobody else compares error names. */
import { type ErrorCode, KinesisError } from './errors.ts'
import type { Item } from './ports/dynamo.ts'

/**
 * - `throttled`: over a rate limit, wait and retry
 * - `transient`: the service failed (5xx); a write may or may not have been applied
 * - `network`: no answer (time-out, reset); a write may or may not have been applied
 * - `expired-credentials`, `denied`: credentials
 * - `missing`: stream, shard or table does not exist
 * - `in-use`: exists already, or is busy changing
 * - `limit`: an account or table-control limit, wait long and retry
 * - `expired-iterator`, `expired-token`: get a new one
 * - `invalid`: the request itself is wrong
 * - `kms`: the stream's key cannot be used now
 * - `condition-failed`: a DynamoDB condition did not hold: the write was not applied
 * - `aborted`: the caller's signal fired
 * - `unknown`: not in the table
 */
export type ServiceErrorKind =
  | 'throttled'
  | 'transient'
  | 'network'
  | 'expired-credentials'
  | 'denied'
  | 'missing'
  | 'in-use'
  | 'limit'
  | 'expired-iterator'
  | 'expired-token'
  | 'invalid'
  | 'kms'
  | 'condition-failed'
  | 'aborted'
  | 'unknown'

/** What an AWS service (or a stand-in) answered, or that it did not answer. @public */
export class ServiceError extends KinesisError {
  readonly code: ErrorCode = 'ERR_KINESIS_SERVICE'
  /** The service's own error name, e.g. `ProvisionedThroughputExceededException`. */
  readonly awsName: string
  readonly kind: ServiceErrorKind
  /** The call that failed, e.g. `PutRecords`. */
  readonly operation: string
  /** The old item of a failed condition, when asked for and returned. */
  readonly item: Item | undefined

  constructor(
    operation: string,
    awsName: string,
    message: string,
    details: {
      readonly kind?: ServiceErrorKind
      readonly item?: Item | undefined
      readonly cause?: unknown
      readonly statusCode?: number | undefined
      /** What to change, where the kind's own hint says too little. */
      readonly hint?: string | undefined
    } = {},
  ) {
    const kind = details.kind ?? serviceErrorKind(awsName, details.statusCode)
    super(`${operation}: ${awsName}: ${message}`, {
      hint: details.hint ?? HINTS[kind],
      cause: details.cause,
      retryable: RETRYABLE.has(kind),
    })
    this.operation = operation
    this.awsName = awsName
    this.kind = kind
    this.item = details.item
  }

  /**
   * True when the service may have applied the write although this error came back. An unknown
   * error counts: it may be a reply that could not be read.
   */
  get ambiguous(): boolean {
    return isAmbiguous(this.kind)
  }
}

const AMBIGUOUS: ReadonlySet<ServiceErrorKind> = new Set([
  'network',
  'transient',
  'aborted',
  'unknown',
])

const RETRYABLE: ReadonlySet<ServiceErrorKind> = new Set([
  'throttled',
  'transient',
  'network',
  'expired-credentials',
  'limit',
  'kms',
  'unknown',
])

const KINDS: ReadonlyMap<string, ServiceErrorKind> = new Map<string, ServiceErrorKind>([
  ['ProvisionedThroughputExceededException', 'throttled'],
  ['ThrottlingException', 'throttled'],
  ['Throttling', 'throttled'],
  ['ThrottledException', 'throttled'],
  ['TooManyRequestsException', 'throttled'],
  ['RequestLimitExceeded', 'throttled'],
  ['RequestThrottled', 'throttled'],
  ['RequestThrottledException', 'throttled'],
  ['SlowDown', 'throttled'],
  ['InternalFailure', 'transient'],
  ['InternalFailureException', 'transient'],
  ['InternalServerError', 'transient'],
  ['InternalServerErrorException', 'transient'],
  ['ServiceUnavailable', 'transient'],
  ['ServiceUnavailableException', 'transient'],
  ['TransactionConflictException', 'transient'],
  ['TransactionInProgressException', 'transient'],
  ['TimeoutError', 'network'],
  ['RequestTimeout', 'network'],
  ['RequestTimeoutException', 'network'],
  ['NetworkingError', 'network'],
  ['ECONNRESET', 'network'],
  ['ECONNREFUSED', 'network'],
  ['EPIPE', 'network'],
  ['ETIMEDOUT', 'network'],
  ['ENOTFOUND', 'network'],
  ['EAI_AGAIN', 'network'],
  ['EHOSTUNREACH', 'network'],
  ['ERR_HTTP2_STREAM_CANCEL', 'network'],
  ['ExpiredTokenException', 'expired-credentials'],
  ['ExpiredToken', 'expired-credentials'],
  ['RequestExpired', 'expired-credentials'],
  ['CredentialsProviderError', 'denied'],
  ['AccessDeniedException', 'denied'],
  ['AccessDenied', 'denied'],
  ['UnrecognizedClientException', 'denied'],
  ['InvalidSignatureException', 'denied'],
  ['SignatureDoesNotMatch', 'denied'],
  ['IncompleteSignature', 'denied'],
  ['MissingAuthenticationToken', 'denied'],
  ['MissingAuthenticationTokenException', 'denied'],
  ['NotAuthorized', 'denied'],
  ['OptInRequired', 'denied'],
  ['InvalidClientTokenId', 'denied'],
  ['ResourceNotFoundException', 'missing'],
  ['ResourceInUseException', 'in-use'],
  // A table that was made just now is not known to the backup service yet.
  ['ContinuousBackupsUnavailableException', 'in-use'],
  ['LimitExceededException', 'limit'],
  ['ExpiredIteratorException', 'expired-iterator'],
  ['ExpiredNextTokenException', 'expired-token'],
  ['InvalidArgumentException', 'invalid'],
  ['ValidationException', 'invalid'],
  ['SerializationException', 'invalid'],
  ['ItemCollectionSizeLimitExceededException', 'invalid'],
  ['UnknownOperationException', 'invalid'],
  ['DryRunOperationException', 'invalid'],
  ['KMSAccessDeniedException', 'kms'],
  ['KMSDisabledException', 'kms'],
  ['KMSInvalidStateException', 'kms'],
  ['KMSNotFoundException', 'kms'],
  ['KMSOptInRequired', 'kms'],
  ['KMSThrottlingException', 'throttled'],
  ['ConditionalCheckFailedException', 'condition-failed'],
  ['AbortError', 'aborted'],
])

const HINTS: Readonly<Record<ServiceErrorKind, string>> = {
  throttled: 'Lower the call rate, or add shards or capacity.',
  transient: 'The service failed; it is retried where that is safe.',
  network: 'Check endpoint, network path and time-outs; the service did not answer.',
  'expired-credentials': 'Check that the credential provider refreshes before the token expires.',
  denied: 'Check the credentials, and that the policy allows the action named here.',
  missing: 'Check name, region and account; create the resource if it should exist.',
  'in-use': 'Wait until the resource is ACTIVE.',
  limit: 'Wait and retry, or ask AWS for a higher limit.',
  'expired-iterator': 'Ask for a new shard iterator after the last record read.',
  'expired-token': 'Start the listing again from its first page.',
  invalid: 'The request is wrong: see the message; retrying will not help.',
  kms: 'Check the state of the stream KMS key and the right to use it.',
  'condition-failed': 'Another writer was faster; read the item again.',
  aborted: 'The AbortSignal given to this call fired.',
  unknown: 'This error name is not known to Millrace; see the message.',
}

/** Looks an AWS error name up; an unknown name is judged by its HTTP status. */
export function serviceErrorKind(awsName: string, statusCode?: number): ServiceErrorKind {
  const known = KINDS.get(awsName)
  if (known !== undefined) return known
  if (statusCode === 429) return 'throttled'
  if (statusCode !== undefined && statusCode >= 500) return 'transient'
  if (statusCode === 403 || statusCode === 401) return 'denied'
  if (statusCode !== undefined && statusCode >= 400) return 'invalid'
  return 'unknown'
}

/** True when after an error of this kind nobody knows whether a write was applied. */
export function isAmbiguous(kind: ServiceErrorKind): boolean {
  return AMBIGUOUS.has(kind)
}

export function isServiceError(value: unknown): value is ServiceError {
  return KinesisError.isKinesisError(value) && value.code === 'ERR_KINESIS_SERVICE'
}
