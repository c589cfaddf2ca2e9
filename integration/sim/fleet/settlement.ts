/** What a producer says of its puts, and whether it says it once and truly: S17 and S18. */
import { isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { UserRecordFailedError, type UserRecordResult } from '@millrace/producer'
import type { SimulatedWorld } from '@millrace/testing'
import type { HeldRecords } from '../checkers/held-records.ts'
import { idOf, type Ledger, type PutRecord } from '../checkers/ledger.ts'
import type { SentRecords } from '../checkers/sent-records.ts'
import type { StrictReader } from '../checkers/strict-reader.ts'

export interface SettlementOptions {
  readonly world: SimulatedWorld
  readonly ledger: Ledger
  readonly strict: StrictReader
  readonly sent: SentRecords
  /** Told of outcomes; left out, nobody looks at what the producer holds. */
  readonly held?: HeldRecords | undefined
  readonly mayFail: boolean
  /** Attempts that a record had at least when it fails; default 3. */
  readonly fewestAttempts?: number | undefined
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
        this.#options.sent.acked(put.id, result)
        this.#settle(put, 'acked')
      },
      (error: unknown) => this.#fail(put, error),
    )
  }

  /** @param accepted false: the producer had no room and says so at once */
  tried(put: PutRecord, accepted: boolean): void {
    if (!accepted) {
      put.settled = 'failed'
      this.#options.world.count('put.refused')
      return
    }
    this.#open.add(put)
    this.#tried.add(put)
  }

  /** The event of a record that no promise speaks for. */
  failed(data: Uint8Array, error: unknown): void {
    const { ledger, world } = this.#options
    const put = ledger.puts[idOf(data)]
    if (put === undefined || !this.#tried.has(put)) {
      world.violation('S17', `'failed' told of a record that has a promise: ${String(error)}`)
      return
    }
    this.#fail(put, error)
  }

  /** flush() and close() resolve only when everything put before has settled. */
  async flushed(before: readonly PutRecord[], call: string): Promise<void> {
    // The promise of a put and that of flush() may settle in the same turn.
    await sleep(0)
    let left = 0
    for (const put of before) {
      if (!this.#open.has(put)) continue
      if (!this.#tried.has(put)) {
        left++
        continue
      }
      // Nothing was said against it, so it is stored; should 'failed' come later, it settles twice.
      this.#options.sent.mustBeStored(put.id, call)
      this.#settle(put, 'acked')
    }
    if (left > 0) {
      this.#options.world.violation('S17', `${call} resolved with ${left} earlier puts open`)
    }
  }

  #fail(put: PutRecord, error: unknown): void {
    this.#refuseGivingUp(error)
    this.#options.sent.failed(put.id, error)
    this.#settle(put, 'failed')
  }

  #settle(put: PutRecord, how: 'acked' | 'failed'): void {
    const { world, mayFail, held } = this.#options
    held?.settled(put.id)
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
    const { ledger, world, strict } = this.#options
    const { shardId, sequenceNumber } = result
    const { records } = ledger.shard(shardId)
    if (records[ledger.indexOf(shardId, result)]?.id !== put.id) {
      world.violation('S18', `record ${put.id} was acked at a place where it is not stored`)
    } else if (!strict.delivers(shardId, sequenceNumber)) {
      world.violation('S18', `record ${put.id} was acked in an aggregate that readers drop`)
    }
  }

  #refuseGivingUp(error: unknown): void {
    const attempts = error instanceof UserRecordFailedError ? error.attempts.length : 0
    if (attempts > 0 && isFatal(error)) return
    if (attempts < (this.#options.fewestAttempts ?? FEWEST_ATTEMPTS)) {
      this.#options.world.violation(
        'S18',
        `a put failed after ${attempts} attempts: ${String(error)}`,
      )
    }
  }
}

/** What stays as it is however often it is asked, such as a key that is disabled. */
function isFatal(error: unknown): boolean {
  return error instanceof UserRecordFailedError && !error.retryable && isServiceError(error.cause)
}
