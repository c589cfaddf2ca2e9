/**
 * Which workers are alive: those whose metrics row has changed lately, less the owners of expired
 * leases. Two wall clocks are compared for the rows of the first look only; after that the
 * local monotonic clock times its changes, as it does for leases. Pure but for its memory.
 */
import { FRESH_FOR_MS, isFresh, type WorkerMetricsRow } from '../lease/worker-metrics-row.ts'

interface Sighting {
  readonly lastUpdateSeconds: number
  /** When this version of the row was first seen; undefined for one that was stale at first sight. */
  readonly sinceMs: number | undefined
  /** When this version of the row was first seen, however old it was by then. */
  readonly stoodSinceMs: number
  /** Between its last two changes, milliseconds; undefined until two were seen. */
  readonly rhythmMs: number | undefined
  /** Between the last two updates by the clock of their writer, seconds; undefined until two were seen. */
  readonly gapSeconds: number | undefined
  /** Found dead: silent until its row changes. */
  readonly isDead: boolean
  /** It was seen to change. */
  readonly hasChanged: boolean
  /** By then ours would have written it again. */
  readonly promisesUntilMs: number
  /** It stood there when this observer looked for the first time: its writer may be long dead. */
  readonly isOlder: boolean
}

export class LiveWorkers {
  #seen = new Map<string, Sighting>()
  #hasLooked = false
  #proven: ReadonlySet<string> = new Set()
  #promising: ReadonlySet<string> = new Set()
  #silent: ReadonlySet<string> = new Set()

  /**
   * Those alive that were seen to write, as of the last look. A row is fresh for a minute whether or
   * not its writer lives; what has run out at one dead worker must not run out at the next.
   */
  get proven(): ReadonlySet<string> {
    return this.#proven
  }

  /**
   * The proven, and whoever wrote so lately that it need not have written again: workers that start
   * together know of each other no more than this. Preferred, nothing else hangs on it.
   */
  get promising(): ReadonlySet<string> {
    return this.#promising
  }

  /** Those whose row has stood still here for a minute: gone, whatever any wall clock says. */
  get silent(): ReadonlySet<string> {
    return this.#silent
  }

  /** Whether this worker, as of the last look, writes its row at the pace of ours, and not of Java's. */
  isPrompt(workerId: string): boolean {
    const gap = this.#seen.get(workerId)?.gapSeconds
    return gap !== undefined && gap > 0 && gap < PROMPT_BELOW_SECONDS
  }

  /** @returns ids, sorted */
  observe(
    rows: readonly WorkerMetricsRow[],
    ownersOfExpired: ReadonlySet<string>,
    clocks: { readonly wallMs: number; readonly monotonicMs: number },
  ): readonly string[] {
    const seen = new Map<string, Sighting>()
    const alive: string[] = []
    const proven = new Set<string>()
    const promising = new Set<string>()
    const silent = new Set<string>()
    for (const row of rows) {
      const sighting = sight(row, this.#seen.get(row.workerId), clocks, !this.#hasLooked)
      const isDead = sighting.isDead || ownersOfExpired.has(row.workerId)
      seen.set(row.workerId, { ...sighting, isDead })
      const { sinceMs, stoodSinceMs } = sighting
      if (clocks.monotonicMs - stoodSinceMs > FRESH_FOR_MS) silent.add(row.workerId)
      const lately = sinceMs !== undefined && clocks.monotonicMs - sinceMs <= patienceMs(sighting)
      if (!lately || isDead) continue
      alive.push(row.workerId)
      const isNew = !sighting.isOlder && clocks.monotonicMs - sinceMs <= NEW_FOR_MS
      const isProven = sighting.hasChanged || isNew
      if (isProven) proven.add(row.workerId)
      if (isProven || clocks.monotonicMs <= sighting.promisesUntilMs) promising.add(row.workerId)
    }
    this.#seen = seen
    this.#proven = proven
    this.#promising = promising
    this.#silent = silent
    this.#hasLooked = true
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
  isOlder: boolean,
): Sighting {
  const { lastUpdateSeconds } = row
  if (before === undefined) {
    // A row that was not there at the last look was written since, whatever time it names.
    const sinceMs = !isOlder || isFresh(row, wallMs) ? monotonicMs : undefined
    const stoodSinceMs = monotonicMs
    const ageMs = isOlder ? Math.abs(Math.floor(wallMs / 1000) - lastUpdateSeconds) * 1000 : 0
    const promisesUntilMs = monotonicMs + PROMISING_FOR_MS - ageMs
    const news = {
      gapSeconds: undefined,
      isDead: false,
      hasChanged: false,
      isOlder,
      promisesUntilMs,
    }
    return { lastUpdateSeconds, sinceMs, stoodSinceMs, rhythmMs: undefined, ...news }
  }
  // A clock may have been set back, so any change is a sign of life.
  if (before.lastUpdateSeconds === lastUpdateSeconds) return before
  const rhythmMs = before.sinceMs === undefined ? undefined : monotonicMs - before.sinceMs
  const gapSeconds = lastUpdateSeconds - before.lastUpdateSeconds
  const change = { ...before, isDead: false, hasChanged: true }
  const nowMs = monotonicMs
  return { ...change, lastUpdateSeconds, sinceMs: nowMs, stoodSinceMs: nowMs, rhythmMs, gapSeconds }
}

/** Our rows change every 10 s, Java's every 30 s; three signs left out are a sign, too. */
function patienceMs({ rhythmMs }: Sighting): number {
  return rhythmMs === undefined
    ? FRESH_FOR_MS
    : Math.min(FRESH_FOR_MS, SIGNS_MISSED * Math.max(rhythmMs, QUICKEST_MS) + SLACK_MS)
}

/** Ours write every 10 s, Java's every 30 s; one of ours may be missed between two looks. */
const PROMPT_BELOW_SECONDS = 25
const SIGNS_MISSED = 3
/** A worker that starts writes sooner again than it will go on to. */
const QUICKEST_MS = 5000
/** By then any worker that lives has written its row anew: Java's does so every 30 s. */
const NEW_FOR_MS = 35_000
/** Ours write every 10 s; more, for what two wall clocks differ and a look takes. */
const PROMISING_FOR_MS = 15_000
/** A look at the table may come late, and a rhythm be measured short by as much. */
const SLACK_MS = 5000
