/** ListShards: request rules, page tokens and pages. Pure. */
import { type kinesis, ServiceError } from '@millrace/core'
import { LIMITS } from '@millrace/core/internal'
import { invalidArgument, invalidField } from './refusals.ts'
import type { Sealer } from './sealed-text.ts'
import {
  passesFilter,
  type ResolvedShardFilter,
  type RetentionView,
  resolveShardFilter,
} from './shard-filter.ts'
import type { ShardStore } from './shard-store.ts'

/** Where a listing stands. */
export interface Listing {
  readonly filter: ResolvedShardFilter
  /** Shards up to this one were listed; empty at the start. */
  readonly afterShardId: string
}

/** A listing taken up again from a token, which also names its stream. */
export interface ContinuedListing extends Listing {
  readonly streamName: string
  readonly birth: number
}

const OPERATION = 'ListShards'
const KIND = 'shards'
/** Above this the request itself is refused; above `LIMITS.listShardsMaxResults` it is capped. */
const MAX_RESULTS_ALLOWED = 10_000

/** The first page's listing. @throws ServiceError */
export function startListing(input: kinesis.ListShardsInput): Listing {
  return {
    filter: resolveShardFilter(input.ShardFilter),
    afterShardId: input.ExclusiveStartShardId ?? '',
  }
}

/** A later page's listing. @throws ServiceError */
export function continueListing(
  sealer: Sealer,
  token: string,
  input: kinesis.ListShardsInput,
  nowMs: number,
): ContinuedListing {
  for (const field of FIRST_PAGE_ONLY) {
    if (input[field] === undefined) continue
    throw invalidArgument(OPERATION, `NextToken and ${field} cannot be provided together.`)
  }
  const fields = sealer.open(KIND, token)
  if (fields === undefined) throw invalidArgument(OPERATION, 'NextToken is invalid.')
  const [streamName = '', birth, type, shardId = '', timeMs, afterShardId = '', issuedMs] = fields
  if (nowMs - Number(issuedMs) > LIMITS.listShardsTokenLifetimeMs) {
    throw new ServiceError(OPERATION, 'ExpiredNextTokenException', 'The NextToken has expired.')
  }
  return {
    streamName,
    birth: Number(birth),
    filter: { type: type as kinesis.ShardFilterType, shardId, timeMs: Number(timeMs) },
    afterShardId,
  }
}

const FIRST_PAGE_ONLY = ['StreamName', 'StreamARN', 'ExclusiveStartShardId', 'ShardFilter'] as const

export function sealListing(sealer: Sealer, listing: ContinuedListing, nowMs: number): string {
  const { filter } = listing
  return sealer.seal(KIND, [
    listing.streamName,
    listing.birth,
    filter.type,
    filter.shardId,
    filter.timeMs,
    listing.afterShardId,
    nowMs,
  ])
}

/** @throws ServiceError */
export function pageSize(maxResults: number | undefined, pageCap: number): number {
  if (maxResults === undefined) return pageCap
  if (!Number.isInteger(maxResults) || maxResults < 1 || maxResults > MAX_RESULTS_ALLOWED) {
    throw invalidField(OPERATION, 'maxResults', `Member must be 1 to ${MAX_RESULTS_ALLOWED}`)
  }
  return Math.min(maxResults, pageCap)
}

/** The page's shards, and the listing of the next page when more shards follow. */
export function listPage(
  shards: Iterable<ShardStore>,
  listing: Listing,
  size: number,
  view: RetentionView,
): { readonly shards: readonly ShardStore[]; readonly next: Listing | undefined } {
  const page: ShardStore[] = []
  for (const shard of shards) {
    // Ids have fixed width, so text order is the order of their numbers.
    if (shard.shardId <= listing.afterShardId) continue
    if (!passesFilter(shard, listing.filter, view)) continue
    const last = page.at(-1)
    if (page.length === size && last !== undefined) {
      return { shards: page, next: { filter: listing.filter, afterShardId: last.shardId } }
    }
    page.push(shard)
  }
  return { shards: page, next: undefined }
}
