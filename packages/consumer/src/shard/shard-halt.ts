/** Why a shard consumer must stop, and waits that end as soon as it must. */
import { AbortedError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'

/** `lease-lost` outranks `stop`: it may follow it, never the other way round. */
export type HaltReason = 'stop' | 'lease-lost'

export class ShardHalt {
  readonly #any = new AbortController()
  readonly #lost = new AbortController()
  readonly #tenure: AbortSignal
  readonly #onTenureEnd = (): void => this.loseLease()
  #reason: HaltReason | undefined

  /** @param tenure fires when belief in the lease ends */
  constructor(tenure: AbortSignal) {
    this.#tenure = tenure
    if (tenure.aborted) this.loseLease()
    else tenure.addEventListener('abort', this.#onTenureEnd, { once: true })
  }

  get reason(): HaltReason | undefined {
    return this.#reason
  }

  /** Fires for either reason. */
  get signal(): AbortSignal {
    return this.#any.signal
  }

  /** Fires when the lease is lost, also while a stop is under way. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  requestStop(): void {
    this.#reason ??= 'stop'
    this.#any.abort(new AbortedError('Work on the shard'))
  }

  loseLease(): void {
    this.#reason = 'lease-lost'
    this.#lost.abort(new AbortedError('Work on the shard'))
    this.#any.abort(new AbortedError('Work on the shard'))
  }

  /** Waits so long, or until the halt; never rejects. */
  async wait(waitMs: number): Promise<void> {
    try {
      await sleep(waitMs, this.#any.signal)
    } catch {
      // Halted: the caller looks at `reason`.
    }
  }

  /** What `work` settles with, unless the halt comes first: then rejects with AbortedError. */
  orHalted<R>(work: Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      const { signal } = this
      const onAbort = (): void => reject(new AbortedError('Work on the shard'))
      if (signal.aborted) onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    })
  }

  /** Lets go of the tenure's signal. */
  release(): void {
    this.#tenure.removeEventListener('abort', this.#onTenureEnd)
  }
}
