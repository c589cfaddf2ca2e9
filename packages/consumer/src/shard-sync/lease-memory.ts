/** The rows of shards that have not ended, as this worker last saw them. */
import { isShardEnded, type Lease } from '../lease/lease.ts'

export class LeaseMemory {
  readonly #seen = new Map<string, Lease>()

  /** Takes note of a scan. */
  see(leases: readonly Lease[]): void {
    for (const lease of leases) {
      if (isShardEnded(lease)) this.#seen.delete(lease.leaseKey)
      else this.#seen.set(lease.leaseKey, lease)
    }
  }

  /** Those that this scan shows no more. */
  gone(leases: readonly Lease[]): Lease[] {
    const present = new Set(leases.map(({ leaseKey }) => leaseKey))
    return [...this.#seen.values()].filter(({ leaseKey }) => !present.has(leaseKey))
  }

  /** With no hash key uncovered, what is gone was finished and deleted between two scans. */
  forgetGone(leases: readonly Lease[]): void {
    for (const { leaseKey } of this.gone(leases)) this.#seen.delete(leaseKey)
  }
}
