/**
 * Which workers are alive: those whose metrics row has changed lately, less the owners of expired
 * leases. Two wall clocks are compared for a row seen for the first time only; after that the
 * local monotonic clock times its changes, as it does for leases. Pure but for its memory.
 */
import { FRESH_FOR_MS, isFresh, type WorkerMetricsRow } from '../lease/worker-metrics-row.ts'

interface Sighting {
  readonly lastUpdateSeconds: number
  /** When this version of the row was first seen; undefined for one that was stale at first sight. */
  readonly sinceMs: number | undefined
  /** Found dead: silent until its row changes. */
  readonly isDead: boolean
}

export class LiveWorkers {
  #seen = new Map<string, Sighting>()

  /** @returns ids, sorted */
  observe(
    rows: readonly WorkerMetricsRow[],
    ownersOfExpired: ReadonlySet<string>,
    clocks: { readonly wallMs: number; readonly monotonicMs: number },
  ): readonly string[] {
    const seen = new Map<string, Sighting>()
    const alive: string[] = []
    for (const row of rows) {
      const sighting = sight(row, this.#seen.get(row.workerId), clocks)
      const isDead = sighting.isDead || ownersOfExpired.has(row.workerId)
      seen.set(row.workerId, { ...sighting, isDead })
      const { sinceMs } = sighting
      const lately = sinceMs !== undefined && clocks.monotonicMs - sinceMs <= FRESH_FOR_MS
      if (lately && !isDead) alive.push(row.workerId)
    }
    this.#seen = seen
    return alive.sort()
  }
}

function sight(
  row: WorkerMetricsRow,
  before: Sighting | undefined,
  { wallMs, monotonicMs }: { readonly wallMs: number; readonly monotonicMs: number },
): Sighting {
  const { lastUpdateSeconds } = row
  if (before === undefined) {
    const sinceMs = isFresh(row, wallMs) ? monotonicMs : undefined
    return { lastUpdateSeconds, sinceMs, isDead: false }
  }
  // A clock may have been set back, so any change is a sign of life.
  if (before.lastUpdateSeconds === lastUpdateSeconds) return before
  return { lastUpdateSeconds, sinceMs: monotonicMs, isDead: false }
}
