/** Worker-metrics rows for tests of the plan by utilization. */
import type { WorkerMetricsRow } from '../../src/lease/worker-metrics-row.ts'
import type { MetricsStanding } from '../../src/lease/worker-metrics-values.ts'

export interface Reported {
  /** By metric, percent, oldest first. */
  readonly averages: Readonly<Record<string, readonly number[]>>
  readonly limits?: Readonly<Record<string, number>>
  readonly standing?: MetricsStanding
}

export function metricsRow(
  workerId: string,
  { averages, limits = {}, standing = 'measured' }: Reported,
): WorkerMetricsRow {
  return {
    workerId,
    lastUpdateSeconds: 0,
    metrics: {
      standing,
      averages: new Map(Object.entries(averages)),
      limits: new Map(Object.keys(averages).map((name) => [name, limits[name] ?? 100])),
    },
  }
}

/** CPU use as it is now, one row a worker. */
export function cpuRows(percents: Readonly<Record<string, number>>): WorkerMetricsRow[] {
  return Object.entries(percents).map(([id, C]) => metricsRow(id, { averages: { C: [C] } }))
}
