/** Judges the deletion of a lease row: S14. */
import type { kinesis } from '@millrace/core'
import { childrenOf } from './coverage.ts'
import type { LeaseRow } from './lease-row.ts'
import type { Report } from './report.ts'

export interface Deletion {
  readonly shardId: string
  readonly was: LeaseRow
  /** The rows that are left. */
  readonly rows: ReadonlyMap<string, LeaseRow>
  /** Shards as the service has them now. */
  readonly shards: readonly kinesis.ServiceShard[]
  /** Rows that an operator has just taken: a leader cannot know yet. */
  readonly lost: ReadonlySet<string>
}

export function checkDeletion(
  { shardId, was, rows, shards, lost }: Deletion,
  report: Report,
): void {
  if (was.checkpoint.sequenceNumber !== 'SHARD_END') {
    report('S14', `${shardId}: its lease was deleted at ${was.checkpoint.sequenceNumber}`)
    return
  }
  if (!shards.some(({ ShardId }) => ShardId === shardId)) return
  const children = childrenOf(shardId, shards)
  if (children.length === 0)
    report('S14', `${shardId}: its lease was deleted before it had children`)
  for (const { ShardId } of children) {
    if (lost.has(ShardId)) continue
    const child = rows.get(ShardId)
    if (child !== undefined && hasBegun(child)) continue
    const at = child?.checkpoint.sequenceNumber ?? 'nothing'
    report('S14', `${shardId}: its lease was deleted while its child ${ShardId} stood at ${at}`)
  }
}

/**
 * S14 wants children to have left their initial position; KCL counts LATEST as left (kcl-leases 6.6),
 * and so do we: a child gets TRIM_HORIZON at its parent's end, so a row at LATEST was made with the
 * table, for a shard that was open then. Nothing that came before is owed to it.
 */
function hasBegun({ checkpoint: { sequenceNumber: at } }: LeaseRow): boolean {
  return at !== 'TRIM_HORIZON' && at !== 'AT_TIMESTAMP'
}
