/** What handlers receive. */
import type { ExtendedSequenceNumber, Logger } from '@millrace/core'

/** One user record. KCL: `KinesisClientRecord`. @public */
export interface ConsumerRecord<T = Uint8Array> {
  /** What `codec` made of the bytes. Bytes are a view on the page they came in, unless `copy` is set. */
  readonly data: T
  /** Absent on streams with AUTO record distribution whose writer gave none. */
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  readonly sequenceNumber: string
  /** Index inside the aggregate, 0 for a plain record. */
  readonly subSequenceNumber: number
  readonly approximateArrivalTimestamp: Date
  /** True when it was taken out of a KPL aggregate. */
  readonly aggregated: boolean
}

/**
 * A delivered record, or the position of one. A sequence number alone means the first user record
 * of an aggregate, as in KCL: after a restart the others are delivered again. A record has its
 * place inside the aggregate with it (in KCL it has not). @public
 */
export type CheckpointTarget =
  | string
  | ConsumerRecord<unknown>
  | { readonly sequenceNumber: string; readonly subSequenceNumber?: number | undefined }

/** Stores how far the application has got in one shard. KCL: `RecordProcessorCheckpointer`. @public */
export interface Checkpointer {
  /**
   * Stores that everything up to `at` is done; by default the last record that was delivered, inside
   * `processRecords` and `eachBatch` the last of the batch. A position that is stored already is not
   * written again. At the end of a shard SHARD_END may be named, too; the library stores it in any
   * case, and from then on this does nothing.
   *
   * @throws InvalidCheckpointError for a position before the stored one or not yet delivered, and for
   *   one that is no position of a record (KCL: `IllegalArgumentException`)
   * @throws LeaseLostError when the shard has moved to another worker (KCL: `ShutdownException`)
   * @throws ServiceError when the lease table does not answer; nothing changed, call again (KCL:
   *   `ThrottlingException`, `KinesisClientLibDependencyException`, `InvalidStateException`)
   */
  checkpoint(at?: CheckpointTarget): Promise<void>
  /**
   * First half of a two-phase checkpoint: stores `at` (as for `checkpoint`) and `state` beside the
   * checkpoint, for the `initialize` of the next owner, should this one not get to the second half.
   * Reading always goes on from the checkpoint. Any later checkpoint clears both, automatic ones, too:
   * use it with `checkpoint: 'manual'`. A position that is stored already is not prepared.
   *
   * @param state with the rest of the row at most 400 KB, the limit of DynamoDB
   * @throws as `checkpoint`, which the second half does, too. KCL: `prepareCheckpoint`
   */
  prepareCheckpoint(at?: CheckpointTarget, state?: Uint8Array): Promise<PreparedCheckpoint>
}

/** @public */
export interface PreparedCheckpoint {
  readonly position: ExtendedSequenceNumber
  checkpoint(): Promise<void>
}

/** What a handler knows of the shard it serves. @public */
export interface ShardContext extends Checkpointer {
  readonly stream: string
  readonly shardId: string
  /** Fencing token: rises each time the shard changes hands. */
  readonly epoch: number
  readonly logger: Logger
  /** Aborts when the lease is lost or the consumer is destroyed: stop working on this shard. */
  readonly signal: AbortSignal
}

/** KCL: `ProcessRecordsInput`. @public */
export interface RecordBatch<T = Uint8Array> {
  readonly records: readonly ConsumerRecord<T>[]
  /** How far the last record is behind the tip of the shard; undefined when the service did not say. */
  readonly millisBehindLatest: number | undefined
  /**
   * True for the last batch of a closed shard. Not every end is known that early: it may turn out
   * only after the last batch, as in KCL, where the last page can be empty.
   */
  readonly atShardEnd: boolean
  readonly shard: ShardContext
}
