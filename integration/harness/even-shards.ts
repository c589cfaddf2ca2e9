/** A stream of open shards that divide the key space evenly. */
import { MAX_HASH_KEY, type Shard, ShardMap } from '@millrace/core'

export function evenShards(count: number): ShardMap {
  const width = (MAX_HASH_KEY + 1n) / BigInt(count)
  return ShardMap.from(
    Array.from(
      { length: count },
      (_, i): Shard => ({
        shardId: `shardId-${String(i).padStart(12, '0')}`,
        parentShardIds: [],
        hashKeyRange: {
          start: width * BigInt(i),
          end: i === count - 1 ? MAX_HASH_KEY : width * BigInt(i + 1) - 1n,
        },
        startingSequenceNumber: '0',
        endingSequenceNumber: undefined,
      }),
    ),
  )
}
