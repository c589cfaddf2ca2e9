/** Makes sure that the lease table is there, is one, and may be written to. KCL: start-up steps. */
import { isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { LeaseTableError } from '../errors.ts'
import { joinGeneration } from './generation.ts'
import type { LeaseTableAccess } from './lease-table-access.ts'
import { switchRecoveryOn } from './point-in-time-recovery.ts'
import { isPolicyLack } from './policy-lack.ts'
import { addIndexInput, createTableInput, judgeTable, ownedByQuery } from './table-shape.ts'
import { refuseOtherTenants } from './table-tenant.ts'

/** A table of ours is often ready at once; one on AWS takes seconds. */
const FIRST_POLL_MS = 100
const LONGEST_POLL_MS = 1000

/**
 * Creates the table when it is absent and refuses one that belongs to something else.
 *
 * @throws LeaseTableError for a table that is not a lease table, belongs to KCL 2.x, is half migrated
 *   or holds the leases of many streams
 * @throws ServiceError when DynamoDB refuses
 */
export async function ensureLeaseTable(
  table: LeaseTableAccess,
  signal: AbortSignal,
): Promise<void> {
  await refuseHalfMigrated(table, signal)
  await untilReady(table, signal)
  if (table.wanted.pointInTimeRecovery) await switchRecoveryOn(table, signal)
  await joinGeneration(table, signal)
  // Discovery lives on the index: that the policy leaves it out shows now, not in a loop.
  const query = { ...ownedByQuery(table.tableName, table.workerId), Limit: 1 }
  await table.dynamo.query(query, callOptions(table, signal))
}

/** KCL 3.0 to 3.4 kept coordinator state in a table of its own; only it can end that migration. */
async function refuseHalfMigrated(table: LeaseTableAccess, signal: AbortSignal): Promise<void> {
  const legacyTable = `${table.tableName}-CoordinatorState`
  try {
    await table.dynamo.describeTable({ TableName: legacyTable }, callOptions(table, signal))
  } catch (err) {
    if (isServiceError(err) && err.kind === 'missing') return
    // A policy that names one table only denies this look; such a fleet has no legacy table.
    if (isPolicyLack(err)) {
      table.logger.warn({ table: legacyTable, err }, 'may not look for a legacy coordinator table')
      return
    }
    throw err
  }
  throw new LeaseTableError(
    table.tableName,
    `the legacy table ${legacyTable} exists: the migration from KCL 3.0-3.4 is not finished`,
    'Finish the move to a single lease table with KCL 3.5, delete the legacy tables, then start again.',
  )
}

async function untilReady(table: LeaseTableAccess, signal: AbortSignal): Promise<void> {
  const { dynamo, tableName, logger } = table
  let judged = false
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(LONGEST_POLL_MS, pollMs * 2)) {
    const description = await describe(table, signal)
    if (description === undefined) {
      logger.info({ table: tableName }, 'creating the lease table')
      await create(table, signal)
      await sleep(pollMs, signal)
      continue
    }
    const verdict = judgeTable(description)
    // Before anything is changed: a table that must be refused is left as it was found.
    if (!judged && verdict !== 'wait' && verdict !== 'not-a-lease-table') {
      await refuseOtherTenants(table, signal)
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
          dynamo.updateTable(addIndexInput(description), callOptions(table, signal)),
        )
        break
      case 'wait':
        break
    }
    await sleep(pollMs, signal)
  }
}

/** The service refuses a tagged table as a whole when the policy lacks TagResource only. */
async function create(table: LeaseTableAccess, signal: AbortSignal): Promise<void> {
  const { dynamo, tableName, logger } = table
  const input = createTableInput(tableName, table.wanted)
  try {
    await unlessInUse(() => dynamo.createTable(input, callOptions(table, signal)))
  } catch (cause) {
    if (input.Tags === undefined || !isPolicyLack(cause)) throw cause
    const untagged = createTableInput(tableName, { ...table.wanted, tags: [] })
    await unlessInUse(() => dynamo.createTable(untagged, callOptions(table, signal)))
    logger.warn(
      { table: tableName, tags: input.Tags.map(({ Key }) => Key) },
      'the lease table is made without its tags: the policy does not allow dynamodb:TagResource',
    )
  }
}

async function describe(
  table: LeaseTableAccess,
  signal: AbortSignal,
): Promise<Parameters<typeof judgeTable>[0] | undefined> {
  try {
    const input = { TableName: table.tableName }
    return (await table.dynamo.describeTable(input, callOptions(table, signal))).Table
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
  table: LeaseTableAccess,
  signal: AbortSignal,
): { readonly signal: AbortSignal; readonly timeoutMs: number } {
  return { signal, timeoutMs: table.requestTimeoutMs }
}
