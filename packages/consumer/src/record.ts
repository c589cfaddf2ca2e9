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

/** A delivered record, or the position of one. @public */
export type CheckpointTarget =
  | ConsumerRecord<unknown>
  | { readonly sequenceNumber: string; readonly subSequenceNumber?: number | undefined }

/** Stores how far the application has got in one shard. KCL: `RecordProcessorCheckpointer`. @public */
export interface Checkpointer {
  /**
   * Stores that everything up to `at` (default: the last record delivered) is done.
   *
   * @throws InvalidCheckpointError for a position behind the stored one or not yet delivered
   * @throws LeaseLostError when the shard has moved to another worker
   * @throws ServiceError when the lease table does not answer; nothing changed, call again
   */
  checkpoint(at?: CheckpointTarget): Promise<void>
  /** First half of a two-phase checkpoint. KCL: `prepareCheckpoint`. Throws as `checkpoint`. */
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
