/** Pure: what a `UserRecordFailedError` says about the last thing that went wrong. */
import { isServiceError, type ServiceErrorKind } from '@millrace/core'
import { isAmbiguous, serviceErrorKind } from '@millrace/core/internal'
import type { Attempt, AttemptError } from '../user-record.ts'

/** Codes that no service sends, spelt as KPL spells them. */
export const EXPIRED = 'Expired'
const WRONG_SHARD = 'Wrong Shard'
export const CLOSED = 'Closed'
const RECORD_COUNT_MISMATCH = 'Record Count Mismatch'

const OURS: ReadonlySet<string> = new Set([EXPIRED, WRONG_SHARD, CLOSED, RECORD_COUNT_MISMATCH])

/** Why one attempt failed. */
export interface AttemptFailure {
  readonly kind: ServiceErrorKind
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly cause?: unknown
}

const HINTS: Partial<Record<ServiceErrorKind, string>> = {
  throttled:
    'The shard takes no more: spread the partition keys, add shards, or lower rateLimitPercent.',
  denied: 'Check the credentials, and that the policy allows kinesis:PutRecords on the stream.',
  invalid: 'The service refuses the record as it is; see the message.',
  kms: 'Enable the KMS key of the stream, and allow kms:GenerateDataKey on it.',
}
const DEFAULT_HINT = 'The service failed; put the record again if it must not be lost.'

/** What no other try will change. */
const FATAL: ReadonlySet<ServiceErrorKind> = new Set(['denied', 'missing', 'invalid', 'kms'])

export function isFatal(kind: ServiceErrorKind): boolean {
  return FATAL.has(kind)
}

/** What the attempt says of itself; to be shared by all records that it hit. */
export function attemptError({ kind, code, message }: AttemptFailure): AttemptError {
  return isAmbiguous(kind) ? { code, message, mayBeStored: true } : { code, message }
}

/** An entry that the service refused. */
export function entryFailure(code: string, message: string): AttemptFailure {
  const kind = serviceErrorKind(code)
  return { kind, code, message, hint: HINTS[kind] ?? DEFAULT_HINT }
}

/** A whole call that failed. */
export function callFailure(error: unknown): AttemptFailure {
  if (isServiceError(error)) {
    const prefix = `${error.operation}: ${error.awsName}: `
    const message = error.message.startsWith(prefix)
      ? error.message.slice(prefix.length)
      : error.message
    return { kind: error.kind, code: error.awsName, message, hint: error.hint, cause: error }
  }
  const name = error instanceof Error ? error.name : 'UnknownError'
  const message = error instanceof Error ? error.message : String(error)
  return { kind: 'unknown', code: name, message, hint: DEFAULT_HINT, cause: error }
}

/** The answer does not match the request: what was stored is not known. */
export function countMismatch(sent: number, answered: number): AttemptFailure {
  return {
    kind: 'unknown',
    code: RECORD_COUNT_MISMATCH,
    message: `sent ${sent} records, the answer lists ${answered}`,
    hint: 'Check the endpoint: this is not what Amazon Kinesis answers.',
  }
}

/** The Kinesis record is stored, but in a shard whose readers drop it. */
export function wrongShard(predicted: string | undefined, actual: string): AttemptFailure {
  return {
    kind: 'transient',
    code: WRONG_SHARD,
    message: `an aggregate for ${predicted ?? 'no shard'} was stored in ${actual}, where KCL drops it`,
    hint: 'The stream is being resharded; put the record again.',
  }
}

/** @param last what the service, or the way to it, last said of the record */
export function expired(ttlMs: number, last: AttemptError | undefined): AttemptFailure {
  return {
    kind: 'transient',
    code: EXPIRED,
    message: `not stored within recordTtlMs (${ttlMs} ms)`,
    hint: expiryHint(last),
  }
}

function expiryHint(last: AttemptError | undefined): string {
  if (last === undefined) {
    return 'It waited for its turn: put less at once, spread the keys, add shards, or raise recordTtlMs.'
  }
  return serviceErrorKind(last.code) === 'throttled'
    ? 'The shard took no more: spread the keys, add shards, or raise recordTtlMs.'
    : 'Check the endpoint and the way to it, as its attempts say; raise recordTtlMs to outlast longer outages.'
}

/** The producer let go of the record. */
export function dropped(what: string, inFlight: boolean, cause: Error | undefined): AttemptFailure {
  return {
    kind: 'aborted',
    code: CLOSED,
    message: inFlight
      ? `${what} while the record was on its way: it may have been stored`
      : `${what} before the record was sent`,
    hint: 'Give close() a longer timeoutMs, or put the record again with a new producer.',
    cause,
  }
}

/** What the service last said of a record, if it said anything. */
export function lastAnswer(attempts: readonly Attempt[]): AttemptError | undefined {
  for (let i = attempts.length - 1; i >= 0; i--) {
    const error = attempts[i]?.error
    if (error !== undefined && !OURS.has(error.code)) return error
  }
  return undefined
}
