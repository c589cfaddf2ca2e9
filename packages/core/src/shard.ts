/** A shard as the stream model sees it: where it lies in the key space and whom it came from. */
import { InvalidStreamModelError } from './errors.ts'
import type { ChildShard, HashKeyRange, ServiceShard } from './ports/kinesis.ts'

/** Largest hash key: 2^128 - 1. @public */
export const MAX_HASH_KEY: bigint = (1n << 128n) - 1n

/** Both ends are inclusive. @public */
export interface ShardHashKeyRange {
  readonly start: bigint
  readonly end: bigint
}

/** @public */
export interface Shard {
  readonly shardId: string
  /** None for an original shard, one after a split, two after a merge. */
  readonly parentShardIds: readonly string[]
  readonly hashKeyRange: ShardHashKeyRange
  readonly startingSequenceNumber: string
  /** Present once the shard is closed. */
  readonly endingSequenceNumber: string | undefined
}

export function isOpen(shard: Shard): boolean {
  return shard.endingSequenceNumber === undefined
}

export function shardFromService(shard: ServiceShard): Shard {
  const parents: string[] = []
  if (shard.ParentShardId !== undefined) parents.push(shard.ParentShardId)
  if (shard.AdjacentParentShardId !== undefined) parents.push(shard.AdjacentParentShardId)
  return {
    shardId: shard.ShardId,
    parentShardIds: parents,
    hashKeyRange: hashKeyRangeFromService(shard.ShardId, shard.HashKeyRange),
    startingSequenceNumber: shard.SequenceNumberRange.StartingSequenceNumber,
    endingSequenceNumber: shard.SequenceNumberRange.EndingSequenceNumber,
  }
}

/** What a closed shard's last page says of a child: no sequence numbers yet. */
export function childShardFromService(child: ChildShard): {
  readonly shardId: string
  readonly parentShardIds: readonly string[]
  readonly hashKeyRange: ShardHashKeyRange
} {
  return {
    shardId: child.ShardId,
    parentShardIds: [...child.ParentShards],
    hashKeyRange: hashKeyRangeFromService(child.ShardId, child.HashKeyRange),
  }
}

export function hashKeyRangeFromService(shardId: string, range: HashKeyRange): ShardHashKeyRange {
  const start = parseHashKey(range.StartingHashKey)
  const end = parseHashKey(range.EndingHashKey)
  if (start === undefined || end === undefined || start > end) {
    throw new InvalidStreamModelError(
      `Shard ${shardId} has the hash key range ${range.StartingHashKey} to ${range.EndingHashKey}`,
      { hint: 'Check the endpoint: this is not what Amazon Kinesis answers.' },
    )
  }
  return { start, end }
}

/** Canonical or zero-padded decimal text of 0 to 2^128 - 1; undefined for anything else. */
export function parseHashKey(text: string): bigint | undefined {
  // 39 digits hold 2^128 - 1; the length cap keeps BigInt away from hostile megabytes of digits.
  if (!/^[0-9]{1,64}$/.test(text)) return undefined
  const value = BigInt(text)
  return value <= MAX_HASH_KEY ? value : undefined
}

export function rangeHolds(range: ShardHashKeyRange, hashKey: bigint): boolean {
  return hashKey >= range.start && hashKey <= range.end
}
