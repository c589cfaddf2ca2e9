/** Errors of the consumer. Each has a stable code and says what to change. */
import { KinesisError } from '@millrace/core'

/** The lease is held by another worker, or this worker can no longer be sure that it is not. @public */
export class LeaseLostError extends KinesisError {
  readonly code = 'ERR_KINESIS_LEASE_LOST'
  readonly leaseKey: string

  constructor(leaseKey: string, why: string, cause?: unknown) {
    super(`Lease ${leaseKey} is lost: ${why}`, {
      hint: 'Stop working on this shard; its new owner resumes from the last stored checkpoint.',
      cause,
    })
    this.leaseKey = leaseKey
  }
}

/** A position that may not be checkpointed: not delivered yet, or behind the stored one. @public */
export class InvalidCheckpointError extends KinesisError {
  readonly code = 'ERR_KINESIS_INVALID_CHECKPOINT'
  readonly shardId: string

  constructor(shardId: string, message: string) {
    super(`Shard ${shardId}: ${message}`, {
      hint: 'Checkpoint a record that was delivered to this handler, in the order of delivery.',
    })
    this.shardId = shardId
  }
}

/** The table is not one that this consumer may write to; it was left untouched. @public */
export class LeaseTableError extends KinesisError {
  readonly code = 'ERR_KINESIS_LEASE_TABLE'
  readonly tableName: string

  constructor(tableName: string, message: string, hint: string) {
    super(`Table ${tableName}: ${message}`, { hint })
    this.tableName = tableName
  }
}

/** A handler failed and `onHandlerError` said stop. @public */
export class HandlerFailedError extends KinesisError {
  readonly code = 'ERR_KINESIS_HANDLER_FAILED'
  readonly shardId: string

  constructor(shardId: string, attempts: number, cause: unknown) {
    super(`The handler of shard ${shardId} failed ${attempts} time(s); the consumer stopped`, {
      hint: 'Fix the handler, or choose another onHandlerError; nothing was checkpointed past the failure.',
      cause,
    })
    this.shardId = shardId
  }
}

/** A record could not be taken apart or decoded and `onMalformed` said stop. @public */
export class MalformedRecordError extends KinesisError {
  readonly code = 'ERR_KINESIS_MALFORMED_RECORD'
  readonly shardId: string
  readonly sequenceNumber: string

  constructor(shardId: string, sequenceNumber: string, reason: string, cause?: unknown) {
    super(`Record ${sequenceNumber} of shard ${shardId} is malformed: ${reason}`, {
      hint: "Choose onMalformed 'raw' or 'skip', or pass a function that stores the record elsewhere.",
      cause,
    })
    this.shardId = shardId
    this.sequenceNumber = sequenceNumber
  }
}
