/** Writes of ours that must get through: repeated while that can help. */
import { isServiceError, type Random } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { type Backoff, fullJitterMs } from '../backoff.ts'

const BACKOFF: Backoff = { firstMs: 200, capMs: 5000 }

export interface PersistOptions {
  /** Ends the waiting: `persist` then rejects with AbortedError. */
  readonly signal: AbortSignal
  readonly random: Random
  readonly onFailure: (error: unknown, failures: number) => void
}

/** Repeats `attempt` while it fails with a ServiceError. Any other error goes to the caller. */
export async function persist<R>(attempt: () => Promise<R>, options: PersistOptions): Promise<R> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt()
    } catch (cause) {
      if (!isServiceError(cause)) throw cause
      options.onFailure(cause, failures)
      await sleep(fullJitterMs(BACKOFF, failures, options.random), options.signal)
    }
  }
}
