/** Switches point-in-time recovery on. As in KCL at every start, for a table of any age. */
import { isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { LeaseTableAccess } from './lease-table-access.ts'

/** A new table is unknown to the backup service for a while. */
const POLL_MS = 1000
const PATIENCE_CALLS = 30

/**
 * A worker reads its stream without it, so what stays refused is a warning. KCL does not start.
 *
 * @throws ServiceError that another start may not meet
 */
export async function switchRecoveryOn(
  table: LeaseTableAccess,
  signal: AbortSignal,
): Promise<void> {
  const { dynamo, tableName, requestTimeoutMs: timeoutMs, logger } = table
  const input = {
    TableName: tableName,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  }
  for (let call = 1; ; call++) {
    try {
      await dynamo.updateContinuousBackups?.(input, { signal, timeoutMs })
      return
    } catch (err) {
      if (!isServiceError(err) || err.retryable || signal.aborted) throw err
      if (err.kind !== 'in-use' || call === PATIENCE_CALLS) {
        logger.warn({ table: tableName, err }, 'point-in-time recovery was not switched on')
        return
      }
    }
    await sleep(POLL_MS, signal)
  }
}
