/** Calls of `flush()` that wait until every put before them has settled. */
import { AbortedError } from '@millrace/core'
import { Fifo } from './fifo.ts'

interface Barrier {
  /** True once nothing of what came before is left. */
  readonly isClear: () => boolean
  readonly pass: () => void
  cancelled: boolean
}

export class FlushBarriers {
  #barriers = new Fifo<Barrier>()

  get waiting(): number {
    return this.#barriers.length
  }

  /** Resolves once `isClear` says so at a `check`. */
  wait(isClear: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new AbortedError('flush()', signal.reason))
        return
      }
      if (isClear()) {
        resolve(inStep())
        return
      }
      const onAbort = (): void => {
        barrier.cancelled = true
        reject(new AbortedError('flush()', signal?.reason))
        this.check()
      }
      const pass = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve(inStep())
      }
      const barrier: Barrier = { isClear, pass, cancelled: false }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#barriers.push(barrier)
    })
  }

  /** To be called after records have settled. */
  check(): void {
    if (this.#barriers.length === 0) return
    for (const barrier of this.#barriers.takeAll()) {
      if (barrier.cancelled) continue
      if (barrier.isClear()) barrier.pass()
      else this.#barriers.push(barrier)
    }
  }
}

/**
 * A failed put is resolved with a rejected promise, which takes longer than a value
 * (promise-resolve.ts). As long takes this: who awaits flush() finds its handlers run.
 */
function inStep(): Promise<void> {
  return Promise.resolve()
}
