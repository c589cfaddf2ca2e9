/**
 * SDK error -> ServiceError. Pure. The SDK hangs the response, and in some errors the request,
 * on what it throws; nothing of that is passed on: records and credentials must not reach a log.
 */
import type { Item } from '../ports/dynamo.ts'
import { ServiceError, type ServiceErrorKind, serviceErrorKind } from '../service-errors.ts'

interface SdkErrorLike {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly errors?: unknown
  readonly Item?: unknown
  readonly $metadata?: { readonly httpStatusCode?: unknown; readonly requestId?: unknown }
}

interface Verdict {
  readonly awsName: string
  readonly message: string
  readonly kind?: ServiceErrorKind | undefined
  readonly hint?: string | undefined
}

const MAX_MESSAGE_CHARACTERS = 1024

/** @param thrown whatever the SDK rejected with */
export function fromSdkError(operation: string, thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as SdkErrorLike
  const statusCode = numberOf(error.$metadata?.httpStatusCode)
  const { awsName, message, kind, hint } = judge(error, statusCode)
  return new ServiceError(operation, awsName, message, {
    kind: kind ?? serviceErrorKind(awsName, statusCode),
    item: awsName === 'ConditionalCheckFailedException' ? (error.Item as Item) : undefined,
    cause: new SdkCause(awsName, statusCode, textOf(error.$metadata?.requestId)),
    statusCode,
    hint,
  })
}

/** What support asks for, and nothing that the user sent. */
class SdkCause extends Error {
  readonly statusCode: number | undefined
  readonly requestId: string | undefined

  constructor(awsName: string, statusCode: number | undefined, requestId: string | undefined) {
    const status = statusCode === undefined ? 'no answer' : `HTTP ${statusCode}`
    super(requestId === undefined ? status : `${status}, request id ${requestId}`)
    this.name = awsName
    this.statusCode = statusCode
    this.requestId = requestId
  }
}

function judge(error: SdkErrorLike, statusCode: number | undefined): Verdict {
  const name = textOf(error.name) ?? 'UnknownError'
  const code = textOf(error.code)
  const message = textOf(error.message) ?? ''
  if (statusCode === undefined) return judgeUnanswered(error, name, code, message)
  if (name === 'SyntaxError' || name === 'TypeError' || name === 'RangeError') {
    // The parser's message quotes the answer, which may hold records.
    return {
      awsName: 'UnreadableAnswer',
      message: 'the answer was not what the AWS protocol says: is this a Kinesis endpoint?',
      kind: statusCode >= 400 ? undefined : 'transient',
    }
  }
  if (/^Signature (?:expired|not yet current)/.test(message)) {
    return {
      awsName: name,
      message: withoutSecrets(message),
      // The SDK measures the skew from this very answer, so the next attempt is signed in time.
      kind: 'expired-credentials',
      hint: 'The clock of this machine is wrong: synchronise it.',
    }
  }
  return { awsName: name, message: withoutSecrets(message) }
}

/** No HTTP answer: the request was never sent, or its fate is not known. */
function judgeUnanswered(
  error: SdkErrorLike,
  name: string,
  code: string | undefined,
  message: string,
): Verdict {
  if (name === 'CredentialsProviderError' || /^Resolved credential object/.test(message)) {
    return {
      awsName: 'CredentialsProviderError',
      message: 'no AWS credentials were found',
      kind: 'denied',
      hint: 'Pass credentials, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role of the container or instance.',
    }
  }
  if (/region is missing/i.test(message)) {
    return {
      awsName: 'RegionMissing',
      message: 'no AWS region is known',
      kind: 'invalid',
      hint: 'Pass region, or set AWS_REGION or the region of your profile.',
    }
  }
  if (/region not accepted/i.test(message)) {
    // An empty AWS_REGION among others: the SDK takes it for a region.
    return {
      awsName: 'RegionInvalid',
      message: withoutSecrets(message),
      kind: 'invalid',
      hint: 'Pass region, or correct AWS_REGION or the region of your profile.',
    }
  }
  if (name === 'AbortError') {
    return { awsName: name, message: 'the AbortSignal of the call fired', kind: 'aborted' }
  }
  if (code !== undefined && !/^ERR_(?:INVALID|MISSING|OUT_OF)/.test(code)) {
    // Any code of the socket or of TLS: no answer came, whatever the reason.
    return { awsName: code, message: message || firstOf(error.errors), kind: 'network' }
  }
  if (name === 'TypeError' || name === 'RangeError') {
    return {
      awsName: 'SerializationException',
      message: 'the request could not be written: a field is missing or of the wrong type',
    }
  }
  return { awsName: name, message: withoutSecrets(message) }
}

/**
 * The service quotes what it refuses: partition keys in validation errors, the signed headers
 * (with the session token) in signature errors.
 */
function withoutSecrets(message: string): string {
  return message
    .replace(/\s*(?:The Canonical String|Authorization=)[\s\S]*$/, '')
    .replace(
      /Value '[\s\S]*?' at '([\w.]*(?:partitionKey|explicitHashKey|data))' failed/gi,
      "Value '(not shown)' at '$1' failed",
    )
    .slice(0, MAX_MESSAGE_CHARACTERS)
}

/** Node tries every address of a name and throws all failures in one, without a message. */
function firstOf(errors: unknown): string {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  return first instanceof Error ? first.message : 'no answer came'
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
