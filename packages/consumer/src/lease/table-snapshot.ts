/** A whole scan of the lease table, sorted into what it holds. Pure. */
import type { dynamo } from '@millrace/core'
import { judgeMigrationRow, type MigrationVerdict } from '../lease-table/migration-row.ts'
import { type LeaderRow, readLeaderRow } from './leader-row.ts'
import type { Lease } from './lease.ts'
import { readLeaseRow, type SkippedRow } from './lease-row.ts'
import { isReservedKey, LEADER_KEY, MIGRATION_KEY } from './reserved-keys.ts'
import { readWorkerMetricsRow, type WorkerMetricsRow } from './worker-metrics-row.ts'

const UNREADABLE = 'what KCL always writes is missing'

export interface TableSnapshot {
  /** Ordered by lease key, whatever order the scan had. */
  readonly leases: readonly Lease[]
  readonly workers: readonly WorkerMetricsRow[]
  readonly leader: LeaderRow | undefined
  /** Whether the fleet's generation is still ours; undefined without such a row. */
  readonly generation: MigrationVerdict | undefined
  /** Rows that are left alone. */
  readonly skipped: readonly SkippedRow[]
}

export function snapshotOf(rows: readonly dynamo.Item[]): TableSnapshot {
  const leases: Lease[] = []
  const workers: WorkerMetricsRow[] = []
  const skipped: SkippedRow[] = []
  let leader: LeaderRow | undefined
  let generation: MigrationVerdict | undefined
  for (const row of rows) {
    const reading = readLeaseRow(row)
    const leaseKey = row['leaseKey']?.S ?? ''
    if (reading.kind === 'lease') leases.push(reading.lease)
    else if (reading.kind !== 'other') skipped.push(reading)
    else if (leaseKey === LEADER_KEY) {
      leader = readLeaderRow(row)
      if (leader === undefined) skipped.push({ kind: 'malformed', leaseKey, why: UNREADABLE })
    } else if (leaseKey === MIGRATION_KEY) generation = judgeMigrationRow(row)
    else if (row['entityType']?.S === 'WORKER_METRIC_STATS' && !isReservedKey(leaseKey)) {
      const worker = readWorkerMetricsRow(row)
      if (worker !== undefined) workers.push(worker)
      else skipped.push({ kind: 'malformed', leaseKey, why: UNREADABLE })
    }
  }
  leases.sort((a, b) => (a.leaseKey < b.leaseKey ? -1 : 1))
  workers.sort((a, b) => (a.workerId < b.workerId ? -1 : 1))
  return { leases, workers, leader, generation, skipped }
}
