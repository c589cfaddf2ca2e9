/** Which shard to split and which two to merge. Pure. */
import type { Shard } from '@millrace/core'
import { isOpen } from '@millrace/core/internal'

/** Records of a shard so far. */
export type LoadOf = (shardId: string) => number

export interface SplitChoice {
  readonly shardId: string
  /** First hash key of the upper half. */
  readonly newStartingHashKey: string
}

/** The open shard with the most records, in the middle; undefined when none is wide enough. */
export function chooseSplit(shards: readonly Shard[], loadOf: LoadOf): SplitChoice | undefined {
  const candidates = shards
    .filter(isOpen)
    .filter(({ hashKeyRange: { start, end } }) => end - start >= 4n)
    .sort((a, b) => loadOf(b.shardId) - loadOf(a.shardId))
  const [fullest] = candidates
  if (fullest === undefined) return undefined
  const { start, end } = fullest.hashKeyRange
  return {
    shardId: fullest.shardId,
    newStartingHashKey: String(start + (end - start + 1n) / 2n),
  }
}

/**
 * Two neighbours with the fewest records together, original shards before children of the split,
 * so that the lineage has both a split and a merge side by side when there are shards enough.
 */
export function chooseMerge(
  shards: readonly Shard[],
  loadOf: LoadOf,
): readonly [string, string] | undefined {
  const open = shards
    .filter(isOpen)
    .sort((a, b) => (a.hashKeyRange.start < b.hashKeyRange.start ? -1 : 1))
  const pairs: { readonly pair: readonly [Shard, Shard]; readonly cost: readonly number[] }[] = []
  for (const [i, upper] of open.entries()) {
    const lower = open[i - 1]
    if (lower === undefined || lower.hashKeyRange.end + 1n !== upper.hashKeyRange.start) continue
    const children = [lower, upper].filter(({ parentShardIds }) => parentShardIds.length > 0)
    const cost = [children.length, loadOf(lower.shardId) + loadOf(upper.shardId)]
    pairs.push({ pair: [lower, upper], cost })
  }
  pairs.sort((a, b) => (a.cost[0] ?? 0) - (b.cost[0] ?? 0) || (a.cost[1] ?? 0) - (b.cost[1] ?? 0))
  const [best] = pairs
  return best === undefined ? undefined : [best.pair[0].shardId, best.pair[1].shardId]
}
