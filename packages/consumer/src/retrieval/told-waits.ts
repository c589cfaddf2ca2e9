/** A shard that waits for memory stands still without an error: that is said aloud. */
import { startTimer, stopTimer } from '@millrace/core/internal'
import type { PageHold, ShardReads } from './read-budget.ts'

/** Handlers that take longer are slow, or hang. */
const PATIENCE_MS = 10_000

/** As `reads`, with word of each wait that is long; told while it lasts. */
export function toldWaits(
  reads: Pick<ShardReads, 'reserve'>,
  onLongWait: (waitedMs: number) => void,
): Pick<ShardReads, 'reserve'> {
  return {
    reserve: async (signal): Promise<PageHold> => {
      const timer = startTimer(PATIENCE_MS, () => onLongWait(PATIENCE_MS))
      try {
        return await reads.reserve(signal)
      } finally {
        stopTimer(timer)
      }
    },
  }
}
