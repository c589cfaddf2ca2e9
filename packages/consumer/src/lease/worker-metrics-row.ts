/**
 * The worker-metrics row: the sign of life of a worker. We measure no CPU yet, so the maps are
 * empty, which KCL reads as its default metric and balances by count or throughput. Pure.
 */
import type { dynamo } from '@millrace/core'
import { keyOf } from './lease-writes.ts'

export interface WorkerMetricsRow {
  readonly workerId: string
  /** Last update, epoch seconds of the writer's wall clock. */
  readonly lastUpdateSeconds: number
}

/** KCL's window: twice its report period of 30 s. */
export const FRESH_FOR_MS = 60_000
/** Support code: this worker tolerates rows that are not leases in the lease table. */
const SINGLE_TABLE_SUPPORT = '1'

export function readWorkerMetricsRow(row: dynamo.Item): WorkerMetricsRow | undefined {
  const workerId = row['leaseKey']?.S
  const lastUpdateSeconds = Number(row['lut']?.N)
  if (workerId === undefined || !Number.isFinite(lastUpdateSeconds)) return undefined
  return { workerId, lastUpdateSeconds }
}

/**
 * By the wall clocks of two machines, because the row holds nothing else; KCL's window is wide. A
 * row from the future is as doubtful as an old one.
 */
export function isFresh(row: WorkerMetricsRow, nowMs: number): boolean {
  return Math.abs(Math.floor(nowMs / 1000) - row.lastUpdateSeconds) * 1000 <= FRESH_FOR_MS
}

export function workerMetricsWrite(
  tableName: string,
  workerId: string,
  nowMs: number,
): dynamo.UpdateItemInput {
  const seconds = { N: String(Math.floor(nowMs / 1000)) }
  return {
    TableName: tableName,
    Key: keyOf(workerId),
    UpdateExpression:
      'SET opr = :opr, sts = :sts, entityType = :type, lut = :now, slu = :now, sup = :sup',
    ExpressionAttributeValues: {
      ':opr': { M: {} },
      ':sts': { M: {} },
      ':type': { S: 'WORKER_METRIC_STATS' },
      ':now': seconds,
      ':sup': { N: SINGLE_TABLE_SUPPORT },
    },
  }
}

/** On a clean stop. Conditional as KCL's, so that a successor with the same id keeps its row. */
export function workerMetricsDelete(
  tableName: string,
  row: WorkerMetricsRow,
): dynamo.DeleteItemInput {
  return {
    TableName: tableName,
    Key: keyOf(row.workerId),
    ConditionExpression: 'lut = :seen AND attribute_exists(leaseKey)',
    ExpressionAttributeValues: { ':seen': { N: String(row.lastUpdateSeconds) } },
  }
}
