/** What a split or a merge would do, or why the service refuses it. Pure. */
import type { kinesis, ShardHashKeyRange } from '@millrace/core'
import { parseHashKey } from '@millrace/core/internal'
import { inUse, invalidArgument, invalidField, notFound } from './refusals.ts'
import type { ShardStore } from './shard-store.ts'

export interface ReshardPlan {
  readonly parents: readonly ShardStore[]
  readonly children: readonly ShardHashKeyRange[]
}

/** What the rules need to see of a stream. */
export interface ReshardView {
  /** `stream NAME under account ACCOUNT` */
  readonly label: string
  readonly status: string
  readonly mode: kinesis.StreamMode
  shard(shardId: string): ShardStore | undefined
}

/** @throws ServiceError */
export function planSplit(view: ReshardView, input: kinesis.SplitShardInput): ReshardPlan {
  const operation = 'SplitShard'
  refuseOnDemand(operation, view)
  const key = parseHashKey(input.NewStartingHashKey)
  if (key === undefined) {
    throw invalidField(operation, 'newStartingHashKey', 'Member must be a hash key below 2^128')
  }
  const shard = openShard(operation, view, input.ShardToSplit)
  const { start, end } = shard.range
  if (key <= start + 1n || key >= end) {
    throw invalidArgument(
      operation,
      `NewStartingHashKey ${input.NewStartingHashKey} used in SplitShard() on shard ${shard.shardId} in ${view.label} is not both greater than one plus the shard's StartingHashKey ${start} and less than the shard's EndingHashKey ${end}.`,
    )
  }
  refuseUnlessActive(operation, view)
  return {
    parents: [shard],
    children: [
      { start, end: key - 1n },
      { start: key, end },
    ],
  }
}

/** @throws ServiceError */
export function planMerge(view: ReshardView, input: kinesis.MergeShardsInput): ReshardPlan {
  const operation = 'MergeShards'
  refuseOnDemand(operation, view)
  const shard = openShard(operation, view, input.ShardToMerge)
  const adjacent = openShard(operation, view, input.AdjacentShardToMerge)
  const [lower, upper] =
    shard.range.start < adjacent.range.start ? [shard, adjacent] : [adjacent, shard]
  if (lower.range.end + 1n !== upper.range.start) {
    throw invalidArgument(
      operation,
      `Shards ${shard.shardId} and ${adjacent.shardId} in ${view.label} are not an adjacent pair of shards eligible for merging`,
    )
  }
  refuseUnlessActive(operation, view)
  return {
    parents: [shard, adjacent],
    children: [{ start: lower.range.start, end: upper.range.end }],
  }
}

function openShard(operation: string, view: ReshardView, shardId: string): ShardStore {
  const shard = view.shard(shardId)
  if (shard === undefined) {
    throw notFound(operation, `Could not find shard ${shardId} in ${view.label}.`)
  }
  if (shard.isOpen) return shard
  throw invalidArgument(
    operation,
    `Shard ${shardId} in ${view.label} has already been merged or split, and thus is not eligible for merging or splitting.`,
  )
}

function refuseUnlessActive(operation: string, view: ReshardView): void {
  if (view.status === 'ACTIVE') return
  throw inUse(operation, `${view.label} is not ACTIVE, instead in state ${view.status}.`)
}

function refuseOnDemand(operation: string, view: ReshardView): void {
  if (view.mode === 'PROVISIONED') return
  throw invalidField(operation, 'streamName', 'Stream must be in provisioned capacity mode')
}
