/** The three ways to handle records. */
import type { ConsumerRecord, RecordBatch, ShardContext } from './record.ts'

/**
 * One per tenure of a shard; its methods are never called concurrently. The last call is one of
 * `leaseLost`, `shardEnded` and `shutdownRequested`, and none of them comes without `initialize`.
 * KCL (which calls `leaseLost` after `shutdownRequested`): `ShardRecordProcessor`. @public
 */
export interface ShardRecordProcessor<T = Uint8Array> {
  /** Before the first batch. `position` is the stored checkpoint, number or sentinel. */
  initialize?(input: {
    readonly shard: ShardContext
    readonly position: string
    readonly pendingState: Uint8Array | undefined
  }): void | Promise<void>
  processRecords(batch: RecordBatch<T>): void | Promise<void>
  /** The shard has moved; it can no longer be checkpointed. */
  leaseLost?(): void | Promise<void>
  /** Every record of a closed shard was processed. SHARD_END is stored when this settles. */
  shardEnded?(shard: ShardContext): void | Promise<void>
  /**
   * The worker stops gracefully, or gives the shard away; the lease is still held. With automatic
   * checkpoints the last record processed is stored afterwards.
   */
  shutdownRequested?(shard: ShardContext): void | Promise<void>
}

/** @public */
export type Handler<T = Uint8Array> =
  | {
      readonly eachRecord: (record: ConsumerRecord<T>, shard: ShardContext) => void | Promise<void>
    }
  | { readonly eachBatch: (batch: RecordBatch<T>) => void | Promise<void> }
  | {
      readonly processor: (shard: {
        readonly stream: string
        readonly shardId: string
      }) => ShardRecordProcessor<T>
    }

/** What `onHandlerError` is told. @public */
export interface HandlerFailure<T = Uint8Array> {
  readonly stream: string
  readonly shardId: string
  readonly error: unknown
  /** How often this call failed in a row, from 1. */
  readonly attempts: number
  /** The records of the failed call, not enumerable, so that no log prints them by accident. */
  readonly records: readonly ConsumerRecord<T>[]
}
export type HandlerVerdict = 'retry' | 'skip' | 'stop'
/** @public */
export type OnHandlerError<T = Uint8Array> =
  | HandlerVerdict
  | ((failure: HandlerFailure<T>) => HandlerVerdict | Promise<HandlerVerdict>)

/** @public */
export interface MalformedRecord {
  readonly stream: string
  readonly shardId: string
  readonly sequenceNumber: string
  readonly reason: string
  /** The bytes as the stream stored them, not enumerable. */
  readonly data: Uint8Array
}
export type MalformedVerdict = 'raw' | 'skip' | 'stop'
/** @public */
export type OnMalformed =
  | MalformedVerdict
  | ((record: MalformedRecord) => MalformedVerdict | Promise<MalformedVerdict>)

/** What to do with aggregates that hold user records of another shard. @public */
export type OnMisplacedAggregate = 'deliver' | 'filter' | 'drop'
