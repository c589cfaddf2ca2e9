/** A whole scan of the lease table, sorted into what it holds. Pure. */
import type { dynamo } from '@millrace/core'
import { type LeaderRow, readLeaderRow } from './leader-row.ts'
import type { Lease } from './lease.ts'
import { readLeaseRow } from './lease-row.ts'
import { LEADER_KEY } from './reserved-keys.ts'
import { readWorkerMetricsRow, type WorkerMetricsRow } from './worker-metrics-row.ts'

export interface TableSnapshot {
  /** Ordered by lease key, whatever order the scan had. */
  readonly leases: readonly Lease[]
  readonly workers: readonly WorkerMetricsRow[]
  readonly leader: LeaderRow | undefined
  readonly malformed: readonly { readonly leaseKey: string; readonly why: string }[]
}

export function snapshotOf(rows: readonly dynamo.Item[]): TableSnapshot {
  const leases: Lease[] = []
  const workers: WorkerMetricsRow[] = []
  const malformed: { leaseKey: string; why: string }[] = []
  let leader: LeaderRow | undefined
  for (const row of rows) {
    const reading = readLeaseRow(row)
    if (reading.kind === 'lease') leases.push(reading.lease)
    else if (reading.kind === 'malformed') {
      malformed.push({ leaseKey: reading.leaseKey, why: reading.why })
    } else if (row['entityType']?.S === 'WORKER_METRIC_STATS') {
      const worker = readWorkerMetricsRow(row)
      if (worker !== undefined) workers.push(worker)
    } else if (row['leaseKey']?.S === LEADER_KEY) leader = readLeaderRow(row)
  }
  leases.sort((a, b) => (a.leaseKey < b.leaseKey ? -1 : 1))
  workers.sort((a, b) => (a.workerId < b.workerId ? -1 : 1))
  return { leases, workers, leader, malformed }
}
