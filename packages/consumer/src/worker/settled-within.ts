/** Waits for all of these to settle, but no longer than that. */
import { startTimer, stopTimer } from '@millrace/core/internal'

/** @returns true when all settled in time */
export async function settledWithin(
  tasks: readonly Promise<unknown>[],
  timeoutMs: number,
): Promise<boolean> {
  let inTime = true
  await new Promise<void>((resolve) => {
    const timer = startTimer(timeoutMs, () => {
      inTime = false
      resolve()
    })
    void Promise.allSettled(tasks).then(() => {
      stopTimer(timer)
      resolve()
    })
  })
  return inTime
}
