/** Which hash keys the leases cover, by what their rows say (S13). Pure. */
import { type kinesis, MAX_HASH_KEY } from '@millrace/core'
import { isEnded, type LeaseRow } from './lease-row.ts'

export interface Hole {
  readonly start: bigint
  readonly end: bigint
}

/** Hash keys that belong to no lease which has not ended, in order. */
export function uncovered(rows: Iterable<LeaseRow>): Hole[] {
  const ranges: Hole[] = []
  for (const row of rows) {
    const { startingHashKey, endingHashKey } = row
    if (isEnded(row) || startingHashKey === undefined || endingHashKey === undefined) continue
    ranges.push({ start: BigInt(startingHashKey), end: BigInt(endingHashKey) })
  }
  ranges.sort((a, b) => (a.start < b.start ? -1 : 1))
  const holes: Hole[] = []
  let next = 0n
  for (const { start, end } of ranges) {
    if (start > next) holes.push({ start: next, end: start - 1n })
    if (end >= next) next = end + 1n
  }
  if (next <= MAX_HASH_KEY) holes.push({ start: next, end: MAX_HASH_KEY })
  return holes
}

export function hasRangeOf(
  row: LeaseRow,
  shard: Pick<kinesis.ServiceShard, 'HashKeyRange'>,
): boolean {
  const { StartingHashKey, EndingHashKey } = shard.HashKeyRange
  return row.startingHashKey === StartingHashKey && row.endingHashKey === EndingHashKey
}

export function childrenOf(
  shardId: string,
  shards: readonly kinesis.ServiceShard[],
): kinesis.ServiceShard[] {
  return shards.filter(
    ({ ParentShardId, AdjacentParentShardId }) =>
      ParentShardId === shardId || AdjacentParentShardId === shardId,
  )
}
