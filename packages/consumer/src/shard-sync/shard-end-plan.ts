/** What must be in the table before a shard may be called ended. Pure. */
import type { Shard } from '@millrace/core'
import type { NewLease } from '../lease/lease.ts'
import { newLeaseOf } from './initial-leases.ts'

/** A child as the parent's last page, or the shard list, describes it. */
export type ChildOfShard = Pick<Shard, 'shardId' | 'parentShardIds' | 'hashKeyRange'>

/**
 * Children start at TRIM_HORIZON whatever the initial position is: nothing between parent and
 * child may be skipped. The worker that ends the parent keeps one child, which leaves its count
 * of leases as it was; the leader places the others.
 *
 * @param leaseCounter above 0 where the leases must have existed before
 */
export function childLeases(
  children: readonly ChildOfShard[],
  workerId: string,
  leaseCounter: number = 0,
): NewLease[] {
  const checkpoint = { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 }
  return [...children]
    .sort((a, b) => (a.shardId < b.shardId ? -1 : 1))
    .map((child, index) => ({
      ...newLeaseOf(child, checkpoint, index === 0 ? workerId : undefined),
      leaseCounter,
    }))
}

/** The other parents of merged children: their leases must exist, or they must be out of reach. */
export function otherParents(shardId: string, children: readonly ChildOfShard[]): string[] {
  const parents = new Set(children.flatMap(({ parentShardIds }) => parentShardIds))
  parents.delete(shardId)
  return [...parents].sort()
}
