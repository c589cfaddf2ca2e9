/**
 * Tells expired leases by watching their counters on the local monotonic clock. Wall clocks never
 * decide, and what is seen for the first time counts as fresh. Pure but for its memory.
 */
import { actualOwner, isShardEnded, type Lease } from '../lease/lease.ts'

/** One look at the table, on the local monotonic clock. */
export interface ScanTimes {
  readonly sentMs: number
  readonly answeredMs: number
}

interface Observation {
  readonly leaseCounter: number
  readonly owner: string | undefined
  readonly sinceMs: number
  /** Its owner was seen to change, and has not written since. */
  readonly isGiven: boolean
}

/**
 * Workers of KCL look for leases every F, write nothing then, and renew for the first time up to F/3
 * later: what was given to one of them is delivered there before its counter has ever risen.
 */
const SLOW_START = 1.5

export class LeaseObserver {
  readonly #failoverTimeMs: number
  readonly #isPrompt: (owner: string) => boolean
  #seen = new Map<string, Observation>()
  #firstMs: number | undefined

  /** @param isPrompt whether an owner is known to renew as soon as it has found a lease, as ours do */
  constructor(failoverTimeMs: number, isPrompt: (owner: string) => boolean = () => true) {
    this.#failoverTimeMs = failoverTimeMs
    this.#isPrompt = isPrompt
  }

  /**
   * A row that a slow scan shows may have been written as late as the answer, and its holder
   * believes from then on; that it stands still is known only for the time when a scan was sent.
   *
   * @returns keys of owned leases that have stood still for longer than F, or 1.5 F where an owner that
   *   is slow to begin may not have written yet
   */
  observe(leases: readonly Lease[], scan: ScanTimes): ReadonlySet<string> {
    this.#firstMs ??= scan.answeredMs
    const seen = new Map<string, Observation>()
    const expired = new Set<string>()
    for (const lease of leases) {
      const before = this.#seen.get(lease.leaseKey)
      const owner = actualOwner(lease)
      // A stale read may show an older counter; only a rise is a sign of life.
      const still =
        before !== undefined && lease.leaseCounter <= before.leaseCounter && owner === before.owner
      const observation = still
        ? before
        : {
            ...{ leaseCounter: lease.leaseCounter, owner, sinceMs: scan.answeredMs },
            isGiven: before !== undefined && isGiven(before, lease),
          }
      seen.set(lease.leaseKey, observation)
      if (owner === undefined || isShardEnded(lease)) continue
      const isSlow = observation.isGiven && !this.#isPrompt(owner)
      const patienceMs = isSlow ? SLOW_START * this.#failoverTimeMs : this.#failoverTimeMs
      if (scan.sentMs - observation.sinceMs > patienceMs) expired.add(lease.leaseKey)
    }
    this.#seen = seen
    return expired
  }

  /**
   * Since when the counter has stood still, on the local monotonic clock; undefined for a lease
   * that was not there at the last look.
   */
  stillSinceMs(leaseKey: string): number | undefined {
    return this.#seen.get(leaseKey)?.sinceMs
  }

  /** For how long this observer has watched, milliseconds. */
  watchedMs(nowMs: number): number {
    return this.#firstMs === undefined ? 0 : nowMs - this.#firstMs
  }
}

/** A gift raises the counter by one; what rises a free row by more is its new owner's first renewal. */
function isGiven(before: Observation, lease: Lease): boolean {
  if (actualOwner(lease) === before.owner) return false
  return before.owner !== undefined || lease.leaseCounter - before.leaseCounter < 2
}
