/** Services that are gone for everybody for a while. */
import { sleep } from '@millrace/core/internal'
import type { FaultRates, SimulatedFaults, SimulatedWorld } from '@millrace/testing'
import type { OutageOf } from './history-plan.ts'

/** Gone, or many times as slow. */
type Outage = OutageOf | 'slow-kinesis' | 'slow-dynamo'

/** Half of the calls fail at once, half get no answer. */
const GONE: FaultRates = {
  failBefore: 0.5,
  loseRequest: 0.5,
  throttle: 0,
  failAfter: 0,
  loseReply: 0,
  expireIterator: 0,
  failLookup: 0,
  expireCredentials: 0,
  refuseKey: 0,
  garbleReply: 0,
}
/** As when the p99 of a service is 50 times the usual. */
const BROWN_OUT_FACTOR = 50

export class Outages {
  readonly #world: SimulatedWorld
  readonly #usual: SimulatedFaults
  #gone: Outage[] = []
  #isOver = false

  constructor(world: SimulatedWorld, usual: SimulatedFaults) {
    this.#world = world
    this.#usual = usual
  }

  begin(of: Outage, forMs: number): void {
    this.#gone = [...this.#gone, of]
    this.#apply()
    void this.#end(of, forMs)
  }

  /** The history heals: what ends later must not bring the usual faults back. */
  over(): void {
    this.#isOver = true
  }

  async #end(of: Outage, forMs: number): Promise<void> {
    await sleep(forMs)
    if (this.#isOver) return
    this.#gone.splice(this.#gone.indexOf(of), 1)
    this.#apply()
  }

  #slowed<F extends object>(faults: F | undefined, by: Outage): F | undefined {
    if (!this.#gone.includes(by)) return faults
    return { ...faults, latencyFactor: BROWN_OUT_FACTOR } as F
  }

  #apply(): void {
    const kinesis = this.#slowed(this.#usual.kinesis, 'slow-kinesis')
    const dynamo = this.#slowed(this.#usual.dynamo, 'slow-dynamo')
    const listShards = { ...kinesis, operations: { ...kinesis?.operations, listShards: GONE } }
    this.#world.setFaults({
      ...this.#usual,
      kinesis: this.#gone.includes('kinesis')
        ? GONE
        : this.#gone.includes('list-shards')
          ? listShards
          : kinesis,
      dynamo: this.#gone.includes('dynamo') ? GONE : dynamo,
    })
  }
}
