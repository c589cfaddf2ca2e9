/** What goes into the producer and what comes back. */
import type { StreamRef } from '@millrace/core'

/** One record of yours. KPL: `UserRecord`. @public */
export interface UserRecord<T = Uint8Array> {
  /** Needed unless `ProducerOptions.stream` is set. */
  readonly stream?: StreamRef | undefined
  /**
   * 1 to 256 characters; its MD5 picks the shard. May be left out only where the stream is known to
   * place records by itself (record distribution AUTO).
   */
  readonly partitionKey?: string | undefined
  /** Decimal text of 0 to 2^128 - 1: picks the shard instead of the partition key. */
  readonly explicitHashKey?: string | undefined
  /** Copied when the record is accepted: the buffer is yours again after that. */
  readonly data: T
}

/**
 * A record for a producer with codecs of its own for some streams: for a stream named in `S`, the
 * data is what that stream's codec takes.
 *
 * @public
 */
export type ProducerRecord<T, S> =
  | UserRecord<T>
  | { [K in keyof S]: UserRecord<S[K]> & { readonly stream: K } }[keyof S]

/** Why one try failed. @public */
export interface AttemptError {
  readonly code: string
  readonly message: string
  /**
   * Set when the outcome is unknown (no answer, a failure inside the service) or the copy lies in a
   * wrong shard: the record may be in the stream, and is there twice if a later try stores it.
   */
  readonly mayBeStored?: true | undefined
}

/**
 * One try of a user record. KPL: `Attempt`; codes are the service's, the socket's, or KPL's
 * `Expired` and `Wrong Shard`. @public
 */
export interface Attempt {
  /** Milliseconds from acceptance, or from the end of the attempt before, to the start of this one. */
  readonly delayMs: number
  /** Milliseconds from sending to the answer. */
  readonly durationMs: number
  /**
   * Set on an entry that stands for this many attempts: of more than 21, the first ten and the last
   * ten are kept, those between are one entry with the sums of their times and their last error.
   */
  readonly folded?: number | undefined
  /** Absent on success. */
  readonly error?: AttemptError | undefined
}

/** Where a user record lies in the stream. KPL: `UserRecordResult`. @public */
export interface UserRecordResult {
  readonly shardId: string
  /** Shared by all user records of one aggregate. */
  readonly sequenceNumber: string
  /** Index inside the aggregate; 0 for a record sent alone. */
  readonly subSequenceNumber: number
  /** The tries in order, 21 entries at most (see `Attempt.folded`); the last one succeeded. */
  readonly attempts: readonly Attempt[]
}
