/** Carries out what a plan decided: each write stands on the row that the plan saw. */
import { isServiceError, type Logger, type ServiceError } from '@millrace/core'
import type { AskableLease } from '../assignment/handoff-rule.ts'
import { atOnce } from '../at-once.ts'
import { actualOwner, type Lease } from '../lease/lease.ts'
import type { LeaseStore } from '../lease/lease-store.ts'

export interface Move {
  readonly lease: Lease
  /** Undefined: to nobody. */
  readonly newOwner: string | undefined
}

export interface MoveOptions {
  readonly store: LeaseStore
  readonly logger: Logger
  /** Asked before each write: the leadership may be gone by then. */
  readonly mayMove: (newOwner: string | undefined) => boolean
  /** True for a lease of a live owner that could be asked for it. */
  readonly mayAskOwner: (lease: Lease) => lease is AskableLease
  /** Such an owner is to finish first. */
  readonly asksOwners: boolean
}

/** Writes under way together: a fleet of hundreds of leases must not wait for them one by one. */
const MOVES_AT_ONCE = 16

/**
 * A row that has changed since is left to the next plan. The rows as they are now, by key.
 *
 * @throws ServiceError when nothing moved because writes failed
 */
export async function moveLeases(
  moves: readonly Move[],
  options: MoveOptions,
): Promise<ReadonlyMap<string, Lease>> {
  const changed = new Map<string, Lease>()
  let failure: ServiceError | undefined
  await atOnce(moves, MOVES_AT_ONCE, async (move) => {
    if (!options.mayMove(move.newOwner)) return
    try {
      const row = await moved(move, options)
      if (row !== undefined) changed.set(row.leaseKey, row)
    } catch (cause) {
      if (!isServiceError(cause)) throw cause
      failure = cause
    }
  })
  if (failure !== undefined && changed.size === 0) throw failure
  return changed
}

async function moved(
  { lease, newOwner }: Move,
  { store, logger, mayAskOwner, asksOwners }: MoveOptions,
): Promise<Lease | undefined> {
  const ids = { shardId: lease.shardId, from: actualOwner(lease), to: newOwner }
  if (newOwner === undefined) {
    const freed = await store.release(lease)
    if (freed !== undefined) logger.info(ids, 'freed a lease')
    return freed
  }
  const isLive = mayAskOwner(lease)
  if (isLive && asksOwners) {
    const asked = await store.startHandoff(lease, newOwner)
    if (asked !== undefined) logger.info(ids, 'asked for a lease to be handed over')
    return asked
  }
  const assigned = await (isLive ? store.take(lease, newOwner) : store.assign(lease, newOwner))
  if (assigned !== undefined) logger.info(ids, 'assigned a lease')
  return assigned
}
