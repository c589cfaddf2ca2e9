/** Codes are stable: users branch on them, docs link to them. */
export type ErrorCode = `ERR_KINESIS_${Uppercase<string>}`

/** What every error of ours can carry besides its message. */
export interface KinesisErrorDetails {
  /** One sentence: what to change. */
  readonly hint: string
  readonly cause?: unknown
  /** True when the same call may succeed later, unchanged. */
  readonly retryable?: boolean | undefined
}

const BRAND = Symbol.for('@millrace/core/KinesisError')

/**
 * Base of every error that Millrace throws or rejects with.
 * The brand makes `KinesisError.isKinesisError` work across two installed copies of the package,
 * where `instanceof` would not.
 *
 * @public
 */
export abstract class KinesisError extends Error {
  abstract readonly code: ErrorCode
  readonly retryable: boolean
  readonly hint: string

  constructor(message: string, details: KinesisErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.retryable = details.retryable ?? false
    this.hint = details.hint
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** True for an error of ours, from any copy of the package. */
  static isKinesisError(value: unknown): value is KinesisError {
    return typeof value === 'object' && value !== null && BRAND in value
  }
}

/** An option is unknown, of the wrong type, out of range, or contradicts another one. @public */
export class InvalidOptionError extends KinesisError {
  readonly code = 'ERR_KINESIS_INVALID_OPTION'
  /** Dotted name of the option, as the user wrote it. */
  readonly option: string

  constructor(option: string, message: string, hint: string) {
    super(message, { hint })
    this.option = option
  }
}

/** A record that the service would refuse, refused at the door: nothing was accepted. @public */
export class InvalidRecordError extends KinesisError {
  readonly code = 'ERR_KINESIS_INVALID_RECORD'
  /** The field at fault: `partitionKey`, `explicitHashKey`, `data`, `stream`. */
  readonly field: string

  constructor(field: string, message: string, hint: string) {
    super(message, { hint })
    this.field = field
  }
}

/** A sequence number, shard list or lineage that cannot be what the service sends. @public */
export class InvalidStreamModelError extends KinesisError {
  readonly code = 'ERR_KINESIS_INVALID_STREAM_MODEL'
}

/** The producer or consumer was closed before this call. @public */
export class ClosedError extends KinesisError {
  readonly code = 'ERR_KINESIS_CLOSED'
}

/** A wait was ended by the caller's AbortSignal. @public */
export class AbortedError extends KinesisError {
  readonly code = 'ERR_KINESIS_ABORTED'

  constructor(what: string, cause?: unknown) {
    super(`${what} was aborted`, { hint: 'The AbortSignal given to this call fired.', cause })
  }
}
