/** What the data plane sees of a held lease: one unbroken time of holding it. */
import type { ExtendedSequenceNumber } from '@millrace/core'
import type { Lease } from '../lease/lease.ts'

export interface Tenure {
  readonly leaseKey: string
  readonly shardId: string
  /** Fencing token: `leaseCounter` right after the first renewal of this tenure. */
  readonly epoch: number
  /** The row as last written or read by this worker. */
  readonly lease: Lease
  /** Aborts within one event-loop turn after belief in the lease ends. */
  readonly signal: AbortSignal
  /** True while this worker may act as the holder. Asked before every handler call. */
  believes(): boolean
  /**
   * Stores the position. Resolves once the write is known to have been applied (a lost reply is
   * settled by a strong re-read).
   *
   * @throws LeaseLostError when another writer was faster or belief has ended
   * @throws ServiceError when the table does not answer; the lease is kept, the caller may retry
   */
  checkpoint(at: ExtendedSequenceNumber): Promise<void>
  /** Stores a two-phase checkpoint beside the current one. Throws as `checkpoint` does. */
  prepareCheckpoint(at: ExtendedSequenceNumber, state: Uint8Array | undefined): Promise<void>
  /** Stores where a tenure at LATEST begins to read. Throws as `checkpoint` does. */
  recordStartTimestamp(startTimestampMs: number): Promise<void>
}
