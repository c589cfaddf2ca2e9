/** Is this record an aggregate, and may every user record in it be delivered? All or nothing. */
import { type DecodeBudget, decodeBudget } from './budget.ts'
import { checksumHolds, type KnownChecksum } from './checksums.ts'
import { CHECKSUM_BYTES, MAGIC_BYTES, startsAsAggregate } from './format.ts'
import {
  type AggregateLayout,
  clearGathered,
  type Gathered,
  layoutOf,
  newGathered,
} from './layout.ts'
import type { MalformedReason } from './malformed.ts'
import { scanCanonical } from './scan-canonical.ts'
import { scanLegal } from './scan-legal.ts'
import { WireReader } from './wire-reader.ts'

const gathered: Gathered = newGathered()

/**
 * @param maxUserRecords see `DeaggregateOptions`
 * @param checksum undefined: is looked at here
 * @returns undefined for a plain record, a reason for a malformed aggregate
 */
export function scanAggregate(
  data: Buffer,
  maxUserRecords: number,
  checksum?: KnownChecksum,
): AggregateLayout | MalformedReason | undefined {
  if (!startsAsAggregate(data)) return undefined
  if (checksum === 'fails' || (checksum === undefined && !checksumHolds(data))) return 'checksum'
  try {
    return scanMessage(data, decodeBudget(data.length, maxUserRecords))
  } finally {
    clearGathered(gathered)
  }
}

function scanMessage(data: Buffer, budget: DecodeBudget): AggregateLayout | MalformedReason {
  const end = data.length - CHECKSUM_BYTES
  const recordsAt = scanCanonical(data, MAGIC_BYTES, end, budget, gathered)
  if (recordsAt === 'over-budget') return recordsAt
  if (recordsAt !== undefined) return layoutOf(data, gathered, { canonical: true, recordsAt, end })
  clearGathered(gathered)
  const reader = new WireReader(data)
  reader.at = MAGIC_BYTES
  const fault = scanLegal(reader, end, budget, gathered)
  if (fault !== undefined) return fault
  return layoutOf(data, gathered, { canonical: false, recordsAt: MAGIC_BYTES, end })
}
