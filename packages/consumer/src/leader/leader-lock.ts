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
import type { WriteVerdict } from '../lease/write-outcome.ts'
import { beliefEndMs } from '../tenure/belief.ts'
import { Serial } from '../tenure/serial.ts'
import { type LockObservation, leavesItToOthers, mayAcquire, observeLock } from './leader-rule.ts'

export interface LeaderLockOptions {
  readonly dynamo: DynamoPort
  readonly tableName: string
  readonly workerId: string
  readonly leaseDurationMs: number
  readonly requestTimeoutMs: number
  readonly random: Random
}

interface Heartbeat {
  readonly claim: LeaderClaim
  readonly sentMs: number
}

export class LeaderLock {
  readonly #options: LeaderLockOptions
  /** A heartbeat and a release that overlap would fence each other. */
  readonly #calls = new Serial()
  #seen: LockObservation | undefined
  #heldVersion: string | undefined
  #leadsUntilMs = Number.NEGATIVE_INFINITY
  #madeWayMs = Number.NEGATIVE_INFINITY
  /** A heartbeat of which we do not know whether it landed. */
  #inDoubt: Heartbeat | undefined
  /** Rises with each end of leading: an answer that comes after it must not revive the leader. */
  #term = 0

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

  /**
   * Looks at the row of a scan; takes the lock when that is allowed. True when it was taken now.
   *
   * @param answeredMs when the scan was answered: the row may have been written right before
   * @param hasPeers whether another worker lives that could lead
   */
  async consider(
    row: LeaderRow | undefined,
    answeredMs: number,
    hasPeers: boolean,
  ): Promise<boolean> {
    this.#seen = observeLock(this.#seen, row, answeredMs)
    if (!mayAcquire(this.#seen, monotonicMs())) return false
    const past = { madeWayMs: this.#madeWayMs, hasPeers }
    if (leavesItToOthers(this.#seen, monotonicMs(), past)) return false
    return await this.#calls.run(async () => {
      if (this.#heldVersion !== undefined) return false
      const term = this.#term
      const beat = this.#newBeat()
      const { dynamo, tableName } = this.#options
      const fate = await this.#write(beat.claim, row?.recordVersionNumber, () =>
        dynamo.putItem(acquireWrite(tableName, beat.claim, row), this.#call()),
      )
      if (fate !== 'applied' || term !== this.#term) return false
      this.#hold(beat)
      return true
    })
  }

  /** Keeps the lock; does nothing for a worker that does not hold it. */
  heartbeat(): Promise<void> {
    return this.#calls.run(async () => {
      const term = this.#term
      await this.#settleDoubt(term)
      const held = this.#heldVersion
      if (held === undefined || term !== this.#term) return
      const beat = this.#newBeat()
      this.#inDoubt = beat
      const { dynamo, tableName } = this.#options
      const fate = await this.#write(beat.claim, held, () =>
        dynamo.updateItem(heartbeatWrite(tableName, beat.claim, held), this.#call()),
      )
      if (term !== this.#term) return
      if (fate === 'lost') this.stepDown()
      // One that has not arrived may still do so: the next heartbeat looks first.
      if (fate !== 'applied') return
      this.#inDoubt = undefined
      this.#hold(beat)
    })
  }

  /** Stops leading at once; the row goes stale by itself. */
  stepDown(): void {
    this.#term++
    this.#heldVersion = undefined
    this.#inDoubt = undefined
    this.#leadsUntilMs = Number.NEGATIVE_INFINITY
    // The free lock that it took and the one that it gives back look the same: none stood between.
    this.#seen = undefined
  }

  /** Gives the lock back, so that a successor need not wait. Stops leading at once. */
  release(): Promise<void> {
    const held = this.#heldVersion
    const inDoubt = this.#inDoubt?.claim.recordVersionNumber
    this.stepDown()
    return this.#calls.run(async () => {
      // A heartbeat that was under way has either landed by now or not.
      for (const version of [inDoubt, held]) {
        if (version !== undefined && (await this.#delete(version))) return
      }
    })
  }

  /** Gives the lock back because this worker cannot lead, and leaves it to others for a while. */
  async makeWay(): Promise<void> {
    this.#madeWayMs = monotonicMs()
    await this.release()
  }

  /** A heartbeat whose answer and whose look-up were both lost may still be ours. */
  async #settleDoubt(term: number): Promise<void> {
    const beat = this.#inDoubt
    if (beat === undefined) return
    const row = await this.#read()
    if (term !== this.#term) return
    this.#inDoubt = undefined
    if (row?.recordVersionNumber === beat.claim.recordVersionNumber) this.#hold(beat)
  }

  #hold({ claim, sentMs }: Heartbeat): void {
    this.#heldVersion = claim.recordVersionNumber
    this.#leadsUntilMs = beliefEndMs(sentMs, claim.leaseDurationMs)
  }

  #newBeat(): Heartbeat {
    return { claim: this.#claim(), sentMs: monotonicMs() }
  }

  /** False when the row does not carry this version. */
  async #delete(version: string): Promise<boolean> {
    const { dynamo, tableName, workerId } = this.#options
    try {
      await dynamo.deleteItem(releaseLeaderWrite(tableName, workerId, version), this.#call())
      return true
    } catch (cause) {
      if (!isServiceError(cause)) throw cause
      // Unanswered, or refused for good: the row goes stale within its duration.
      return cause.kind !== 'condition-failed'
    }
  }

  #claim(): LeaderClaim {
    const { workerId, leaseDurationMs, random } = this.#options
    return { workerId, leaseDurationMs, recordVersionNumber: random.uuid() }
  }

  #call(): { readonly timeoutMs: number } {
    return { timeoutMs: this.#options.requestTimeoutMs }
  }

  /** What became of a write; a lost answer is settled by a strong read. */
  async #write(
    claim: LeaderClaim,
    before: string | undefined,
    send: () => Promise<unknown>,
  ): Promise<WriteVerdict> {
    try {
      await send()
      return 'applied'
    } catch (cause) {
      if (!isServiceError(cause)) throw cause
      if (cause.kind === 'condition-failed') return 'lost'
      if (!cause.ambiguous) throw cause
      const version = (await this.#read())?.recordVersionNumber
      if (version === claim.recordVersionNumber) return 'applied'
      return version === before ? 'not-applied' : 'lost'
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
