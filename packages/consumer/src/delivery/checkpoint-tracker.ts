/** What of a shard is delivered, done and stored, and which checkpoints are legal. No I/O. */
import {
  compareExtendedSequenceNumbers,
  compareSequenceNumbers,
  type ExtendedSequenceNumber,
} from '@millrace/core'
import { isSequenceNumber, SHARD_END } from '@millrace/core/internal'
import { InvalidCheckpointError } from '../errors.ts'
import type { CheckpointTarget } from '../record.ts'

export class CheckpointTracker {
  readonly #shardId: string
  #stored: ExtendedSequenceNumber
  // Two fields a position: keeping the record itself would keep its whole Kinesis record alive.
  #deliveredNumber: string
  #deliveredSub: number
  #doneNumber: string
  #doneSub: number
  #isEnding = false

  constructor(shardId: string, stored: ExtendedSequenceNumber) {
    this.#shardId = shardId
    this.#stored = stored
    this.#deliveredNumber = this.#doneNumber = stored.sequenceNumber
    this.#deliveredSub = this.#doneSub = stored.subSequenceNumber
  }

  get stored(): ExtendedSequenceNumber {
    return this.#stored
  }

  /** The last record that a handler call was given and has not failed on. */
  get delivered(): ExtendedSequenceNumber {
    return { sequenceNumber: this.#deliveredNumber, subSequenceNumber: this.#deliveredSub }
  }

  /** Everything up to here was handled, or passed over by a policy. */
  get done(): ExtendedSequenceNumber {
    return { sequenceNumber: this.#doneNumber, subSequenceNumber: this.#doneSub }
  }

  get isEnded(): boolean {
    return this.#stored.sequenceNumber === SHARD_END
  }

  /** Before the handler call, so that the handler may checkpoint what it was given. */
  markDelivered(at: ExtendedSequenceNumber): void {
    this.#deliveredNumber = at.sequenceNumber
    this.#deliveredSub = at.subSequenceNumber
  }

  markDone(at: ExtendedSequenceNumber): void {
    this.markDelivered(at)
    this.#doneNumber = at.sequenceNumber
    this.#doneSub = at.subSequenceNumber
  }

  /** A handler call failed: what it was given can no longer be checkpointed by default. */
  withdraw(): void {
    this.markDelivered(later(this.done, this.#stored))
  }

  markStored(at: ExtendedSequenceNumber): void {
    this.#stored = at
  }

  /** Everything is done: from now on a processor may name SHARD_END. */
  markEnding(): void {
    this.#isEnding = true
  }

  /** True when storing this position would say nothing new. SHARD_END is never left (R15). */
  isCovered(at: ExtendedSequenceNumber): boolean {
    return compareExtendedSequenceNumbers(at, this.#stored) <= 0
  }

  /**
   * The position that a caller means.
   *
   * @returns undefined for SHARD_END in a shard that ends: the library stores that itself
   * @throws InvalidCheckpointError
   */
  target(at: CheckpointTarget | undefined): ExtendedSequenceNumber | undefined {
    if (at === undefined) return this.delivered
    const named = typeof at === 'string' ? { sequenceNumber: at } : (at ?? {})
    const { sequenceNumber, subSequenceNumber = 0 } = named as Partial<ExtendedSequenceNumber>
    if (sequenceNumber === SHARD_END && (this.#isEnding || this.isEnded)) return undefined
    if (typeof sequenceNumber !== 'string' || !isSequenceNumber(sequenceNumber)) {
      if (sequenceNumber === this.#stored.sequenceNumber) return this.#stored
      throw this.#invalid(`${String(sequenceNumber)} is not the position of a record`)
    }
    if (!Number.isSafeInteger(subSequenceNumber) || subSequenceNumber < 0) {
      throw this.#invalid(
        `sub-sequence number ${String(subSequenceNumber)} is not a whole number of 0 or more`,
      )
    }
    const target = { sequenceNumber, subSequenceNumber }
    const delivered = this.delivered
    if (compareExtendedSequenceNumbers(target, delivered) > 0) {
      throw this.#invalid(`${show(target)} is behind ${show(delivered)}, the last record delivered`)
    }
    if (!this.isEnded && compareExtendedSequenceNumbers(target, this.#stored) < 0) {
      throw this.#invalid(
        `${show(target)} is before ${show(this.#stored)}, which is stored already`,
      )
    }
    return target
  }

  #invalid(message: string): InvalidCheckpointError {
    return new InvalidCheckpointError(this.#shardId, message)
  }
}

function later(a: ExtendedSequenceNumber, b: ExtendedSequenceNumber): ExtendedSequenceNumber {
  const order = compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber)
  return order > 0 || (order === 0 && a.subSequenceNumber >= b.subSequenceNumber) ? a : b
}

function show(at: ExtendedSequenceNumber): string {
  return `${at.sequenceNumber}/${at.subSequenceNumber}`
}
