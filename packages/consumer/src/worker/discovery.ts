/** Finds the leases that were assigned to this worker and begins their tenures. KCL: `LeaseDiscoverer`. */
import type { Lease } from '../lease/lease.ts'
import type { LeaseStore } from '../lease/lease-store.ts'
import type { HeldLeases } from '../tenure/held-leases.ts'
import type { LeaseGiver } from '../tenure/lease-giver.ts'

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
  readonly #queue: string[] = []
  /** Waiting, or being taken up. */
  readonly #pending = new Set<string>()
  readonly #lines = new Set<Promise<void>>()

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  /**
   * Asks the index. What it says may be old, so each row is read strongly before it is believed; that
   * goes on behind: no look at the table waits for it, and none of these waits for another.
   */
  async step(): Promise<void> {
    this.#adopt(await this.#options.store.keysOwnedBy(this.#options.workerId))
  }

  /** Rows of a scan that name this worker, so that a lagging index delays nothing. */
  consider(leases: readonly Lease[]): void {
    this.#letGo(leases)
    const mine = leases.filter(({ leaseOwner }) => leaseOwner === this.#options.workerId)
    this.#adopt(mine.map(({ leaseKey }) => leaseKey))
  }

  /** Resolves when nothing is being taken up any more. */
  async settled(): Promise<void> {
    while (this.#lines.size > 0) await Promise.all(this.#lines)
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

  #adopt(keys: readonly string[]): void {
    for (const key of keys) {
      if (this.#pending.has(key) || this.#options.held.has(key)) continue
      this.#pending.add(key)
      this.#queue.push(key)
    }
    for (let waiting = this.#queue.length; waiting > 0 && this.#lines.size < AT_ONCE; waiting--) {
      const line = this.#work().finally(() => this.#lines.delete(line))
      this.#lines.add(line)
    }
  }

  /** Until nothing waits any more; what waits when the worker stops is given away unread. */
  async #work(): Promise<void> {
    while (!this.#options.held.isClosed) {
      const key = this.#queue.shift()
      if (key === undefined) return
      await this.#adoptOne(key)
      this.#pending.delete(key)
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
