/** Holds, renews and gives back the leader lock. KCL: `DynamoDBLockBasedLeaderDecider`. */
import { type DynamoPort, isServiceError, type Random } from '@millrace/core'
import { monotonicMs } from '@millrace/core/internal'
import {
  acquireWrite,
  heartbeatWrite,
  type LeaderClaim,
  type LeaderRow,
  readLeaderRow,
  releaseLeaderWrite,
} from '../lease/leader-row.ts'
import { keyOf } from '../lease/lease-writes.ts'
import { LEADER_KEY } from '../lease/reserved-keys.ts'
import { beliefEndMs } from './belief.ts'
import { type LockObservation, mayAcquire, observeLock } from './leader-rule.ts'

export interface LeaderLockOptions {
  readonly dynamo: DynamoPort
  readonly tableName: string
  readonly workerId: string
  readonly leaseDurationMs: number
  readonly requestTimeoutMs: number
  readonly random: Random
}

export class LeaderLock {
  readonly #options: LeaderLockOptions
  #seen: LockObservation | undefined
  #heldVersion: string | undefined
  #leadsUntilMs = Number.NEGATIVE_INFINITY

  constructor(options: LeaderLockOptions) {
    this.#options = options
  }

  /** True while this worker may act as the leader. */
  get leads(): boolean {
    return this.#heldVersion !== undefined && monotonicMs() < this.#leadsUntilMs
  }

  get seen(): LockObservation | undefined {
    return this.#seen
  }

  /** Looks at the row of a scan; takes the lock when that is allowed. True when it was taken now. */
  async consider(row: LeaderRow | undefined, scannedMs: number): Promise<boolean> {
    this.#seen = observeLock(this.#seen, row, scannedMs)
    if (this.#heldVersion !== undefined) return false
    if (!mayAcquire(this.#seen, monotonicMs())) return false
    const claim = this.#claim()
    const sentMs = monotonicMs()
    const taken = await this.#write(claim, () =>
      this.#options.dynamo.putItem(acquireWrite(this.#options.tableName, claim, row), this.#call()),
    )
    if (taken) this.#hold(claim, sentMs)
    return taken
  }

  /** Keeps the lock; does nothing for a worker that does not hold it. */
  async heartbeat(): Promise<void> {
    const held = this.#heldVersion
    if (held === undefined) return
    const claim = this.#claim()
    const sentMs = monotonicMs()
    const kept = await this.#write(claim, () =>
      this.#options.dynamo.updateItem(
        heartbeatWrite(this.#options.tableName, claim, held),
        this.#call(),
      ),
    )
    if (kept) this.#hold(claim, sentMs)
    else this.stepDown()
  }

  /** Stops leading at once; the row goes stale by itself. */
  stepDown(): void {
    this.#heldVersion = undefined
    this.#leadsUntilMs = Number.NEGATIVE_INFINITY
  }

  /** Gives the lock back, so that a successor need not wait. */
  async release(): Promise<void> {
    const held = this.#heldVersion
    if (held === undefined) return
    this.stepDown()
    const { dynamo, tableName, workerId } = this.#options
    try {
      await dynamo.deleteItem(releaseLeaderWrite(tableName, workerId, held), this.#call())
    } catch (cause) {
      // Refused: somebody else holds it. Unanswered: it goes stale within its duration.
      if (!isServiceError(cause)) throw cause
    }
  }

  #hold(claim: LeaderClaim, sentMs: number): void {
    this.#heldVersion = claim.recordVersionNumber
    this.#leadsUntilMs = beliefEndMs(sentMs, claim.leaseDurationMs)
  }

  #claim(): LeaderClaim {
    const { workerId, leaseDurationMs, random } = this.#options
    return { workerId, leaseDurationMs, recordVersionNumber: random.uuid() }
  }

  #call(): { readonly timeoutMs: number } {
    return { timeoutMs: this.#options.requestTimeoutMs }
  }

  /** True when the row now carries our claim; a lost answer is settled by a strong read. */
  async #write(claim: LeaderClaim, send: () => Promise<unknown>): Promise<boolean> {
    try {
      await send()
      return true
    } catch (cause) {
      if (!isServiceError(cause)) throw cause
      if (cause.kind === 'condition-failed') return false
      if (!cause.ambiguous) throw cause
      const row = await this.#read()
      return row?.recordVersionNumber === claim.recordVersionNumber
    }
  }

  async #read(): Promise<LeaderRow | undefined> {
    const { dynamo, tableName } = this.#options
    const { Item: row } = await dynamo.getItem(
      { TableName: tableName, Key: keyOf(LEADER_KEY), ConsistentRead: true },
      this.#call(),
    )
    return row === undefined ? undefined : readLeaderRow(row)
  }
}
