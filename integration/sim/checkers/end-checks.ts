/** Judged once a history has healed and drained: S1, S13, S17, L13. */
import type { kinesis } from '@millrace/core'
import { uncovered } from './coverage.ts'
import type { LeaseRow } from './lease-row.ts'
import type { Ledger } from './ledger.ts'
import type { Report } from './table-checker.ts'

export function checkAccount(ledger: Ledger, report: Report): void {
  const undone = ledger.undone()
  if (undone.length > 0) {
    report('S1', `${undone.length} acked records were never done`, { ids: undone.slice(0, 10) })
  }
  const pending = ledger.puts.filter(({ settled }) => settled === 'pending')
  if (pending.length > 0) report('S17', `${pending.length} puts never settled`)
}

/** Every hash key belongs to a lease that has not ended: nothing of the stream is left unread. */
export function checkCoverage(rows: ReadonlyMap<string, LeaseRow>, report: Report): void {
  const [hole] = uncovered(rows.values())
  if (hole !== undefined) report('S13', `no lease covers the hash key ${hole.start}`)
}

/** Shards that nobody serves although their parents have ended. */
export function unserved(
  rows: ReadonlyMap<string, LeaseRow>,
  shards: readonly kinesis.ServiceShard[],
): string[] {
  return shards
    .filter(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined)
    .filter(({ ShardId }) => rows.get(ShardId)?.owner === undefined)
    .map(({ ShardId }) => ShardId)
}
