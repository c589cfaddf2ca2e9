/** Who came from whom: parents, children, roots and holes of a shard list. Pure. */
import { InvalidStreamModelError } from './errors.ts'
import { MAX_HASH_KEY, type Shard, type ShardHashKeyRange } from './shard.ts'

export class Lineage {
  readonly #shards: ReadonlyMap<string, Shard>
  readonly #children: ReadonlyMap<string, readonly string[]>

  private constructor(shards: Map<string, Shard>, children: Map<string, readonly string[]>) {
    this.#shards = shards
    this.#children = children
  }

  /**
   * @throws InvalidStreamModelError when a shard id comes twice, or when a shard is its own
   *   ancestor. A parent that is not in the list (trimmed) is fine.
   */
  static from(shards: readonly Shard[]): Lineage {
    const byId = new Map<string, Shard>()
    const children = new Map<string, string[]>()
    for (const shard of shards) {
      if (byId.has(shard.shardId)) {
        throw new InvalidStreamModelError(`Shard ${shard.shardId} is listed twice`, {
          hint: 'List the shards again from the first page.',
        })
      }
      byId.set(shard.shardId, shard)
      for (const parent of shard.parentShardIds) {
        const siblings = children.get(parent)
        if (siblings === undefined) children.set(parent, [shard.shardId])
        else siblings.push(shard.shardId)
      }
    }
    const lineage = new Lineage(byId, children)
    lineage.#refuseCycles()
    return lineage
  }

  shard(shardId: string): Shard | undefined {
    return this.#shards.get(shardId)
  }

  /** Ids of the children in the list. */
  childrenOf(shardId: string): readonly string[] {
    return this.#children.get(shardId) ?? []
  }

  /** Ids of all parents, whether they are still in the list or not. */
  parentsOf(shardId: string): readonly string[] {
    return this.#shards.get(shardId)?.parentShardIds ?? []
  }

  /** Shards that have no parent in the list. */
  roots(): readonly Shard[] {
    return [...this.#shards.values()].filter((shard) =>
      shard.parentShardIds.every((parent) => !this.#shards.has(parent)),
    )
  }

  /** True if `ancestorId` is reached from `shardId` by going to parents. */
  descendsFrom(shardId: string, ancestorId: string): boolean {
    const seen = new Set<string>()
    const open = [...this.parentsOf(shardId)]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (id === ancestorId) return true
      if (seen.has(id)) continue
      seen.add(id)
      open.push(...this.parentsOf(id))
    }
    return false
  }

  #refuseCycles(): void {
    const finished = new Set<string>()
    for (const start of this.#shards.keys()) {
      // Iterative depth-first walk to the parents: a hostile list of 100,000 shards in one line
      // must not overflow the stack.
      const path: { id: string; next: number }[] = [{ id: start, next: 0 }]
      const onPath = new Set([start])
      for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
        const parent = finished.has(step.id) ? undefined : this.parentsOf(step.id)[step.next++]
        if (parent === undefined) {
          finished.add(step.id)
          onPath.delete(step.id)
          path.pop()
        } else if (onPath.has(parent)) {
          throw new InvalidStreamModelError(`Shard ${parent} is its own ancestor`, {
            hint: 'Check the endpoint: this is not what Amazon Kinesis answers.',
          })
        } else {
          onPath.add(parent)
          path.push({ id: parent, next: 0 })
        }
      }
    }
  }
}

/** Parts of the key space 0 to 2^128 - 1 that no range covers, in order. Overlaps are fine. */
export function holesBetween(ranges: readonly ShardHashKeyRange[]): readonly ShardHashKeyRange[] {
  const sorted = [...ranges].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
  const holes: ShardHashKeyRange[] = []
  let next = 0n
  for (const range of sorted) {
    if (range.start > next) holes.push({ start: next, end: range.start - 1n })
    if (range.end >= next) next = range.end + 1n
  }
  if (next <= MAX_HASH_KEY) holes.push({ start: next, end: MAX_HASH_KEY })
  return holes
}
