/**
 * Gives leases away whose tenure here is over, or never began: to the worker that a handoff
 * promised them to, to a successor, or to nobody. Sure of each before it lets go of it: a write in
 * doubt is looked into and sent again.
 */
import { setMaxListeners } from 'node:events'
import { isServiceError, type Logger, type Random } from '@millrace/core'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { type Backoff, fullJitterMs, isLoudFailure } from '../backoff.ts'
import { actualOwner, isShardEnded, type Lease } from '../lease/lease.ts'
import type { LeaseStore } from '../lease/lease-store.ts'

/** `as-promised`: only what a handoff promised to somebody; any other row stays as it is. */
export type Recipient = 'as-promised' | { readonly successor: string | undefined }

/** `lost`: the row was another worker's by then, or it did not answer and expires by itself. */
export interface Parting {
  readonly outcome: 'given' | 'freed' | 'lost'
  readonly to: string | undefined
}

export interface LeaseGiverOptions {
  readonly store: LeaseStore
  readonly workerId: string
  readonly failoverTimeMs: number
  readonly logger: Logger
  readonly random: Random
  readonly onParted: (leaseKey: string, parting: Parting) => void
}

const BACKOFF: Backoff = { firstMs: 200, capMs: 2000 }

export class LeaseGiver {
  readonly #options: LeaseGiverOptions
  readonly #abort = new AbortController()
  readonly #giving = new Map<string, Promise<void>>()
  /** Workers that are being looked for. */
  readonly #asking = new Map<string, Promise<boolean>>()

  constructor(options: LeaseGiverOptions) {
    this.#options = options
    // Every lease on its way out waits on it: with more than ten Node would speak of a leak.
    setMaxListeners(0, this.#abort.signal)
  }

  /** True while this lease is on its way: nobody here may take it up. */
  isGiving(leaseKey: string): boolean {
    return this.#giving.has(leaseKey)
  }

  /**
   * Tried for F, after which the row runs out by itself. Never rejects.
   *
   * @param known the row as this worker last saw it, or will have seen it; undefined: look it up
   */
  give(
    leaseKey: string,
    to: Recipient,
    known?: Promise<Lease | undefined> | Lease | undefined,
  ): Promise<void> {
    const giving = this.#give(leaseKey, to, known).finally(() => this.#giving.delete(leaseKey))
    this.#giving.set(leaseKey, giving)
    return giving
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#giving.values())
  }

  /** What is on its way is given up. */
  stop(): void {
    this.#abort.abort()
  }

  async #give(
    leaseKey: string,
    to: Recipient,
    known: Promise<Lease | undefined> | Lease | undefined,
  ): Promise<void> {
    const { logger, onParted } = this.#options
    const parting = await this.#untilGiven(leaseKey, to, await known)
    const { outcome } = parting
    if (outcome !== 'lost') logger.info({ leaseKey, ...parting }, 'a lease was handed over')
    onParted(leaseKey, parting)
  }

  async #untilGiven(leaseKey: string, to: Recipient, known: Lease | undefined): Promise<Parting> {
    const { store, failoverTimeMs, random, logger } = this.#options
    const { signal } = this.#abort
    const endMs = monotonicMs() + failoverTimeMs
    let tried: Lease | undefined
    let row = known
    for (let failures = 1; !signal.aborted && monotonicMs() < endMs; failures++) {
      try {
        row ??= await store.get(leaseKey)
        const parting = await this.#giveOnce(row, to, tried)
        if (parting !== undefined) return parting
        tried = row
      } catch (err) {
        tried = row
        if (isLoudFailure(failures)) {
          logger.warn({ err, leaseKey, failures }, 'a lease could not be handed over yet')
        }
      }
      // The row is not what it was, or may not be.
      row = undefined
      await sleep(fullJitterMs(BACKOFF, failures, random), signal).catch(() => undefined)
    }
    logger.warn({ leaseKey }, 'a lease was not handed over; it expires by itself')
    return { outcome: 'lost', to: undefined }
  }

  /** Undefined when the row was not what it was taken for. */
  async #giveOnce(
    row: Lease | undefined,
    to: Recipient,
    tried: Lease | undefined,
  ): Promise<Parting | undefined> {
    const { store, workerId } = this.#options
    if (row?.checkpointOwner === workerId) return await this.#finishHandoff(row)
    const next = row?.leaseOwner
    // An attempt before this one has landed, and the next owner has even begun.
    const isDone = tried?.checkpointOwner === workerId && tried.leaseOwner === next
    if (row === undefined || actualOwner(row) !== workerId || to === 'as-promised') {
      return { outcome: isDone && next !== undefined ? 'given' : 'lost', to: next }
    }
    const { successor } = to
    if (successor === undefined || isShardEnded(row) || !(await this.#isThere(successor))) {
      return (await store.release(row)) && { outcome: 'freed', to: undefined }
    }
    return (await store.assign(row, successor)) && { outcome: 'given', to: successor }
  }

  async #finishHandoff(row: Lease): Promise<Parting | undefined> {
    const { store, workerId } = this.#options
    const { leaseOwner: next } = row
    if (next === undefined || next === workerId || !(await this.#isThere(next))) {
      return (await store.release(row)) && { outcome: 'freed', to: undefined }
    }
    const done = await store.completeHandoff({ ...row, leaseOwner: next })
    return done && { outcome: 'given', to: next }
  }

  /** To a worker that is gone a lease would go only to run out there. Asked once for many at a time. */
  #isThere(workerId: string): Promise<boolean> {
    const asked = this.#asking.get(workerId)
    if (asked !== undefined) return asked
    const asking = this.#ask(workerId).finally(() => this.#asking.delete(workerId))
    this.#asking.set(workerId, asking)
    return asking
  }

  async #ask(workerId: string): Promise<boolean> {
    try {
      return await this.#options.store.hasWorker(workerId)
    } catch (cause) {
      if (!isServiceError(cause)) throw cause
      return true
    }
  }
}
