/**
 * Graceful handoffs as the leader sees them: which moves it asks the owner for, and what becomes of
 * handoffs that do not end by themselves (R39, R41: none is waited for without end). Pure.
 */

import { isShardEnded, type Lease } from '../lease/lease.ts'
import type { Assignment } from './assignment-input.ts'

export interface FleetView {
  /** Keys of owned leases whose counter has stood still for longer than F. */
  readonly expired: ReadonlySet<string>
  /** Workers that give signs of life. */
  readonly live: ReadonlySet<string>
}

/** A lease with an owner that can be asked. */
export type AskableLease = Lease & { readonly leaseOwner: string }

/** True for a move that the owner can be asked for: it lives, and has something to hand over. */
export function mayAskOwner(lease: Lease, { expired, live }: FleetView): lease is AskableLease {
  const { leaseKey, leaseOwner, checkpointOwner } = lease
  if (leaseOwner === undefined || checkpointOwner !== undefined) return false
  return live.has(leaseOwner) && !expired.has(leaseKey) && !isShardEnded(lease)
}

export interface StuckHandoffs {
  /** To their next owners, past the worker that does not hand over. */
  readonly toPromised: readonly Assignment[]
  /** Keys of leases to be given to anybody: their next owners are gone as well. */
  readonly homeless: ReadonlySet<string>
  /** Of ended shards: nobody need have them. */
  readonly toFree: readonly Lease[]
}

/**
 * A holder that has expired is not waited for; one that still heartbeats has until the deadline. A
 * promised owner that dies before is no reason to cut the holder short: it hands over in its own
 * time, and what it gives to the dead expires there.
 *
 * @param isOverdue whether the handoff of a lease has stood for longer than its deadline
 */
export function stuckHandoffs(
  leases: readonly Lease[],
  { expired, live }: FleetView,
  isOverdue: (leaseKey: string) => boolean,
): StuckHandoffs {
  const toPromised: Assignment[] = []
  const homeless = new Set<string>()
  const toFree: Lease[] = []
  for (const lease of leases) {
    const { leaseKey, leaseOwner, checkpointOwner } = lease
    if (checkpointOwner === undefined) continue
    if (!expired.has(leaseKey) && !isOverdue(leaseKey)) continue
    if (isShardEnded(lease)) toFree.push(lease)
    else if (leaseOwner !== undefined && leaseOwner !== checkpointOwner && live.has(leaseOwner)) {
      toPromised.push({ lease, newOwner: leaseOwner })
    } else homeless.add(leaseKey)
  }
  return { toPromised, homeless, toFree }
}
