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
  /** Between its last two changes, milliseconds; undefined until two were seen. */
  readonly rhythmMs: number | undefined
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
      const lately = sinceMs !== undefined && clocks.monotonicMs - sinceMs <= patienceMs(sighting)
      if (lately && !isDead) alive.push(row.workerId)
    }
    this.#seen = seen
    return alive.sort()
  }
}

/**
 * Live workers less those whose own measurements fail, which KCL gives no leases either. Should
 * that leave nobody, a doubtful worker is better than none.
 */
export function receivers(
  rows: readonly WorkerMetricsRow[],
  live: readonly string[],
): readonly string[] {
  const doubtful = new Set<string>()
  for (const { workerId, metrics } of rows) {
    if (metrics.standing === 'failing' || metrics.standing === 'invalid') doubtful.add(workerId)
  }
  const sound = live.filter((id) => !doubtful.has(id))
  return sound.length > 0 ? sound : live
}

function sight(
  row: WorkerMetricsRow,
  before: Sighting | undefined,
  { wallMs, monotonicMs }: { readonly wallMs: number; readonly monotonicMs: number },
): Sighting {
  const { lastUpdateSeconds } = row
  if (before === undefined) {
    const sinceMs = isFresh(row, wallMs) ? monotonicMs : undefined
    return { lastUpdateSeconds, sinceMs, rhythmMs: undefined, isDead: false }
  }
  // A clock may have been set back, so any change is a sign of life.
  if (before.lastUpdateSeconds === lastUpdateSeconds) return before
  const rhythmMs = before.sinceMs === undefined ? undefined : monotonicMs - before.sinceMs
  return { lastUpdateSeconds, sinceMs: monotonicMs, rhythmMs, isDead: false }
}

/** Our rows change every 10 s, Java's every 30 s; three signs left out are a sign, too. */
function patienceMs({ rhythmMs }: Sighting): number {
  return rhythmMs === undefined
    ? FRESH_FOR_MS
    : Math.min(FRESH_FOR_MS, SIGNS_MISSED * rhythmMs + SLACK_MS)
}

const SIGNS_MISSED = 3
/** A look at the table may come late, and a rhythm be measured short by as much. */
const SLACK_MS = 5000
