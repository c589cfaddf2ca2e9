/**
 * Tells expired leases by watching their counters on the local monotonic clock. Wall clocks never
 * decide, and what is seen for the first time counts as fresh. Pure but for its memory.
 */
import { actualOwner, isShardEnded, type Lease } from '../lease/lease.ts'

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
   * @param scanSentMs when the scan was sent: a counter may have changed right after it was read
   * @returns keys of owned leases that have stood still for longer than F
   */
  observe(leases: readonly Lease[], scanSentMs: number): ReadonlySet<string> {
    this.#firstMs ??= scanSentMs
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
        : { leaseCounter: lease.leaseCounter, owner, sinceMs: scanSentMs }
      seen.set(lease.leaseKey, observation)
      const stoodMs = scanSentMs - observation.sinceMs
      if (owner !== undefined && stoodMs > this.#failoverTimeMs && !isShardEnded(lease)) {
        expired.add(lease.leaseKey)
      }
    }
    this.#seen = seen
    return expired
  }

  /** For how long this observer has watched, milliseconds. */
  watchedMs(nowMs: number): number {
    return this.#firstMs === undefined ? 0 : nowMs - this.#firstMs
  }
}
