/** The failures in a row of one handler call, as `onHandlerError` is told of them. */
import type { ConsumerRecord } from '../record.ts'

export interface FailedCall<T> {
  readonly error: unknown
  /** What the first of these attempts failed with. */
  readonly firstError: unknown
  /** How often this call failed in a row, from 1. */
  readonly attempts: number
  readonly records: readonly ConsumerRecord<T>[]
  /** The record that could not be decoded; then `records` is empty. */
  readonly rawRecord?: ConsumerRecord | undefined
}

export class CallFailures {
  #attempts = 0
  #firstError: unknown

  failed<T>(
    error: unknown,
    records: readonly ConsumerRecord<T>[],
    rawRecord?: ConsumerRecord,
  ): FailedCall<T> {
    if (this.#attempts === 0) this.#firstError = error
    this.#attempts++
    return { error, firstError: this.#firstError, attempts: this.#attempts, records, rawRecord }
  }
}
