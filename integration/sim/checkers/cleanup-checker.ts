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
    const at = rows.get(ShardId)?.checkpoint.sequenceNumber ?? 'nothing'
    if (at === 'nothing' || at === 'TRIM_HORIZON' || at === 'AT_TIMESTAMP') {
      report('S14', `${shardId}: its lease was deleted while its child ${ShardId} stood at ${at}`)
    }
  }
}
