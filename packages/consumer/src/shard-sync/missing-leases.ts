/**
 * Leases that a stream with some leases still lacks. Pure. Children of shards that have a lease
 * are made when those shards end; what is made here fills gaps at one level of ancestry.
 * KCL: `NonEmptyLeaseTableSynchronizer`.
 */
import { compareSequenceNumbers, type ExtendedSequenceNumber, type Shard } from '@millrace/core'
import type { NewLease } from '../lease/lease.ts'
import type { InitialPosition } from '../options.ts'
import { initialCheckpoint, newLeaseOf } from './initial-leases.ts'

/**
 * @param leaseKeys shards that have a lease
 * @param endedKeys those of them that are at SHARD_END. Their children had leases: one without is
 *   made here, from its beginning. KCL waits for an owner of the parent, who has gone by then.
 */
export function missingLeases(
  shards: readonly Shard[],
  leaseKeys: ReadonlySet<string>,
  position: InitialPosition,
  endedKeys: ReadonlySet<string> = new Set(),
): NewLease[] {
  const search = new AncestrySearch(shards, { leaseKeys, endedKeys }, position)
  for (const shard of [...shards].sort((a, b) => (a.shardId < b.shardId ? -1 : 1))) {
    if (shard.endingSequenceNumber !== undefined || leaseKeys.has(shard.shardId)) continue
    search.consider(shard)
  }
  return search.leases()
}

interface Keys {
  readonly leaseKeys: ReadonlySet<string>
  readonly endedKeys: ReadonlySet<string>
}

const FROM_ITS_BEGINNING: ExtendedSequenceNumber = {
  sequenceNumber: 'TRIM_HORIZON',
  subSequenceNumber: 0,
}

class AncestrySearch {
  readonly #shards: ReadonlyMap<string, Shard>
  readonly #leaseKeys: ReadonlySet<string>
  readonly #endedKeys: ReadonlySet<string>
  /** Shards of which a child has a lease. */
  readonly #passed: ReadonlySet<string>
  readonly #atInitial: ExtendedSequenceNumber
  readonly #walksBack: boolean
  readonly #childOfKnown: ExtendedSequenceNumber
  readonly #descends = new Map<string, boolean>()
  readonly #marked = new Set<string>()
  readonly #new = new Map<string, ExtendedSequenceNumber>()

  constructor(shards: readonly Shard[], { leaseKeys, endedKeys }: Keys, position: InitialPosition) {
    this.#shards = new Map(shards.map((shard) => [shard.shardId, shard]))
    this.#leaseKeys = leaseKeys
    this.#endedKeys = endedKeys
    this.#passed = new Set(
      shards
        .filter(({ shardId }) => leaseKeys.has(shardId))
        .flatMap(({ parentShardIds }) => parentShardIds),
    )
    this.#atInitial = initialCheckpoint(position)
    this.#walksBack = position !== 'LATEST'
    this.#childOfKnown = typeof position === 'string' ? FROM_ITS_BEGINNING : this.#atInitial
  }

  consider(openShard: Shard): void {
    // Parents before children, so that a lineage of a year does not exhaust the stack.
    for (const ancestor of this.#ancestorsToVisit(openShard)) {
      this.#isDescendant(ancestor.shardId, new Set())
    }
    if (!this.#isDescendant(openShard.shardId, new Set())) {
      this.#new.set(openShard.shardId, this.#atInitial)
    }
  }

  /** In ascending order of starting sequence number: a crash half-way leaves ancestors first. */
  leases(): NewLease[] {
    return [...this.#new]
      .flatMap(([shardId, checkpoint]) => {
        const shard = this.#shards.get(shardId)
        return shard === undefined ? [] : [{ shard, checkpoint }]
      })
      .sort(
        (a, b) =>
          compareSequenceNumbers(a.shard.startingSequenceNumber, b.shard.startingSequenceNumber) ||
          (a.shard.shardId < b.shard.shardId ? -1 : 1),
      )
      .map(({ shard, checkpoint }) => newLeaseOf(shard, checkpoint))
  }

  /** Those that nobody has looked at, up to the nearest with a lease, oldest first. */
  #ancestorsToVisit(shard: Shard): Shard[] {
    const found = new Map<string, Shard>()
    const open = [shard]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (this.#leaseKeys.has(next.shardId)) continue
      for (const parentId of next.parentShardIds) {
        const parent = this.#shards.get(parentId)
        if (parent === undefined || found.has(parentId) || this.#descends.has(parentId)) continue
        found.set(parentId, parent)
        open.push(parent)
      }
    }
    return [...found.values()].sort((a, b) =>
      compareSequenceNumbers(a.startingSequenceNumber, b.startingSequenceNumber),
    )
  }

  /** True when this shard will get its lease from an ancestor that has, or will have, one. */
  #isDescendant(shardId: string, path: Set<string>): boolean {
    const known = this.#descends.get(shardId)
    if (known !== undefined) return known
    const shard = this.#shards.get(shardId)
    // A lineage with a circle in it is a lie of the service; it ends here.
    if (shard === undefined || path.has(shardId)) return false
    const descends =
      this.#leaseKeys.has(shardId) || this.#throughParents(shard, new Set(path).add(shardId))
    this.#descends.set(shardId, descends)
    return descends
  }

  #throughParents(shard: Shard, path: Set<string>): boolean {
    const parents = shard.parentShardIds.filter((parent) => this.#shards.has(parent))
    const good = new Set(
      parents.filter(
        (parent) =>
          this.#isDescendant(parent, path) ||
          // Another child of it has a lease, so it was read and tidied away, or never owed.
          (this.#marked.has(parent) && !this.#passed.has(parent)),
      ),
    )
    if (parents.some((parent) => this.#endedKeys.has(parent))) {
      this.#new.set(shard.shardId, FROM_ITS_BEGINNING)
    }
    if (good.size === 0) {
      if (this.#walksBack) this.#marked.add(shard.shardId)
      return false
    }
    for (const parent of parents) {
      if (this.#leaseKeys.has(parent)) continue
      const isGood = good.has(parent)
      if (!this.#marked.has(parent) && isGood) continue
      this.#new.set(parent, isGood ? this.#childOfKnown : this.#atInitial)
    }
    return true
  }
}
