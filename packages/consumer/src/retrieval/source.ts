/** Port: where the records of one shard come from, in order, page by page. */
import type { KinesisRecord } from '@millrace/core/internal'
import type { ChildOfShard } from '../shard-sync/shard-end-plan.ts'
import type { PageHold } from './read-budget.ts'

export interface Page {
  readonly records: readonly KinesisRecord[]
  /** Data of the records, bytes. */
  readonly bytes: number
  readonly millisBehindLatest: number | undefined
  /** True when the reply itself proved that nothing follows. */
  readonly atShardEnd: boolean
  /** Its place in the read budget, given back when its last record is handled. */
  readonly hold?: PageHold | undefined
}

/** The shard is closed, or gone, and everything of it was handed out. */
export interface ShardEnd {
  readonly children: readonly ChildOfShard[]
}

export type Reading = Page | ShardEnd

export function isShardEnd(reading: Reading): reading is ShardEnd {
  return 'children' in reading
}

export interface ShardSource {
  /**
   * The next page, as soon as it may be asked for, or the end. One call at a time. Outages are
   * waited out inside.
   *
   * @throws AbortedError once closed, LeaseLostError, InvalidOptionError
   */
  next(): Promise<Reading>
  close(): void
}
