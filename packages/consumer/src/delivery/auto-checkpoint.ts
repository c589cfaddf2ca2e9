/** Checkpoints that nobody asks for: after so many records or milliseconds of work done. */
import type { Random } from '@millrace/core'
import { monotonicMs, startTimer, stopTimer, type Timer } from '@millrace/core/internal'
import type { ResolvedCheckpointPolicy } from '../options.ts'
import { persist } from './persist.ts'

export type AutoCheckpointPolicy = Exclude<ResolvedCheckpointPolicy, 'manual'>

/** How long the next automatic checkpoint can wait, milliseconds; 0 when it is due. Pure. */
export function dueInMs(
  policy: AutoCheckpointPolicy,
  since: { readonly records: number; readonly elapsedMs: number },
): number {
  if (since.records >= policy.everyRecords) return 0
  return Math.max(0, policy.everyMs - since.elapsedMs)
}

export interface AutoCheckpointOptions {
  readonly policy: AutoCheckpointPolicy
  /** Stores all work done so far. */
  readonly store: () => Promise<void>
  /** Ends all attempts: the lease is lost. */
  readonly signal: AbortSignal
  readonly random: Random
  readonly onFailure: (error: unknown, failures: number) => void
}

/** Stores in the background, one write at a time, so that the handler need not wait for it. */
export class AutoCheckpoint {
  readonly #options: AutoCheckpointOptions
  #records = 0
  #hasNews = false
  #lastMs = monotonicMs()
  #timer: Timer | undefined
  #isStoring = false
  #isStopped = false

  constructor(options: AutoCheckpointOptions) {
    this.#options = options
    // A handler call that hangs outlives its tenure; no timer of ours does.
    if (options.signal.aborted) this.stop()
    else options.signal.addEventListener('abort', () => this.stop(), { once: true })
  }

  /** After the handler settled: so many more records are done (0 when records were passed over). */
  worked(records: number): void {
    this.#records += records
    this.#hasNews = true
    if (this.#timer === undefined || this.#records >= this.#options.policy.everyRecords) {
      this.#schedule()
    }
  }

  /** Stores now and waits for it, however often the table fails to answer. */
  async flush(): Promise<void> {
    const { store, signal, random, onFailure } = this.#options
    this.#cancelTimer()
    this.#hasNews = false
    this.#records = 0
    await persist(store, { signal, random, onFailure })
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelTimer()
  }

  #schedule(): void {
    if (this.#isStoring || this.#isStopped || !this.#hasNews) return
    this.#cancelTimer()
    const elapsedMs = monotonicMs() - this.#lastMs
    const waitMs = dueInMs(this.#options.policy, { records: this.#records, elapsedMs })
    if (waitMs === 0) this.#store()
    else if (Number.isFinite(waitMs)) {
      this.#timer = startTimer(Math.ceil(waitMs), () => {
        this.#timer = undefined
        this.#schedule()
      })
    }
  }

  #store(): void {
    this.#isStoring = true
    this.#lastMs = monotonicMs()
    this.flush()
      .catch((cause: unknown) => {
        this.stop()
        // A lease that is lost is everyday, and whoever works on it has a signal for that.
        if (!this.#options.signal.aborted) this.#options.onFailure(cause, 1)
      })
      .finally(() => {
        this.#isStoring = false
        this.#schedule()
      })
  }

  #cancelTimer(): void {
    stopTimer(this.#timer)
    this.#timer = undefined
  }
}
