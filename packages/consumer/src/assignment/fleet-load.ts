/**
 * How much each worker carries, in the terms of kcl-leases 4.2 and 4.3: what it measures of itself
 * or else its throughput, and what a lease more would add. KCL: `WorkerMetricStats`,
 * `LeaseAssignmentManager.InMemoryStorageView`.
 */

import type { Lease } from '../lease/lease.ts'
import type { WorkerMetricsRow } from '../lease/worker-metrics-row.ts'
import { type AssignmentInput, aliveWorkers, isHomeless } from './assignment-input.ts'
import { movingAverage } from './moving-average.ts'
import { isBelowFloor } from './throughput-floor.ts'

/**
 * What a worker is measured by that reports nothing: throughput in percent of an equal share. KCL
 * sets a limit of 100, which is the average, so that any difference is past it; here it has none.
 */
export const THROUGHPUT = 'T'

export interface WorkerLoad {
  readonly workerId: string
  readonly leases: Lease[]
  /** Of its leases, kilobytes per second. */
  throughputKBps: number
  /** By short name of the metric, percent. */
  readonly used: Map<string, number>
  readonly limits: ReadonlyMap<string, number>
}

export class FleetLoad {
  /** In the order of their ids. */
  readonly workers: readonly WorkerLoad[]
  /** An equal share of all throughput, kilobytes per second. KCL: `targetAverageThroughput`. */
  readonly shareKBps: number
  /** Nothing tells the workers apart but how many leases they have. */
  readonly isIdle: boolean
  readonly #averageLeaseKBps: number
  readonly #leasesPerWorker: number
  /** Before anything was added: what is added is a share of that. */
  readonly #measured: ReadonlyMap<string, number>

  constructor(leases: readonly Lease[], input: AssignmentInput, emaAlpha: number) {
    // Sums must not depend on the order of a scan.
    const open = [...leases].sort((a, b) => (a.leaseKey < b.leaseKey ? -1 : 1))
    this.#averageLeaseKBps = meanOf(open.map(knownKBps).filter((value) => value !== undefined))
    const rows = new Map(input.metricsRows?.map((row) => [row.workerId, row]))
    const workerIds = aliveWorkers(open, input)
    this.workers = workerIds.map((id) => loadOf(id, rows.get(id), emaAlpha))
    this.shareKBps = (this.#averageLeaseKBps * open.length) / Math.max(1, workerIds.length)
    this.#leasesPerWorker = Math.max(1, Math.floor(open.length / Math.max(1, workerIds.length)))
    const byWorker = new Map(this.workers.map((worker) => [worker.workerId, worker]))
    let homelessKBps = 0
    for (const lease of open) {
      if (isHomeless(lease, input)) {
        homelessKBps += this.throughputOf(lease)
        continue
      }
      // During a handoff the lease weighs on the worker that will have it.
      const worker = byWorker.get(lease.leaseOwner ?? '')
      if (worker === undefined) continue
      worker.leases.push(lease)
      worker.throughputKBps += this.throughputOf(lease)
    }
    const carried = this.workers.map(({ throughputKBps }) => throughputKBps)
    this.isIdle =
      this.shareKBps === 0 ||
      (this.workers.every(({ used }) => used.size === 0) && isBelowFloor(carried, homelessKBps))
    for (const worker of this.workers) {
      if (worker.used.size === 0)
        worker.used.set(THROUGHPUT, this.#percentOf(worker.throughputKBps))
    }
    this.#measured = this.averages()
  }

  /** Of a lease that nobody has measured: the average of the others. */
  throughputOf(lease: Lease): number {
    return knownKBps(lease) ?? this.#averageLeaseKBps
  }

  /** Of each metric, over the workers that report it. */
  averages(): ReadonlyMap<string, number> {
    const values = new Map<string, number[]>()
    for (const { used } of this.workers) {
      for (const [metric, value] of used) {
        const others = values.get(metric)
        if (others === undefined) values.set(metric, [value])
        else others.push(value)
      }
    }
    return new Map([...values].sort().map(([metric, all]) => [metric, meanOf(all)]))
  }

  give(worker: WorkerLoad, lease: Lease): void {
    worker.leases.push(lease)
    this.#shift(worker, lease, 1)
  }

  take(worker: WorkerLoad, lease: Lease): void {
    worker.leases.splice(worker.leases.indexOf(lease), 1)
    this.#shift(worker, lease, -1)
  }

  /** What the lease is expected to add to a metric. */
  weightOf(lease: Lease, metric: string): number {
    const throughput = this.throughputOf(lease)
    if (metric === THROUGHPUT) return this.#percentOf(throughput)
    const average = this.#measured.get(metric) ?? 0
    return this.shareKBps === 0
      ? average / this.#leasesPerWorker
      : (throughput * average) / this.shareKBps
  }

  #shift(worker: WorkerLoad, lease: Lease, sign: 1 | -1): void {
    worker.throughputKBps = Math.max(0, worker.throughputKBps + sign * this.throughputOf(lease))
    for (const [metric, value] of worker.used) {
      worker.used.set(metric, Math.max(0, value + sign * this.weightOf(lease, metric)))
    }
  }

  #percentOf(throughputKBps: number): number {
    return this.isIdle ? 0 : (100 * throughputKBps) / this.shareKBps
  }
}

/** The emptiest first; of those alike the one with the fewest leases, where KCL takes any. */
export function emptiestFirst(
  workers: readonly WorkerLoad[],
  averages: ReadonlyMap<string, number>,
): WorkerLoad[] {
  return workers
    .map((worker) => ({ worker, headroom: headroomOf(worker, averages) }))
    .sort((a, b) => {
      if (a.headroom !== b.headroom) return a.headroom > b.headroom ? -1 : 1
      return a.worker.leases.length - b.worker.leases.length
    })
    .map(({ worker }) => worker)
}

/** How far below the average a worker is, relative to its own load; by its fullest metric. */
export function headroomOf(
  { used }: Pick<WorkerLoad, 'used'>,
  averages: ReadonlyMap<string, number>,
): number {
  let least = Number.POSITIVE_INFINITY
  for (const [metric, value] of used) {
    // KCL says 1 for no load at all, which is less than it says for a third of the average.
    if (value === 0) continue
    least = Math.min(least, ((averages.get(metric) ?? 0) - value) / value)
  }
  // What sums of fractions differ by in the last digit is a tie.
  return Math.round(least * ROUNDING) / ROUNDING
}

const ROUNDING = 1e9

function loadOf(workerId: string, row: WorkerMetricsRow | undefined, emaAlpha: number): WorkerLoad {
  const used = new Map<string, number>()
  const { standing, averages, limits } = row?.metrics ?? { standing: 'default' }
  const isMeasured = standing === 'measured' || standing === 'failing'
  if (isMeasured) {
    for (const [metric, values] of averages ?? []) {
      const value = movingAverage(values, emaAlpha)
      if (value !== undefined) used.set(metric, value)
    }
  }
  return {
    workerId,
    leases: [],
    throughputKBps: 0,
    used,
    limits: used.size === 0 ? new Map() : (limits ?? new Map()),
  }
}

function knownKBps({ throughputKBps }: Lease): number | undefined {
  return throughputKBps === undefined || throughputKBps < 0 ? undefined : throughputKBps
}

function meanOf(values: readonly number[]): number {
  if (values.length === 0) return 0
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
