/** What a producer says of its puts, and whether it says it once and truly: S17 and S18. */
import { sleep } from '@millrace/core/internal'
import { UserRecordFailedError, type UserRecordResult } from '@millrace/producer'
import type { SimulatedWorld } from '@millrace/testing'
import { idOf, type Ledger, type PutRecord } from '../checkers/ledger.ts'

export interface SettlementOptions {
  readonly world: SimulatedWorld
  readonly ledger: Ledger
  readonly mayFail: boolean
}

/** TTL leaves time for many tries; a record that had few of them was forgotten, not refused. */
const FEWEST_ATTEMPTS = 3

export class Settlement {
  readonly #options: SettlementOptions
  /** Accepted, not settled, in order. */
  readonly #open = new Set<PutRecord>()
  /** Of these no promise tells. */
  readonly #tried = new Set<PutRecord>()

  constructor(options: SettlementOptions) {
    this.#options = options
  }

  get open(): readonly PutRecord[] {
    return [...this.#open]
  }

  promised(put: PutRecord, promise: Promise<UserRecordResult>): void {
    this.#open.add(put)
    void promise.then(
      (result) => {
        this.#isStored(put, result)
        this.#settle(put, 'acked')
      },
      (error: unknown) => {
        this.#refuseGivingUp(error)
        this.#settle(put, 'failed')
      },
    )
  }

  /** @param accepted false: the producer had no room and says so at once */
  tried(put: PutRecord, accepted: boolean): void {
    this.#open.add(put)
    this.#tried.add(put)
    if (!accepted) this.#settle(put, 'failed')
  }

  /** The event of a record that no promise speaks for. */
  failed(data: Uint8Array, error: unknown): void {
    const { ledger, world } = this.#options
    const put = ledger.puts[idOf(data)]
    if (put === undefined || !this.#tried.has(put)) {
      world.violation('S17', `'failed' told of a record that has a promise: ${String(error)}`)
      return
    }
    this.#refuseGivingUp(error)
    this.#settle(put, 'failed')
  }

  /** flush() and close() resolve only when everything put before has settled. */
  async flushed(before: readonly PutRecord[], call: string): Promise<void> {
    // The promise of a put and that of flush() may settle in the same turn.
    await sleep(0)
    let left = 0
    for (const put of before) {
      if (!this.#open.has(put)) continue
      // Nothing was said against it, so it is stored; should 'failed' come later, it settles twice.
      if (this.#tried.has(put)) this.#settle(put, 'acked')
      else left++
    }
    if (left > 0) {
      this.#options.world.violation('S17', `${call} resolved with ${left} earlier puts open`)
    }
  }

  #settle(put: PutRecord, how: 'acked' | 'failed'): void {
    const { world, mayFail } = this.#options
    if (!this.#open.delete(put)) {
      world.violation('S17', `record ${put.id} settled twice: ${put.settled}, then ${how}`)
    }
    put.settled = how
    world.count(`put.${how}`)
    if (how === 'failed' && !mayFail) {
      world.violation('S18', `record ${put.id} failed although nothing goes wrong any more`)
    }
  }

  #isStored(put: PutRecord, result: UserRecordResult): void {
    const { ledger, world } = this.#options
    const { records } = ledger.shard(result.shardId)
    if (records[ledger.indexOf(result.shardId, result)]?.id === put.id) return
    world.violation('S18', `record ${put.id} was acked at a place where it is not stored`)
  }

  #refuseGivingUp(error: unknown): void {
    const attempts = error instanceof UserRecordFailedError ? error.attempts.length : 0
    if (attempts < FEWEST_ATTEMPTS) {
      this.#options.world.violation(
        'S18',
        `a put failed after ${attempts} attempts: ${String(error)}`,
      )
    }
  }
}
