/** The six shard filters of ListShards, exact. Pure. */
import type { kinesis } from '@millrace/core'
import { invalidArgument, invalidField } from './refusals.ts'
import type { ShardStore } from './shard-store.ts'

/** A checked filter, small enough to travel in a page token. */
export interface ResolvedShardFilter {
  readonly type: kinesis.ShardFilterType
  /** Of AFTER_SHARD_ID; empty otherwise. */
  readonly shardId: string
  /** Of AT_TIMESTAMP and FROM_TIMESTAMP; 0 otherwise. */
  readonly timeMs: number
}

/** What a filter is judged against. */
export interface RetentionView {
  readonly streamCreatedMs: number
  /** Oldest instant that retention still covers. */
  readonly horizonMs: number
}

const OPERATION = 'ListShards'
/** What the service does without a filter. */
const ALL: ResolvedShardFilter = { type: 'FROM_TRIM_HORIZON', shardId: '', timeMs: 0 }
const TYPES: ReadonlySet<string> = new Set<kinesis.ShardFilterType>([
  'AFTER_SHARD_ID',
  'AT_TRIM_HORIZON',
  'FROM_TRIM_HORIZON',
  'AT_LATEST',
  'AT_TIMESTAMP',
  'FROM_TIMESTAMP',
])

/** @throws ServiceError */
export function resolveShardFilter(filter: kinesis.ShardFilter | undefined): ResolvedShardFilter {
  if (filter === undefined) return ALL
  const { Type: type, ShardId: shardId } = filter
  if (!TYPES.has(type)) {
    throw invalidField(OPERATION, 'shardFilter.type', 'Member must be a shard filter type')
  }
  const timeMs = filter.Timestamp?.getTime()
  if ((type === 'AFTER_SHARD_ID') !== (shardId !== undefined)) {
    throw invalidArgument(OPERATION, `ShardId goes with AFTER_SHARD_ID and only with it: ${type}.`)
  }
  const takesTime = type === 'AT_TIMESTAMP' || type === 'FROM_TIMESTAMP'
  if (takesTime !== (timeMs !== undefined && !Number.isNaN(timeMs))) {
    throw invalidArgument(
      OPERATION,
      `Timestamp goes with AT_TIMESTAMP and FROM_TIMESTAMP and only with them: ${type}.`,
    )
  }
  return { type, shardId: shardId ?? '', timeMs: timeMs ?? 0 }
}

/** Judges one shard that is still within retention. */
export function passesFilter(
  shard: ShardStore,
  filter: ResolvedShardFilter,
  view: RetentionView,
): boolean {
  switch (filter.type) {
    case 'FROM_TRIM_HORIZON':
      return true
    case 'AT_LATEST':
      return shard.isOpen
    case 'AFTER_SHARD_ID':
      return shard.shardId > filter.shardId
    case 'AT_TRIM_HORIZON':
      return wasOpenAtHorizon(shard, view)
    case 'AT_TIMESTAMP':
      if (isBeforeHorizon(filter.timeMs, view)) return wasOpenAtHorizon(shard, view)
      return shard.createdMs <= filter.timeMs && endsAtOrAfter(shard, filter.timeMs)
    case 'FROM_TIMESTAMP':
      return isBeforeHorizon(filter.timeMs, view) || endsAtOrAfter(shard, filter.timeMs)
    default:
      filter.type satisfies never
      return false
  }
}

/** A time that the service corrects to the trim horizon. */
function isBeforeHorizon(timeMs: number, view: RetentionView): boolean {
  return timeMs < Math.max(view.horizonMs, view.streamCreatedMs)
}

/**
 * The set that covers every hash key once at the oldest kept instant. Where the stream is younger
 * than its retention that is its first generation, told by lineage and not by time: a reshard
 * within the stream's first millisecond must not list parents and children together.
 */
function wasOpenAtHorizon(shard: ShardStore, view: RetentionView): boolean {
  if (view.horizonMs < view.streamCreatedMs) return shard.parents.length === 0
  // A shard that was closed by then has left retention, and with it the list.
  return shard.createdMs <= view.horizonMs
}

function endsAtOrAfter(shard: ShardStore, timeMs: number): boolean {
  return shard.closedMs === undefined || shard.closedMs >= timeMs
}
