/** Leases for a stream that has none yet. Pure. KCL: `EmptyLeaseTableSynchronizer`. */
import { type ExtendedSequenceNumber, MAX_HASH_KEY, type Shard } from '@millrace/core'
import type { ShardFilter } from '@millrace/core/internal'
import type { NewLease } from '../lease/lease.ts'
import type { InitialPosition } from '../options.ts'

/** The shards that were open at the initial position. */
export function initialShardFilter(position: InitialPosition): ShardFilter {
  if (position === 'TRIM_HORIZON') return { Type: 'AT_TRIM_HORIZON' }
  if (position === 'LATEST') return { Type: 'AT_LATEST' }
  return { Type: 'AT_TIMESTAMP', Timestamp: position.atTimestamp }
}

export function initialCheckpoint(position: InitialPosition): ExtendedSequenceNumber {
  const sequenceNumber = typeof position === 'string' ? position : 'AT_TIMESTAMP'
  return { sequenceNumber, subSequenceNumber: 0 }
}

export function initialLeases(shards: readonly Shard[], position: InitialPosition): NewLease[] {
  const checkpoint = initialCheckpoint(position)
  return [...shards]
    .sort((a, b) => (a.shardId < b.shardId ? -1 : 1))
    .map((shard) => newLeaseOf(shard, checkpoint))
}

export function newLeaseOf(
  shard: Pick<Shard, 'shardId' | 'parentShardIds' | 'hashKeyRange'>,
  checkpoint: ExtendedSequenceNumber,
  leaseOwner?: string,
): NewLease {
  return {
    leaseKey: shard.shardId,
    checkpoint,
    parentShardIds: shard.parentShardIds,
    hashKeyRange: shard.hashKeyRange,
    leaseOwner,
  }
}

/** True when the ranges leave no hash key of the stream out; overlaps do no harm. */
export function coverEveryHashKey(shards: readonly Pick<Shard, 'hashKeyRange'>[]): boolean {
  const ranges = shards
    .map(({ hashKeyRange }) => hashKeyRange)
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
  let next = 0n
  for (const { start, end } of ranges) {
    if (start > next) return false
    if (end >= next) next = end + 1n
  }
  return next > MAX_HASH_KEY
}
