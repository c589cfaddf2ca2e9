import assert from 'node:assert/strict'
import { nowMs, sleep } from '@millrace/core/internal'
import type { Lease } from '../../src/lease/lease.ts'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { workerMetricsWrite } from '../../src/lease/worker-metrics-row.ts'
import { type Fleet, inFleet, TABLE } from './fleet.ts'

/** Periods of KCL 3.5 at F = 10 s. It begins to deliver when it discovers a lease, without a write. */
const METRICS_MS = 30_000
const DISCOVERY_MS = 9975
const RENEWAL_MS = 3308

class JavaWorker {
  /** Taken from it after it had begun, and before it had ever renewed. */
  readonly lostUnrenewed: string[] = []
  readonly #fleet: Fleet
  readonly #id: string
  readonly #store: LeaseStore
  readonly #held = new Map<string, Lease>()
  readonly #unrenewed = new Set<string>()
  #runs = true

  /** @param phase of its discoveries and renewals, from 0 to 1 */
  constructor(fleet: Fleet, id: string, phase: number) {
    const { dynamo } = fleet.world
    this.#fleet = fleet
    this.#id = id
    this.#store = new LeaseStore({ dynamo, tableName: TABLE, requestTimeoutMs: 2000 })
    void this.#every(METRICS_MS, 0, () => this.#showLife())
    void this.#every(DISCOVERY_MS, phase, () => this.#discover())
    void this.#every(RENEWAL_MS, phase, () => this.#renew())
  }

  stop(): void {
    this.#runs = false
  }

  async #every(periodMs: number, phase: number, step: () => Promise<void>): Promise<void> {
    await sleep(phase * periodMs)
    while (this.#runs) {
      await step()
      await sleep(periodMs)
    }
  }

  async #showLife(): Promise<void> {
    await this.#fleet.world.dynamo.updateItem(workerMetricsWrite(TABLE, this.#id, nowMs()))
  }

  async #discover(): Promise<void> {
    for (const key of await this.#store.keysOwnedBy(this.#id)) {
      if (this.#held.has(key)) continue
      const lease = await this.#store.get(key)
      if (lease?.leaseOwner !== this.#id || lease.checkpointOwner !== undefined) continue
      this.#held.set(key, lease)
      this.#unrenewed.add(key)
    }
  }

  async #renew(): Promise<void> {
    for (const [key, lease] of [...this.#held]) {
      const write = await this.#store.renew(lease, this.#id)
      if (write.outcome === 'lost') {
        this.#held.delete(key)
        if (this.#unrenewed.has(key)) this.lostUnrenewed.push(key)
      } else this.#held.set(key, write.lease)
      this.#unrenewed.delete(key)
    }
  }
}

describe('A leader of ours beside Java workers', () => {
  for (const seed of [2, 4]) {
    it(`takes no lease from one that has begun and has not renewed yet (seed ${seed})`, () =>
      inFleet({ shards: 40, seed }, async (fleet) => {
        for (const id of ['m1', 'm2']) fleet.start(id)
        await fleet.until('spread', () => fleet.isSpread(40, 'm1', 'm2'), 120_000)
        const phase = (i: number): number => ((seed * 37 + i * 53) % 100) / 100
        const joined = ['ja', 'jb'].map((id, i) => new JavaWorker(fleet, id, phase(i)))
        await fleet.world.sleep(150_000)
        assert.ok(fleet.isSpread(40, 'm1', 'm2', 'ja', 'jb'))
        assert.deepEqual(
          joined.flatMap(({ lostUnrenewed }) => lostUnrenewed),
          [],
        )
        assert.deepEqual(
          fleet.moves.filter(({ from }) => from?.startsWith('j')),
          [],
        )
        for (const java of joined) java.stop()
        for (const id of ['m1', 'm2']) fleet.kill(id)
      })).timeout(10_000)
  }
})
