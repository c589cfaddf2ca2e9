/** How batches get to the handler: one call after the other, or several calls at once. */
import type { ExtendedSequenceNumber } from '@millrace/core'
import type { RecordBatch } from '../record.ts'

export interface RecordDelivery<T> {
  /** When the oldest handler call began that is under way; monotonic milliseconds. */
  readonly callingSinceMs: number | undefined
  /**
   * Hands the batch to the handler. When it resolves, all of it is done or skipped by policy, or on
   * its way there: see `settle`.
   *
   * @param through what is done when the whole batch is: records may have been passed over
   * @param bytes of the batch, as it was put
   * @returns records handed on; fewer than there are when the shard was halted
   * @throws HandlerFailedError when the policy says stop
   */
  deliver(batch: RecordBatch<T>, through: ExtendedSequenceNumber, bytes: number): Promise<number>
  /**
   * Waits for what is on its way.
   *
   * @returns true when all of it is done; false when the shard was halted before: no call runs then
   * @throws HandlerFailedError when the policy says stop
   */
  settle(): Promise<boolean>
  /** Calls back once what was delivered so far is on its way no more: at once if so. */
  onceHandled(callback: () => void): void
  /** True while a handler may be called at this very instant (S8). */
  mayCall(): boolean
  /** Gives timers and I/O their turn. */
  turn(): Promise<void>
}
