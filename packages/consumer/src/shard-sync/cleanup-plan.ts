/**
 * Which leases of finished shards the table no longer needs. Pure. A row that is gone blocks no
 * child and is not missed by shard sync, so it may go only once its children have surely begun.
 * KCL: `LeaseCleanupManager`.
 */
import type { Shard } from '@millrace/core'
import { isShardEnded, type Lease } from '../lease/lease.ts'

export interface CleanupInput {
  readonly leases: readonly Lease[]
  /** Keys of leases that have been seen at SHARD_END for long enough. */
  readonly due: ReadonlySet<string>
  /** A complete list of the stream's shards, if there is one. */
  readonly shards?: readonly Shard[] | undefined
}

/** Keys of the leases that may be deleted now. */
export function planCleanup({ leases, due, shards }: CleanupInput): string[] {
  const family = new Family(leases, shards)
  return leases
    .filter((lease) => due.has(lease.leaseKey) && isShardEnded(lease))
    .filter((lease) => !family.hasParentLease(lease))
    .filter((lease) => family.childrenHaveBegun(lease) || family.isGone(lease))
    .map(({ leaseKey }) => leaseKey)
}

class Family {
  readonly #leases: ReadonlyMap<string, Lease>
  readonly #children = new Map<string, Set<string>>()
  readonly #listed: ReadonlySet<string> | undefined

  constructor(leases: readonly Lease[], shards: readonly Shard[] | undefined) {
    this.#leases = new Map(leases.map((lease) => [lease.shardId, lease]))
    this.#listed = shards && new Set(shards.map(({ shardId }) => shardId))
    for (const lease of leases) this.#add(lease.shardId, lease.childShardIds)
    for (const { shardId, parentShardIds } of [...leases, ...(shards ?? [])]) {
      for (const parent of parentShardIds) this.#add(parent, [shardId])
    }
  }

  /** Generations go oldest first: a child's row is never gone while a parent could miss it. */
  hasParentLease({ parentShardIds }: Lease): boolean {
    return parentShardIds.some((parent) => this.#leases.has(parent))
  }

  childrenHaveBegun({ shardId }: Lease): boolean {
    const children = this.#childrenOf(shardId)
    return children.length > 0 && children.every((child) => hasBegun(this.#leases.get(child)))
  }

  /** Retention has passed over the shard, and whatever followed it has a lease or is gone too. */
  isGone({ shardId }: Lease): boolean {
    if (this.#listed === undefined || this.#listed.has(shardId)) return false
    const listed = this.#listed
    return this.#childrenOf(shardId).every((child) => this.#leases.has(child) || !listed.has(child))
  }

  #add(parent: string, children: readonly string[]): void {
    const known = this.#children.get(parent) ?? new Set()
    for (const child of children) known.add(child)
    this.#children.set(parent, known)
  }

  #childrenOf(shardId: string): string[] {
    return [...(this.#children.get(shardId) ?? [])]
  }
}

/** As in KCL, LATEST counts as begun: nothing before it is owed. */
function hasBegun(lease: Lease | undefined): boolean {
  const at = lease?.checkpoint.sequenceNumber
  return at !== undefined && at !== 'TRIM_HORIZON' && at !== 'AT_TIMESTAMP'
}
