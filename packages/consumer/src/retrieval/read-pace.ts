/** How soon a shard is read again. Pure. */
import { LIMITS } from '@millrace/core/internal'
import type { Backoff } from '../backoff.ts'

/** Five reads a second are all that a shard grants to all its readers together. */
export const MIN_READ_INTERVAL_MS: number = 1000 / LIMITS.shardReadCallsPerSecond

/** After failed reads (R55). With a read that got no answer the pause stays within L9. */
export const READ_BACKOFF: Backoff = { firstMs: 500, capMs: 4000 }

/** From this share of the most that a page may hold, more is taken to follow. */
const NEARLY_FULL = 0.9

export interface PageSize {
  readonly records: number
  readonly bytes: number
  readonly millisBehindLatest: number | undefined
}

/** Pause between the starts of two reads, milliseconds. KCL always waits the idle time. */
export function readIntervalMs(
  page: PageSize,
  settings: { readonly idleTimeBetweenReadsMs: number; readonly maxRecords: number },
): number {
  return isBehind(page, settings.maxRecords)
    ? MIN_READ_INTERVAL_MS
    : Math.max(MIN_READ_INTERVAL_MS, settings.idleTimeBetweenReadsMs)
}

/** Some emulators always say 0 milliseconds behind, so a page that is nearly full counts too. */
function isBehind(page: PageSize, maxRecords: number): boolean {
  return (
    (page.millisBehindLatest ?? 0) > 0 ||
    page.records >= NEARLY_FULL * maxRecords ||
    page.bytes >= NEARLY_FULL * LIMITS.getRecordsMaxBytes
  )
}
