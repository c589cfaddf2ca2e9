/** A call of `put()` that has to wait for room, or that its caller may give up. */
import { AbortedError } from '@millrace/core'
import type { UserRecordFailedError } from '../errors.ts'
import type { UserRecordResult } from '../user-record.ts'
import type { WaitingPut } from './backpressure.ts'
import type { OutstandingRecord } from './outstanding-record.ts'

export interface PutCallOptions {
  readonly sequence: number
  readonly bytes: number
  readonly signal: AbortSignal | undefined
  readonly resolve: (result: UserRecordResult) => void
  readonly reject: (error: Error) => void
  /** Accepts the record. It may throw, if the record has changed while it waited. */
  readonly accept: (call: PutCall) => OutstandingRecord
  /** Takes the call out of the line. */
  readonly cancel: (call: PutCall) => void
}

export class PutCall implements WaitingPut {
  readonly sequence: number
  readonly bytes: number
  cancelled = false
  readonly #options: PutCallOptions
  #record: OutstandingRecord | undefined

  constructor(options: PutCallOptions) {
    this.#options = options
    this.sequence = options.sequence
    this.bytes = options.bytes
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  admit(): void {
    try {
      this.#record = this.#options.accept(this)
    } catch (error) {
      this.fail(error as Error)
    }
  }

  readonly onStored = (result: UserRecordResult): void => {
    this.#detach()
    this.#options.resolve(result)
  }

  readonly onFailed = (error: UserRecordFailedError): void => {
    this.fail(error)
  }

  fail(error: Error): void {
    this.#detach()
    this.#options.reject(error)
  }

  #forget(record: OutstandingRecord): void {
    record.onStored = undefined
    record.onFailed = undefined
  }

  #detach(): void {
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = (): void => {
    // Once accepted, the record goes on without its caller; a loss is told by `failed` then.
    if (this.#record === undefined) this.#options.cancel(this)
    else this.#forget(this.#record)
    this.fail(new AbortedError('put()', this.#options.signal?.reason))
  }
}
