/** Errors of the producer, beside those of core. */
import { KinesisError } from '@millrace/core'
import { attemptsIn } from './attempt-history.ts'
import type { Attempt } from './user-record.ts'

/**
 * A user record will not be sent any more. Its attempts tell why; an attempt that ended without an
 * answer may have been stored all the same. `cause` is the last error of the service, if there was
 * one. KPL: `UserRecordFailedException`. @public
 */
export class UserRecordFailedError extends KinesisError {
  readonly code = 'ERR_KINESIS_USER_RECORD_FAILED'
  /** The tries in order, 21 entries at most (see `Attempt.folded`); empty when none was made. */
  readonly attempts: readonly Attempt[]
  readonly stream: string
  /** The shard that its key falls to; undefined while no shard map is known. */
  readonly shardId: string | undefined

  constructor(
    stream: string,
    attempts: readonly Attempt[],
    reason: {
      readonly message: string
      readonly hint: string
      readonly retryable: boolean
      readonly shardId?: string | undefined
      readonly cause?: unknown
    },
  ) {
    const count = attemptsIn(attempts)
    const tries = count === 1 ? '1 attempt' : `${count} attempts`
    super(`User record for stream ${stream} failed after ${tries}: ${reason.message}`, {
      hint: reason.hint,
      cause: reason.cause,
      retryable: reason.retryable,
    })
    this.stream = stream
    this.shardId = reason.shardId
    this.attempts = attempts
  }
}

/** More calls of `put()` wait for room than `maxWaitingPuts` allows: the record was not accepted. @public */
export class BufferFullError extends KinesisError {
  readonly code = 'ERR_KINESIS_BUFFER_FULL'
  readonly waitingPuts: number

  constructor(waitingPuts: number, outstandingRecords: number, bufferedBytes: number) {
    super(
      `The buffer is full: ${outstandingRecords} records and ${bufferedBytes} bytes are outstanding, ${waitingPuts} calls of put() wait`,
      {
        hint: 'Await put(), or use tryPut() and wait for "drain"; raise maxOutstandingRecords or maxBufferedBytes if memory allows.',
        retryable: true,
      },
    )
    this.waitingPuts = waitingPuts
  }
}
