/** Is this record an aggregate, and may every user record in it be delivered? All or nothing. */
import { type DecodeBudget, decodeBudget } from './budget.ts'
import { CHECKSUM_BYTES, checksumHolds, MAGIC_BYTES, startsAsAggregate } from './format.ts'
import { KeySpanList } from './key-spans.ts'
import { type AggregateLayout, type Gathered, layoutOf } from './layout.ts'
import type { MalformedReason } from './malformed.ts'
import { scanCanonical } from './scan-canonical.ts'
import { scanLegal } from './scan-legal.ts'

const gathered: Gathered = {
  partitionKeys: new KeySpanList(),
  hashKeys: new KeySpanList(),
  records: 0,
  extras: 0,
  largestKeyIndex: -1,
  largestHashKeyIndex: -1,
}

/**
 * @param maxUserRecords see `DeaggregateOptions`
 * @returns undefined for a plain record, a reason for a malformed aggregate
 */
export function scanAggregate(
  data: Buffer,
  maxUserRecords: number,
): AggregateLayout | MalformedReason | undefined {
  if (!startsAsAggregate(data)) return undefined
  if (!checksumHolds(data)) return 'checksum'
  try {
    return scanMessage(data, decodeBudget(data.length, maxUserRecords))
  } finally {
    clearGathered()
  }
}

function scanMessage(data: Buffer, budget: DecodeBudget): AggregateLayout | MalformedReason {
  const end = data.length - CHECKSUM_BYTES
  const recordsAt = scanCanonical(data, MAGIC_BYTES, end, budget, gathered)
  if (recordsAt === 'over-budget') return recordsAt
  if (recordsAt !== undefined) return layoutOf(data, gathered, { canonical: true, recordsAt, end })
  clearGathered()
  const fault = scanLegal(data, MAGIC_BYTES, end, budget, gathered)
  if (fault !== undefined) return fault
  return layoutOf(data, gathered, { canonical: false, recordsAt: MAGIC_BYTES, end })
}

function clearGathered(): void {
  gathered.partitionKeys.clear()
  gathered.hashKeys.clear()
  gathered.records = 0
  gathered.extras = 0
  gathered.largestKeyIndex = -1
  gathered.largestHashKeyIndex = -1
}
