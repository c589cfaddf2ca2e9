/** Since when each handoff stands in the table, on the local monotonic clock. Pure but for its memory. */
import type { Lease } from '../lease/lease.ts'

interface Sighting {
  readonly from: string
  readonly to: string | undefined
  readonly sinceMs: number
}

export class HandoffWatch {
  #seen = new Map<string, Sighting>()

  observe(leases: readonly Lease[], atMs: number): void {
    const seen = new Map<string, Sighting>()
    for (const { leaseKey, checkpointOwner: from, leaseOwner: to } of leases) {
      if (from === undefined) continue
      const before = this.#seen.get(leaseKey)
      const isSame = before !== undefined && before.from === from && before.to === to
      seen.set(leaseKey, isSame ? before : { from, to, sinceMs: atMs })
    }
    this.#seen = seen
  }

  /** Of one that is not in a handoff 0. */
  stoodMs(leaseKey: string, nowMs: number): number {
    const sighting = this.#seen.get(leaseKey)
    return sighting === undefined ? 0 : nowMs - sighting.sinceMs
  }
}
