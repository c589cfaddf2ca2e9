/** Whose table it is, by its rows, before anything is written: another fleet's is left as found. */
import type { dynamo } from '@millrace/core'
import { LeaseTableError } from '../errors.ts'
import { readLeaseRow } from '../lease/lease-row.ts'
import { MIGRATION_KEY } from '../lease/reserved-keys.ts'
import { isFounded, UPGRADE_HINT } from './generation.ts'
import type { LeaseTableAccess } from './lease-table-access.ts'

/** How many rows of a kind a table holds, as far as it was looked at. */
interface Tally {
  single: number
  multi: number
  malformed: number
}

/**
 * - `older`: a fleet of KCL 2.x has leases and no migration row; its workers take leases for
 *   themselves and would fight with a leader
 * - `many-streams`: leases of many streams and none of one. A consumer of one stream would begin
 *   anew beside them, at its initial position
 */
export type TenantVerdict = 'ours' | 'older' | 'many-streams'

/** Where both kinds of leases stand, ours are not begun anew; the others are left alone. Pure. */
export function judgeTenant(tally: Readonly<Tally>, founded: boolean): TenantVerdict {
  if (tally.multi > 0 && tally.single === 0) return 'many-streams'
  return !founded && tally.single + tally.multi + tally.malformed > 0 ? 'older' : 'ours'
}

/** @throws LeaseTableError */
export async function refuseOtherTenants(
  table: LeaseTableAccess,
  signal: AbortSignal,
): Promise<void> {
  const { tableName } = table
  let founded = await isFounded(table, signal)
  const tally = await tallyOf(table, founded, signal)
  // A peer may have founded the fleet, and made leases, between the two reads.
  if (judgeTenant(tally, founded) === 'older') founded = await isFounded(table, signal)
  switch (judgeTenant(tally, founded)) {
    case 'ours':
      return
    case 'older':
      throw new LeaseTableError(
        tableName,
        `it holds leases but no ${MIGRATION_KEY} row: it belongs to KCL 2.x`,
        UPGRADE_HINT,
      )
    case 'many-streams':
      throw new LeaseTableError(
        tableName,
        'its leases are those of a consumer of many streams, which are kept under other keys: a consumer of one stream would not find its positions',
        'Use another applicationName for this stream; positions are not carried over.',
      )
  }
}

/** Of a founded fleet one lease of a single stream says it all. */
async function tallyOf(
  { dynamo, tableName, requestTimeoutMs }: LeaseTableAccess,
  founded: boolean,
  signal: AbortSignal,
): Promise<Tally> {
  const tally: Tally = { single: 0, multi: 0, malformed: 0 }
  let start: dynamo.Item | undefined
  do {
    const page = await dynamo.scan(
      { TableName: tableName, ConsistentRead: true, ExclusiveStartKey: start },
      { signal, timeoutMs: requestTimeoutMs },
    )
    for (const row of page.Items) {
      const { kind } = readLeaseRow(row)
      if (kind === 'lease') tally.single++
      else if (kind === 'multi-stream') tally.multi++
      else if (kind === 'malformed') tally.malformed++
    }
    start = page.LastEvaluatedKey
  } while (start !== undefined && !(founded && tally.single > 0))
  return tally
}
