/**
 * The worker-metrics row: the sign of life of a worker, and its load. Without measurements the maps
 * are empty, which KCL reads as its default metric and balances by count or throughput. Pure.
 */
import type { dynamo } from '@millrace/core'
import { keyOf } from './lease-writes.ts'
import {
  metricsAttributes,
  readWorkerMetrics,
  type WorkerMetrics,
} from './worker-metrics-values.ts'

export interface WorkerMetricsRow {
  readonly workerId: string
  /** Last update, epoch seconds of the writer's wall clock. */
  readonly lastUpdateSeconds: number
  readonly metrics: WorkerMetrics
}

/** KCL's window: twice its report period of 30 s. */
export const FRESH_FOR_MS = 60_000
/** Support code: this worker tolerates rows that are not leases in the lease table. */
const SINGLE_TABLE_SUPPORT = '1'

export function readWorkerMetricsRow(row: dynamo.Item): WorkerMetricsRow | undefined {
  const workerId = row['leaseKey']?.S
  const lastUpdateSeconds = Number(row['lut']?.N)
  if (workerId === undefined || !Number.isFinite(lastUpdateSeconds)) return undefined
  return { workerId, lastUpdateSeconds, metrics: readWorkerMetrics(row) }
}

/**
 * By the wall clocks of two machines, because the row holds nothing else; KCL's window is wide. A
 * row from the future is as doubtful as an old one.
 */
export function isFresh(row: Pick<WorkerMetricsRow, 'lastUpdateSeconds'>, nowMs: number): boolean {
  return Math.abs(Math.floor(nowMs / 1000) - row.lastUpdateSeconds) * 1000 <= FRESH_FOR_MS
}

/** @param cpuAverages percent, oldest first, -1 for a period that failed; empty when not measured */
export function workerMetricsWrite(
  tableName: string,
  workerId: string,
  nowMs: number,
  cpuAverages: readonly number[] = [],
): dynamo.UpdateItemInput {
  const seconds = { N: String(Math.floor(nowMs / 1000)) }
  const { sts, opr } = metricsAttributes(cpuAverages)
  return {
    TableName: tableName,
    Key: keyOf(workerId),
    UpdateExpression:
      'SET opr = :opr, sts = :sts, entityType = :type, lut = :now, slu = :now, sup = :sup',
    ExpressionAttributeValues: {
      ':opr': opr,
      ':sts': sts,
      ':type': { S: 'WORKER_METRIC_STATS' },
      ':now': seconds,
      ':sup': { N: SINGLE_TABLE_SUPPORT },
    },
  }
}

/** On a clean stop. Conditional as KCL's, so that a successor with the same id keeps its row. */
export function workerMetricsDelete(
  tableName: string,
  row: Pick<WorkerMetricsRow, 'workerId' | 'lastUpdateSeconds'>,
): dynamo.DeleteItemInput {
  return {
    TableName: tableName,
    Key: keyOf(row.workerId),
    ConditionExpression: 'lut = :seen AND attribute_exists(leaseKey)',
    ExpressionAttributeValues: { ':seen': { N: String(row.lastUpdateSeconds) } },
  }
}
