/** The three ways to handle records. */
import type { ExtendedSequenceNumber } from '@millrace/core'
import type { ConsumerRecord, RecordBatch, ShardContext } from './record.ts'

/** @public */
export interface InitializeInput {
  readonly shard: ShardContext
  /** The stored checkpoint, number or sentinel: records up to here are not delivered again. */
  readonly position: string
  /** Of the stored checkpoint, inside an aggregate; 0 otherwise. */
  readonly subSequenceNumber: number
  /** What a former owner prepared and did not get to commit. KCL: `pendingCheckpointSequenceNumber`. */
  readonly pendingPosition: ExtendedSequenceNumber | undefined
  /** What it gave `prepareCheckpoint` with that. KCL: `pendingCheckpointState`. */
  readonly pendingState: Uint8Array | undefined
}

/**
 * One per tenure of a shard; its methods are never called concurrently. The last call is one of
 * `leaseLost`, `shardEnded` and `shutdownRequested`, and none of them comes without `initialize`.
 * KCL (which calls `leaseLost` after `shutdownRequested`): `ShardRecordProcessor`. @public
 */
export interface ShardRecordProcessor<T = Uint8Array> {
  /** Before the first batch. KCL: `InitializationInput`. */
  initialize?(input: InitializeInput): void | Promise<void>
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
  /** What the last attempt threw. */
  readonly error: unknown
  /** What the first attempt threw; the same as `error` while there was but one. */
  readonly firstError: unknown
  /** How often this call failed in a row, from 1. */
  readonly attempts: number
  /**
   * The records of the failed call: one for `eachRecord`, the batch for `eachBatch` and a processor.
   * Not enumerable, so that no log prints them by accident.
   */
  readonly records: readonly ConsumerRecord<T>[]
  /**
   * Of a value that `codec` refuses, or a malformed record on which `onMalformed` failed: the record
   * with its bytes as they were put, not enumerable. `records` is empty then. Undefined for every
   * other failure.
   */
  readonly rawRecord: ConsumerRecord | undefined
}
export type HandlerVerdict = 'retry' | 'skip' | 'stop'
/**
 * What a policy's function answers. TypeScript takes `async () => 'skip'` for a promise of any text,
 * hence the last; a text that is no verdict is looked upon as a failure of the function. @public
 */
export type Verdict<V extends string> = V | Promise<V> | Promise<string>
/**
 * What becomes of a handler call that threw or rejected. `retry`: back off (full jitter, 200 ms
 * doubling to 30 s) and call again, without end. `skip`: go on behind its records, which count as
 * done (metric `SkippedRecords`). `stop`: checkpoint what was done, give the leases away; `run()`
 * rejects with HandlerFailedError. A function decides each time, and may be asynchronous: store a
 * dead letter, then answer `skip`. One that throws, or answers nothing known, means `retry` and is
 * logged as an error. Other shards go on meanwhile. KCL skips. @public
 */
export type OnHandlerError<T = Uint8Array> =
  | HandlerVerdict
  | ((failure: HandlerFailure<T>) => Verdict<HandlerVerdict>)

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
  | ((record: MalformedRecord) => Verdict<MalformedVerdict>)

/**
 * What to do with aggregates that hold user records of another shard. On a stream with AUTO record
 * distribution there are none: everything is delivered, whatever is chosen here. @public
 */
export type OnMisplacedAggregate = 'deliver' | 'filter' | 'drop'
