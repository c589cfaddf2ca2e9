// Cost per call: one promise, one async scope, two events. No named closure: tsx names each anew.
import { isServiceError } from '@millrace/core'
import type { VirtualEvent } from '../time/virtual-event.ts'
import type { VirtualProcess } from '../time/virtual-process.ts'
import { newContext, type VirtualScheduler } from '../time/virtual-scheduler.ts'
import { abortedError, timeoutError } from './fault-errors.ts'
import type { Recorder } from './recorder.ts'

/** What the service did with a call. */
export type Answer<T> = { readonly value: T } | { readonly error: unknown }

export interface PendingCallOptions {
  readonly id: string
  readonly method: string
  readonly process: VirtualProcess
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** How long an answer is on its way. */
  readonly replyMs: number
}

/** Shared: a closure a call would be named a call. */
const NOBODY = (): void => {}

/** A call from its sending until its caller has an answer: the service's, a deadline, an abort. */
export class PendingCall<T> {
  readonly promise: Promise<T>
  readonly #options: PendingCallOptions
  readonly #scheduler: VirtualScheduler
  readonly #recorder: Recorder
  readonly #context = newContext()
  #resolve: (value: T) => void = NOBODY
  #reject: (cause: unknown) => void = NOBODY
  #deadline: VirtualEvent | undefined
  #arrival: VirtualEvent | undefined
  #isSettled = false

  constructor(options: PendingCallOptions, scheduler: VirtualScheduler, recorder: Recorder) {
    this.#options = options
    this.#scheduler = scheduler
    this.#recorder = recorder
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** False when the caller has given up already: nothing is sent. */
  start(): boolean {
    const { process, method, timeoutMs, signal } = this.#options
    if (signal?.aborted) {
      this.handleEvent()
      return false
    }
    signal?.addEventListener('abort', this, { once: true })
    this.#deadline = this.#scheduler.scheduleFor(process, this.#context, 'timer', timeoutMs, () =>
      this.#settle({ error: timeoutError(method, timeoutMs) }),
    )
    return true
  }

  /** The answer sets out. */
  reply(answer: Answer<T>): void {
    if (this.#isSettled) return
    const { process, replyMs } = this.#options
    this.#arrival = this.#scheduler.scheduleFor(process, this.#context, 'arrival', replyMs, () =>
      this.#settle(answer),
    )
  }

  /** The signal fires. */
  handleEvent(): void {
    const { method, signal } = this.#options
    this.#settle({ error: abortedError(method, signal?.reason) })
  }

  #settle(answer: Answer<T>): void {
    if (this.#isSettled) return
    this.#isSettled = true
    if (this.#deadline !== undefined) this.#scheduler.cancel(this.#deadline)
    if (this.#arrival !== undefined) this.#scheduler.cancel(this.#arrival)
    const { process, id, signal } = this.#options
    signal?.removeEventListener('abort', this)
    if ('value' in answer) {
      this.#recorder.line(process.name, 'reply', `${id} ok`, answer.value)
      this.#resolve(answer.value)
    } else {
      this.#recorder.line(process.name, 'reply', `${id} ${errorName(answer.error)}`)
      this.#reject(answer.error)
    }
  }
}

function errorName(error: unknown): string {
  return isServiceError(error) ? error.awsName : String(error)
}
