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
}

export class LeaseObserver {
  readonly #failoverTimeMs: number
  #seen = new Map<string, Observation>()
  #firstMs: number | undefined

  constructor(failoverTimeMs: number) {
    this.#failoverTimeMs = failoverTimeMs
  }

  /**
   * A row that a slow scan shows may have been written as late as the answer, and its holder
   * believes from then on; that it stands still is known only for the time when a scan was sent.
   *
   * @returns keys of owned leases that have stood still for longer than F
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
        : { leaseCounter: lease.leaseCounter, owner, sinceMs: scan.answeredMs }
      seen.set(lease.leaseKey, observation)
      const stoodMs = scan.sentMs - observation.sinceMs
      if (owner !== undefined && stoodMs > this.#failoverTimeMs && !isShardEnded(lease)) {
        expired.add(lease.leaseKey)
      }
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
