/** Makes sure that the lease table is there, is one, and may be written to. KCL: start-up steps. */
import { isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { LeaseTableError } from '../errors.ts'
import { joinGeneration, refuseOlderGeneration } from './generation.ts'
import type { LeaseTableOptions } from './lease-table-options.ts'
import { addIndexInput, createTableInput, judgeTable } from './table-shape.ts'

const POLL_MS = 1000

/**
 * Creates the table when it is absent and refuses one that belongs to something else.
 *
 * @throws LeaseTableError for a table that is not a lease table, belongs to KCL 2.x or is half migrated
 * @throws ServiceError when DynamoDB refuses
 */
export async function ensureLeaseTable(
  options: LeaseTableOptions,
  signal: AbortSignal,
): Promise<void> {
  await refuseHalfMigrated(options, signal)
  await untilReady(options, signal)
  await joinGeneration(options, signal)
}

/** KCL 3.0 to 3.4 kept coordinator state in a table of its own; only it can end that migration. */
async function refuseHalfMigrated(options: LeaseTableOptions, signal: AbortSignal): Promise<void> {
  const legacyTable = `${options.tableName}-CoordinatorState`
  try {
    await options.dynamo.describeTable({ TableName: legacyTable }, callOptions(options, signal))
  } catch (cause) {
    if (isServiceError(cause) && cause.kind === 'missing') return
    // A policy that names one table only denies this look; such a fleet has no legacy table.
    if (isServiceError(cause) && cause.kind === 'denied') {
      options.logger.warn({ table: legacyTable }, 'may not look for a legacy coordinator table')
      return
    }
    throw cause
  }
  throw new LeaseTableError(
    options.tableName,
    `the legacy table ${legacyTable} exists: the migration from KCL 3.0-3.4 is not finished`,
    'Finish the move to a single lease table with KCL 3.5, delete the legacy tables, then start again.',
  )
}

async function untilReady(options: LeaseTableOptions, signal: AbortSignal): Promise<void> {
  const { dynamo, tableName, logger } = options
  let judged = false
  for (;;) {
    const table = await describe(options, signal)
    if (table === undefined) {
      logger.info({ table: tableName }, 'creating the lease table')
      await unlessInUse(() =>
        dynamo.createTable(createTableInput(tableName), callOptions(options, signal)),
      )
      await sleep(POLL_MS, signal)
      continue
    }
    const verdict = judgeTable(table)
    // Before anything is changed: a table that must be refused is left as it was found.
    if (!judged && verdict !== 'wait' && verdict !== 'not-a-lease-table') {
      await refuseOlderGeneration(options, signal)
      judged = true
    }
    switch (verdict) {
      case 'ready':
        return
      case 'not-a-lease-table':
        throw new LeaseTableError(
          tableName,
          'its key is not leaseKey alone, so it is not a lease table',
          'Choose another applicationName: it names the lease table.',
        )
      case 'add-index':
        logger.info({ table: tableName }, 'adding the lease owner index')
        await unlessInUse(() =>
          dynamo.updateTable(addIndexInput(table), callOptions(options, signal)),
        )
        break
      case 'wait':
        break
    }
    await sleep(POLL_MS, signal)
  }
}

async function describe(
  options: LeaseTableOptions,
  signal: AbortSignal,
): Promise<Parameters<typeof judgeTable>[0] | undefined> {
  try {
    const input = { TableName: options.tableName }
    return (await options.dynamo.describeTable(input, callOptions(options, signal))).Table
  } catch (cause) {
    if (isServiceError(cause) && cause.kind === 'missing') return undefined
    throw cause
  }
}

async function unlessInUse(call: () => Promise<unknown>): Promise<void> {
  try {
    await call()
  } catch (cause) {
    // Another worker was faster: its table is as good as ours.
    if (!isServiceError(cause) || cause.kind !== 'in-use') throw cause
  }
}

function callOptions(
  options: LeaseTableOptions,
  signal: AbortSignal,
): { readonly signal: AbortSignal; readonly timeoutMs: number } {
  return { signal, timeoutMs: options.requestTimeoutMs }
}
