/** Checkpoints of one tenure: one write at a time, none without belief. */
import type { ExtendedSequenceNumber } from '@millrace/core'
import { SHARD_END } from '@millrace/core/internal'
import { InvalidCheckpointError, LeaseLostError } from '../errors.ts'
import type { Checkpointer, CheckpointTarget, PreparedCheckpoint } from '../record.ts'
import { Serial } from '../tenure/serial.ts'
import type { Tenure } from '../tenure/tenure.ts'
import type { CheckpointTracker } from './checkpoint-tracker.ts'

export interface ShardCheckpointerOptions {
  readonly tenure: Tenure
  readonly tracker: CheckpointTracker
  /** Fires when this tenure must not act any more, before or with the tenure's own. */
  readonly signal: AbortSignal
}

/** The calls of a user: errors go to the caller, nothing is retried. */
export class ShardCheckpointer implements Checkpointer {
  readonly #options: ShardCheckpointerOptions
  readonly #writes = new Serial()

  constructor(options: ShardCheckpointerOptions) {
    this.#options = options
  }

  // The target is read off before anything is awaited: "delivered" moves on.
  async checkpoint(at?: CheckpointTarget): Promise<void> {
    const target = this.#target(at)
    if (target !== undefined) await this.#writes.run(() => this.#store(target))
  }

  async prepareCheckpoint(at?: CheckpointTarget, state?: Uint8Array): Promise<PreparedCheckpoint> {
    const { tenure, tracker } = this.#options
    const position = this.#target(at) ?? tracker.delivered
    if (state !== undefined && !(state instanceof Uint8Array)) {
      throw new InvalidCheckpointError(tenure.shardId, 'the state to prepare is no Uint8Array')
    }
    // The write may have to wait; the caller may use its buffer again.
    const kept = state && new Uint8Array(state)
    await this.#writes.run(async () => {
      // As in KCL, a position that is stored already needs no second phase.
      if (tracker.isCovered(position)) return
      this.#refuseUnlessHeld()
      await tenure.prepareCheckpoint(position, kept)
    })
    return { position, checkpoint: () => this.checkpoint(position) }
  }

  /** Stores all work done so far. Errors as of `checkpoint`. */
  async storeDone(): Promise<void> {
    const { done } = this.#options.tracker
    await this.#writes.run(() => this.#store(done))
  }

  /** Stores SHARD_END, after which nothing is ever stored again. Errors as of `checkpoint`. */
  async storeShardEnd(): Promise<void> {
    await this.#writes.run(() => this.#store({ sequenceNumber: SHARD_END, subSequenceNumber: 0 }))
  }

  #target(at: CheckpointTarget | undefined): ExtendedSequenceNumber | undefined {
    this.#refuseUnlessHeld()
    return this.#options.tracker.target(at)
  }

  async #store(position: ExtendedSequenceNumber): Promise<void> {
    const { tenure, tracker } = this.#options
    // A later one was faster; a position behind SHARD_END is never written (R15).
    if (tracker.isCovered(position)) return
    this.#refuseUnlessHeld()
    await tenure.checkpoint(position)
    tracker.markStored(position)
  }

  #refuseUnlessHeld(): void {
    const { tenure, signal } = this.#options
    if (signal.aborted || !tenure.believes()) {
      throw new LeaseLostError(tenure.leaseKey, 'this worker no longer holds it')
    }
  }
}
