/** Every way of handling behind one interface. */
import type { ResolvedCheckpointPolicy } from '../options.ts'
import type { Acknowledgements, AcknowledgementsOptions } from '../pulling/acknowledgements.ts'
import type { RecordBatch, ShardContext } from '../record.ts'
import type { Handler, InitializeInput, ShardRecordProcessor } from '../record-processor.ts'

export type Settled = void | Promise<void>

/** Whatever a method throws or rejects with is a failure of the handler. */
export interface HandlerAdapter<T> {
  /** True: a call takes one record, so a failure is retried from that record on. */
  readonly isPerRecord: boolean
  readonly defaultCheckpoint: ResolvedCheckpointPolicy
  /** Set: a call that has settled is not done yet; it is once it was acknowledged. */
  readonly lateAcknowledgements: Omit<AcknowledgementsOptions, 'onDone'> | undefined
  /** Nobody will finish what was handed out: whoever works on it all the same must be told to stop. */
  readonly isAbandoned: boolean
  initialize(input: InitializeInput): Settled
  /**
   * Handles `batch.records[at]`, or the whole batch (then `at` is 0). Rejects with NotHandled when
   * that was taken back.
   *
   * @param acknowledgements there with `lateAcknowledgements` only
   */
  handle(batch: RecordBatch<T>, at: number, acknowledgements: Acknowledgements | undefined): Settled
  /** What nobody has begun to work on is not to be begun: the shard halts or pauses. */
  takeBack(): void
  leaseLost(): Settled
  shardEnded(shard: ShardContext): Settled
  shutdownRequested(shard: ShardContext): Settled
}

export const EVERY_SECOND: ResolvedCheckpointPolicy = {
  everyMs: 1000,
  everyRecords: Number.POSITIVE_INFINITY,
}

export function nothing(): void {}

export function adaptHandler<T>(
  handler: Handler<T>,
  shard: { readonly stream: string; readonly shardId: string },
): HandlerAdapter<T> {
  if ('processor' in handler) return new ProcessorAdapter(() => handler.processor(shard))
  const lifecycle = {
    defaultCheckpoint: EVERY_SECOND,
    lateAcknowledgements: undefined,
    isAbandoned: false,
    takeBack: nothing,
    initialize: nothing,
    leaseLost: nothing,
    shardEnded: nothing,
    shutdownRequested: nothing,
  }
  if ('eachBatch' in handler) {
    return { ...lifecycle, isPerRecord: false, handle: (batch) => handler.eachBatch(batch) }
  }
  return {
    ...lifecycle,
    isPerRecord: true,
    handle: (batch, at) => {
      const record = batch.records[at]
      return record === undefined ? undefined : handler.eachRecord(record, batch.shard)
    },
  }
}

/** The processor is made at its `initialize`: for shards that only wait there is none. */
class ProcessorAdapter<T> implements HandlerAdapter<T> {
  readonly isPerRecord = false
  readonly defaultCheckpoint = 'manual'
  readonly lateAcknowledgements = undefined
  readonly isAbandoned = false
  readonly takeBack = nothing
  readonly #create: () => ShardRecordProcessor<T>
  #processor: ShardRecordProcessor<T> | undefined

  constructor(create: () => ShardRecordProcessor<T>) {
    this.#create = create
  }

  initialize(input: InitializeInput): Settled {
    this.#processor ??= this.#create()
    return this.#processor.initialize?.(input)
  }

  handle(batch: RecordBatch<T>): Settled {
    return this.#processor?.processRecords(batch)
  }

  leaseLost(): Settled {
    return this.#processor?.leaseLost?.()
  }

  shardEnded(shard: ShardContext): Settled {
    return this.#processor?.shardEnded?.(shard)
  }

  shutdownRequested(shard: ShardContext): Settled {
    return this.#processor?.shutdownRequested?.(shard)
  }
}
