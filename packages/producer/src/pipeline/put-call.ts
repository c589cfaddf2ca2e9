/** A call of `put()` that has to wait for room, or that its caller may give up. */
import { AbortedError } from '@millrace/core'
import type { UserRecordFailedError } from '../errors.ts'
import type { UserRecordResult } from '../user-record.ts'
import type { Gate, WaitingPut } from './backpressure.ts'
import type { OutcomeListener, Resolve } from './outstanding-record.ts'
import type { Line } from './waiting-line.ts'

export interface PutCallOptions {
  readonly signal: AbortSignal | undefined
  readonly resolve: Resolve
  /** Accepts the record. It may throw, if the record has changed while it waited. */
  readonly accept: (call: PutCall) => void
  /** The shut gate in the way of the record, if there is one now. */
  readonly gate: () => Gate | undefined
  /** Takes the call out of the line, if it is in it. */
  readonly cancel: (call: PutCall) => void
}

export class PutCall implements WaitingPut, OutcomeListener {
  readonly sequence: number
  readonly streamName: string
  readonly bytes: number
  line: Line | undefined
  /** Gone once the promise is settled, and the user's record with it. */
  #options: PutCallOptions | undefined
  #isAccepted = false

  constructor(sequence: number, streamName: string, bytes: number, options: PutCallOptions) {
    this.#options = options
    this.sequence = sequence
    this.streamName = streamName
    this.bytes = bytes
    this.line = undefined
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  gate(): Gate | undefined {
    return this.#options?.gate()
  }

  admit(): void {
    try {
      this.#options?.accept(this)
      this.#isAccepted = true
    } catch (error) {
      this.fail(error as Error)
    }
  }

  stored(result: UserRecordResult): void {
    this.#end()?.resolve(result)
  }

  /** False once its caller has given it up: the loss is told by `failed` then. */
  failed(error: UserRecordFailedError): boolean {
    return this.fail(error)
  }

  fail(error: Error): boolean {
    const options = this.#end()
    options?.resolve(Promise.reject(error))
    return options !== undefined
  }

  /** The call is over; undefined if it was before. */
  #end(): PutCallOptions | undefined {
    const options = this.#options
    this.#options = undefined
    options?.signal?.removeEventListener('abort', this.#onAbort)
    return options
  }

  readonly #onAbort = (): void => {
    // Once accepted, the record goes on without its caller.
    if (!this.#isAccepted) this.#options?.cancel(this)
    this.fail(new AbortedError('put()', this.#options?.signal?.reason))
  }
}
