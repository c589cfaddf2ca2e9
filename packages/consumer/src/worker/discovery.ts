/** Finds the leases that were assigned to this worker and begins their tenures. KCL: `LeaseDiscoverer`. */
import type { Lease } from '../lease/lease.ts'
import type { LeaseStore } from '../lease/lease-store.ts'
import type { HeldLeases } from './held-leases.ts'
import type { LeaseGiver } from './lease-giver.ts'

export interface DiscoveryOptions {
  readonly store: LeaseStore
  readonly workerId: string
  readonly held: HeldLeases
  readonly giver: LeaseGiver
  readonly onError: (cause: unknown) => void
}

/** Tenures that begin at once: each is a read and a write. */
const AT_ONCE = 16

export class Discovery {
  readonly #options: DiscoveryOptions

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  /** Asks the index. What it says may be old, so each row is read strongly before it is believed. */
  async step(): Promise<void> {
    const keys = await this.#options.store.keysOwnedBy(this.#options.workerId)
    await this.#adopt(keys)
  }

  /** Rows of a scan that name this worker, so that a lagging index delays nothing. */
  async consider(leases: readonly Lease[]): Promise<void> {
    this.#letGo(leases)
    const mine = leases.filter(({ leaseOwner }) => leaseOwner === this.#options.workerId)
    await this.#adopt(mine.map(({ leaseKey }) => leaseKey))
  }

  /**
   * A handoff that this worker is to complete and cannot: its tenure has run out, or is that of a
   * former life (R39). Nobody waits for it to expire.
   */
  #letGo(leases: readonly Lease[]): void {
    const { workerId, held, giver } = this.#options
    for (const { leaseKey, checkpointOwner } of leases) {
      if (checkpointOwner !== workerId || held.has(leaseKey)) continue
      void giver.give(leaseKey, 'as-promised')
    }
  }

  async #adopt(keys: readonly string[]): Promise<void> {
    const news = keys.filter((key) => !this.#options.held.has(key))
    for (let i = 0; i < news.length; i += AT_ONCE) {
      await Promise.all(news.slice(i, i + AT_ONCE).map((key) => this.#adoptOne(key)))
    }
  }

  async #adoptOne(leaseKey: string): Promise<void> {
    try {
      const lease = await this.#options.store.get(leaseKey)
      if (lease !== undefined) await this.#options.held.adopt(lease)
    } catch (cause) {
      // One unreadable row must not keep the others waiting; the next step tries it again.
      this.#options.onError(cause)
    }
  }
}
