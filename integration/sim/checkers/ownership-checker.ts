/** Watches who writes to which row: S7, S9 and S15. */
import type { CallOrigin } from '@millrace/testing'
import { changedHands, holderOf, isAsked, isEnded, type LeaseRow } from './lease-row.ts'
import type { LockChecker } from './lock-checker.ts'
import type { Report } from './report.ts'

export interface OwnershipCheckerOptions {
  readonly rows: ReadonlyMap<string, LeaseRow>
  readonly lock: LockChecker
  /** True milliseconds that a row stands still at least before it may pass for expired. */
  readonly standsMs: number
  /** True milliseconds that a leader waits at least for a holder that it has asked to hand over. */
  readonly handoffMs: number
  /** Whether leases move to even out how many of them workers have, not what they carry. */
  readonly movesByCount: boolean
  /** Whether a leader asks the holder of what it moves, instead of taking it. */
  readonly asksHolders: boolean
  readonly onHandedOver: (key: string, from: string) => void
  readonly nowMs: () => number
  readonly report: Report
}

interface Loads {
  readonly atMs: number
  readonly byOwner: ReadonlyMap<string, number>
}

/**
 * A worker that serves itself may have looked at the lock this long ago: through an old replica, or
 * before it was paused. What it writes is fenced by the counter of the row that it saw.
 */
const OLD_LOOK_MS = 20_000
/** A move to even out the counts may stand on a look at the table that is this old. */
const LOOK_MS = 12_000

export class OwnershipChecker {
  readonly #options: OwnershipCheckerOptions
  readonly #touchedMs = new Map<string, number>()
  readonly #askedMs = new Map<string, number>()
  #loads: Loads[] = []

  constructor(options: OwnershipCheckerOptions) {
    this.#options = options
  }

  /** Called for each write to a lease row that existed, when `rows` has the row as it is now. */
  changed(key: string, was: LeaseRow, is: LeaseRow, origin: CallOrigin | undefined): void {
    if (isAsked(was, is)) this.#askedMs.set(key, this.#options.nowMs())
    if (origin !== undefined) {
      if (isAsked(was, is)) this.#asked(key, was, is, origin)
      else if (changedHands(was, is)) this.#ownerChanged(key, was, is, origin)
      else if (is.counter !== was.counter) this.#byHolder(key, was, origin)
    }
    if (was.owner !== is.owner || isEnded(was) !== isEnded(is)) this.#count()
    if (is.counter !== was.counter) this.#touchedMs.set(key, this.#options.nowMs())
  }

  /** Called for each row that was created or deleted. */
  counted(key: string): void {
    this.#touchedMs.set(key, this.#options.nowMs())
    this.#count()
  }

  #count(): void {
    const atMs = this.#options.nowMs()
    const byOwner = new Map<string, number>()
    for (const row of this.#options.rows.values()) {
      if (row.owner === undefined || isEnded(row)) continue
      byOwner.set(row.owner, (byOwner.get(row.owner) ?? 0) + 1)
    }
    const last = this.#loads.at(-1)
    if (last !== undefined && sameLoads(last.byOwner, byOwner)) return
    // The newest of those that are too old still held when the look may have been taken.
    const kept = this.#loads.findLastIndex((loads) => loads.atMs <= atMs - LOOK_MS)
    this.#loads = [...this.#loads.slice(Math.max(0, kept)), { atMs, byOwner }]
  }

  #byHolder(key: string, was: LeaseRow, origin: CallOrigin): void {
    if (origin.process === holderOf(was)) return
    this.#options.report('S9', `${key}: ${origin.process} wrote to a row of ${holderOf(was)}`)
  }

  /** Only a leader asks, for a move that evens out, and the holder keeps what it has. */
  #asked(key: string, was: LeaseRow, is: LeaseRow, origin: CallOrigin): void {
    const { lock, asksHolders, report } = this.#options
    const holder = holderOf(was)
    if (lock.ownerAt(origin.sentMs) !== origin.process) {
      report('S15', `${key}: ${origin.process}, which does not lead, asked for it`)
    }
    if (!asksHolders) report('S15', `${key}: ${origin.process} asked for it, which it is not to`)
    if (is.counter !== was.counter || is.checkpointOwner !== holder) {
      report('S9', `${key}: ${origin.process} asked ${holder} for it and changed more than that`)
    }
    if (holder === undefined || !this.#mayBalance(holder, is.owner)) {
      report('L5', `${key}: ${origin.process} asked ${holder} for it without need`)
    }
  }

  #ownerChanged(key: string, was: LeaseRow, is: LeaseRow, origin: CallOrigin): void {
    const { lock, standsMs, handoffMs, asksHolders, report, nowMs } = this.#options
    const holder = holderOf(was)
    const leads = lock.ownerAt(origin.sentMs) === origin.process
    // One that asks nobody takes from itself, too, and hears of it as any other would.
    const isMove = leads && !asksHolders && was.checkpointOwner === undefined
    const mayMove = isMove && holder !== undefined && this.#mayBalance(holder, is.owner)
    if (holder !== undefined && origin.process === holder) {
      if (!mayMove) this.#options.onHandedOver(key, holder)
      return
    }
    const servesItself =
      is.owner === origin.process && lock.longestStoodMs(origin.sentMs, OLD_LOOK_MS) > standsMs
    if (!leads && !servesItself) {
      report('S15', `${key}: ${origin.process}, which does not lead, gave it to ${is.owner}`)
    }
    if (holder === undefined) return
    const askedMs = was.checkpointOwner === undefined ? undefined : this.#askedMs.get(key)
    if (leads && askedMs !== undefined && nowMs() - askedMs >= handoffMs) return
    if (mayMove) return
    const stoodMs = nowMs() - (this.#touchedMs.get(key) ?? 0)
    if (stoodMs < standsMs) {
      report(
        'S7',
        `${key}: ${origin.process} took it from ${holder}, which had written ${stoodMs.toFixed(0)} ms ago`,
      )
    }
  }

  #mayBalance(from: string, to: string | undefined): boolean {
    if (to === undefined) return false
    if (!this.#options.movesByCount) return to !== from
    // Two apart in the plan; one of them may be a lease that it places at the same time.
    return this.#loads.some(({ byOwner }) => (byOwner.get(from) ?? 0) > (byOwner.get(to) ?? 0))
  }
}

function sameLoads(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  if (a.size !== b.size) return false
  for (const [owner, count] of a) if (b.get(owner) !== count) return false
  return true
}
