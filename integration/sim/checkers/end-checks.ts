/** Judged once a history has healed and drained: S1, S13, S17, L13. */
import type { kinesis } from '@millrace/core'
import { uncovered } from './coverage.ts'
import { holderOf, isEnded, type LeaseRow } from './lease-row.ts'
import type { Ledger, PutRecord } from './ledger.ts'
import type { Report } from './report.ts'

export function checkAccount(ledger: Ledger, report: Report): void {
  const undone = ledger.undone()
  if (undone.length > 0) {
    report('S1', `${undone.length} acked records were never done`, { ids: undone.slice(0, 10) })
  }
  const pending = ledger.puts.filter(({ settled }) => settled === 'pending')
  if (pending.length > 0) report('S17', `${pending.length} puts never settled`)
  const count = (how: PutRecord['settled']): number =>
    ledger.puts.filter(({ settled }) => settled === how).length
  if (count('failed') > count('acked')) {
    report('S18', `${count('failed')} puts failed, ${count('acked')} were acked`)
  }
}

/** Every hash key belongs to a lease that has not ended: nothing of the stream is left unread. */
export function checkCoverage(rows: ReadonlyMap<string, LeaseRow>, report: Report): void {
  const [hole] = uncovered(rows.values())
  if (hole !== undefined) report('S13', `no lease covers the hash key ${hole.start}`)
}

/** A worker that stopped in order has given every lease away. */
export function checkHandedOver(
  rows: ReadonlyMap<string, LeaseRow>,
  workerId: string,
  report: Report,
): void {
  for (const [shardId, row] of rows) {
    if (isEnded(row) || holderOf(row) !== workerId) continue
    report('L3', `${shardId}: ${workerId} stopped without handing it over`)
  }
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
