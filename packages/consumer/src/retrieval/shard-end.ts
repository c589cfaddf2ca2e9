/** Has this shard ended, and which shards follow it? Pure. */
import type { Shard } from '@millrace/core'
import { type ChildShard, childShardFromService, isOpen } from '@millrace/core/internal'
import type { ChildOfShard } from '../shard-sync/shard-end-plan.ts'
import type { ShardEnd } from './source.ts'

/**
 * The end as the last reply tells it, undefined when the reply proves nothing: a reply without a
 * next iterator may be malformed, and some emulators leave the children out.
 */
export function endInReply(
  shardId: string,
  childShards: readonly ChildShard[] | undefined,
): ShardEnd | undefined {
  if (childShards === undefined || childShards.length === 0) return undefined
  const children = childShards.map(childShardFromService)
  return children.every((child) => child.parentShardIds.includes(shardId))
    ? { children }
    : undefined
}

/** What a listing says of the shard. `absent`: retention has passed over it. */
export function shardInListing(
  shardId: string,
  shards: readonly Shard[],
): 'open' | 'closed' | 'absent' {
  const shard = shards.find((candidate) => candidate.shardId === shardId)
  if (shard === undefined) return 'absent'
  return isOpen(shard) ? 'open' : 'closed'
}

/** Children as a listing shows them, also of a shard that is not listed any more. */
export function childrenInListing(
  shardId: string,
  shards: readonly Shard[],
): readonly ChildOfShard[] {
  return shards.filter((shard) => shard.parentShardIds.includes(shardId))
}
