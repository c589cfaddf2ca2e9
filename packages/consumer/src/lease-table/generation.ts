/** Joins a fleet that runs KCL 3.x's algorithms, or founds one. */
import { isServiceError } from '@millrace/core'
import { nowMs } from '@millrace/core/internal'
import { LeaseTableError } from '../errors.ts'
import { keyOf } from '../lease/lease-writes.ts'
import { MIGRATION_KEY } from '../lease/reserved-keys.ts'
import type { LeaseTableAccess } from './lease-table-access.ts'
import { judgeMigrationRow, type MigrationVerdict, migrationWrite } from './migration-row.ts'

export const UPGRADE_HINT: string =
  'Bring the fleet to KCL 3.x first (CLIENT_VERSION_3X), then start Millrace beside it.'

/** Put if absent; a worker that loses the race reads again instead of giving up. */
export async function joinGeneration(table: LeaseTableAccess, signal: AbortSignal): Promise<void> {
  while (!(await isFounded(table, signal))) {
    try {
      await table.dynamo.putItem(migrationWrite(table.tableName, table.workerId, nowMs()), {
        signal,
        timeoutMs: table.requestTimeoutMs,
      })
    } catch (cause) {
      const answered =
        isServiceError(cause) && (cause.kind === 'condition-failed' || cause.ambiguous)
      if (!answered) throw cause
    }
  }
}

/** True when the migration row lets us run, false when there is none. @throws LeaseTableError */
export async function isFounded(table: LeaseTableAccess, signal: AbortSignal): Promise<boolean> {
  const { Item: row } = await table.dynamo.getItem(
    { TableName: table.tableName, Key: keyOf(MIGRATION_KEY), ConsistentRead: true },
    { signal, timeoutMs: table.requestTimeoutMs },
  )
  if (row === undefined) return false
  const verdict = judgeMigrationRow(row)
  if (verdict.kind === 'run') return true
  throw generationRefused(table.tableName, verdict)
}

/** What a start is refused with, and what ends a worker whose fleet is rolled back beneath it. */
export function generationRefused(
  tableName: string,
  { clientVersion, why }: Extract<MigrationVerdict, { kind: 'refuse' }>,
): LeaseTableError {
  const shown = JSON.stringify(clientVersion.slice(0, LONGEST_SHOWN))
  return new LeaseTableError(tableName, `row ${MIGRATION_KEY} says ${shown}: ${why}`, UPGRADE_HINT)
}

/** Whoever may write the row may write 400 KB there. */
const LONGEST_SHOWN = 64
