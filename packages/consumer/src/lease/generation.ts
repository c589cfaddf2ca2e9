/** Joins a fleet that runs KCL 3.x's algorithms, founds one, or refuses an older one untouched. */
import { type dynamo, isServiceError } from '@millrace/core'
import { nowMs } from '@millrace/core/internal'
import { LeaseTableError } from '../errors.ts'
import { readLeaseRow } from './lease-row.ts'
import type { LeaseTableOptions } from './lease-table-options.ts'
import { keyOf } from './lease-writes.ts'
import { judgeMigrationRow, migrationWrite } from './migration-row.ts'
import { MIGRATION_KEY } from './reserved-keys.ts'

const UPGRADE_HINT =
  'Bring the fleet to KCL 3.x first (CLIENT_VERSION_3X), then start Millrace beside it.'

/**
 * A fleet of KCL 2.x has leases and no migration row; its workers take leases for themselves and
 * would fight with a leader.
 *
 * @throws LeaseTableError
 */
export async function refuseOlderGeneration(
  options: LeaseTableOptions,
  signal: AbortSignal,
): Promise<void> {
  if (await founded(options, signal)) return
  let start: dynamo.Item | undefined
  do {
    const page = await options.dynamo.scan(
      { TableName: options.tableName, ConsistentRead: true, ExclusiveStartKey: start },
      { signal, timeoutMs: options.requestTimeoutMs },
    )
    if (page.Items.some((row) => readLeaseRow(row).kind !== 'other')) {
      // A peer may have founded the fleet between the two reads.
      if (await founded(options, signal)) return
      throw new LeaseTableError(
        options.tableName,
        `it holds leases but no ${MIGRATION_KEY} row: it belongs to KCL 2.x`,
        UPGRADE_HINT,
      )
    }
    start = page.LastEvaluatedKey
  } while (start !== undefined)
}

/** Put if absent; a worker that loses the race reads again instead of giving up. */
export async function joinGeneration(
  options: LeaseTableOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!(await founded(options, signal))) {
    try {
      await options.dynamo.putItem(migrationWrite(options.tableName, options.workerId, nowMs()), {
        signal,
        timeoutMs: options.requestTimeoutMs,
      })
    } catch (cause) {
      const answered =
        isServiceError(cause) && (cause.kind === 'condition-failed' || cause.ambiguous)
      if (!answered) throw cause
    }
  }
}

/** True when the migration row lets us run, false when there is none. @throws LeaseTableError */
async function founded(options: LeaseTableOptions, signal: AbortSignal): Promise<boolean> {
  const { Item: row } = await options.dynamo.getItem(
    { TableName: options.tableName, Key: keyOf(MIGRATION_KEY), ConsistentRead: true },
    { signal, timeoutMs: options.requestTimeoutMs },
  )
  if (row === undefined) return false
  const verdict = judgeMigrationRow(row)
  if (verdict.kind === 'run') return true
  throw new LeaseTableError(
    options.tableName,
    `row ${MIGRATION_KEY} says ${JSON.stringify(verdict.clientVersion)}: ${verdict.why}`,
    UPGRADE_HINT,
  )
}
