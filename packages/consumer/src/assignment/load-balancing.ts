/** Which leases busy workers give to idle ones: the rebalancing of kcl-leases 4.3. Pure. */

import type { Lease } from '../lease/lease.ts'
import type { Assignment } from './assignment-input.ts'
import { emptiestFirst, type FleetLoad, THROUGHPUT, type WorkerLoad } from './fleet-load.ts'
import { isDifference } from './throughput-floor.ts'

/** Named as KCL names them. */
export interface LoadBalancing {
  readonly rebalanceThresholdPercentage: number
  readonly dampeningPercentage: number
  readonly allowThroughputOvershoot: boolean
}

export interface LoadBalancingRound extends LoadBalancing {
  /** In this round; what was placed does not move again. */
  readonly made: readonly Assignment[]
  readonly hasRoom: (worker: WorkerLoad) => boolean
}

/** Percentage points: a tenth more than nearly nothing is no difference. KCL has no such floor. */
const LEAST_DIFFERENCE = 1
/** What sums of fractions may be off by. */
const EPSILON = 1e-9

interface Donor {
  readonly worker: WorkerLoad
  /** Kilobytes per second that it should give away. */
  readonly excessKBps: number
}

export function balanceByLoad(fleet: FleetLoad, round: LoadBalancingRound): Assignment[] {
  const averages = fleet.averages()
  const settled = new Set(round.made.map(({ lease }) => lease.leaseKey))
  const moves: Assignment[] = []
  for (const { worker, excessKBps } of donorsOf(fleet, averages, round)) {
    let leftKBps = excessKBps
    for (const lease of offersOf(worker, { fleet, settled, excessKBps, round })) {
      const throughputKBps = fleet.throughputOf(lease)
      if (leftKBps < excessKBps && leftKBps - throughputKBps <= EPSILON) continue
      const target = emptiestFirst(fleet.workers, averages).find(
        (other) =>
          other !== worker && round.hasRoom(other) && fits(lease, { other, fleet, averages }),
      )
      if (target === undefined) continue
      fleet.take(worker, lease)
      fleet.give(target, lease)
      settled.add(lease.leaseKey)
      moves.push({ lease, newOwner: target.workerId })
      leftKBps -= throughputKBps
    }
  }
  return moves
}

/** By the metric by which there is most to give; nobody while all are close to the average. */
function donorsOf(
  fleet: FleetLoad,
  averages: ReadonlyMap<string, number>,
  round: LoadBalancing,
): readonly Donor[] {
  let most: readonly Donor[] = []
  let mostKBps = Number.NEGATIVE_INFINITY
  for (const [metric, average] of averages) {
    const donors = donorsBy(metric, average, { fleet, round })
    const sumKBps = donors.reduce((sum, { excessKBps }) => sum + excessKBps, 0)
    if (donors.length === 0 || sumKBps <= mostKBps) continue
    most = donors
    mostKBps = sumKBps
  }
  return [...most].sort((a, b) => b.excessKBps - a.excessKBps)
}

function donorsBy(
  metric: string,
  average: number,
  { fleet, round }: { readonly fleet: FleetLoad; readonly round: LoadBalancing },
): readonly Donor[] {
  const band = bandOf(metric, average, { fleet, round })
  const upper = average + band
  let isUneven = false
  const over: WorkerLoad[] = []
  let highest: WorkerLoad | undefined
  for (const worker of fleet.workers) {
    const value = worker.used.get(metric)
    if (value === undefined) continue
    const isPastLimit = value > (worker.limits.get(metric) ?? Number.POSITIVE_INFINITY)
    if (value > upper || value < average - band || isPastLimit) isUneven = true
    if (value >= upper || isPastLimit) over.push(worker)
    if (highest === undefined || value > (highest.used.get(metric) ?? 0)) highest = worker
  }
  if (!isUneven || highest === undefined) return []
  return (over.length > 0 ? over : [highest]).map((worker) => {
    const value = worker.used.get(metric) ?? 0
    const share = value === 0 ? 0 : Math.max(0, value - average) / value
    return { worker, excessKBps: (worker.throughputKBps * share * round.dampeningPercentage) / 100 }
  })
}

/** How far from the average is no difference; of workers that carry nearly the same, any distance. */
function bandOf(
  metric: string,
  average: number,
  { fleet, round }: { readonly fleet: FleetLoad; readonly round: LoadBalancing },
): number {
  if (metric === THROUGHPUT) {
    const alike = fleet.workers.filter(({ used }) => used.has(THROUGHPUT))
    const isTold = isDifference(alike.map(({ throughputKBps }) => throughputKBps))
    if (!isTold) return Number.POSITIVE_INFINITY
  }
  return Math.max(LEAST_DIFFERENCE, (average * round.rebalanceThresholdPercentage) / 100)
}

/**
 * Leases below the excess, the largest first so that few need to move; KCL draws them at random.
 * Should none be that small, the smallest. A lease that carries nothing would move for nothing.
 */
function offersOf(
  donor: WorkerLoad,
  given: {
    readonly fleet: FleetLoad
    readonly settled: ReadonlySet<string>
    readonly excessKBps: number
    readonly round: LoadBalancing
  },
): readonly Lease[] {
  const { fleet, settled, excessKBps, round } = given
  const movable = donor.leases
    .filter(
      (lease) =>
        !settled.has(lease.leaseKey) &&
        lease.checkpointOwner === undefined &&
        fleet.throughputOf(lease) > 0,
    )
    .sort((a, b) => {
      const more = fleet.throughputOf(b) - fleet.throughputOf(a)
      if (more !== 0) return more
      return a.leaseKey < b.leaseKey ? -1 : 1
    })
  const small = movable.filter((lease) => fleet.throughputOf(lease) < excessKBps - EPSILON)
  return small.length > 0 || !round.allowThroughputOvershoot ? small : movable.slice(-1)
}

/** No receiver is filled past the average, nor past what it says it may be used. */
function fits(
  lease: Lease,
  given: {
    readonly other: WorkerLoad
    readonly fleet: FleetLoad
    readonly averages: ReadonlyMap<string, number>
  },
): boolean {
  const { other, fleet, averages } = given
  for (const [metric, value] of other.used) {
    const limit = other.limits.get(metric) ?? Number.POSITIVE_INFINITY
    const most = Math.min(averages.get(metric) ?? 0, limit)
    if (value + fleet.weightOf(lease, metric) > most + EPSILON) return false
  }
  return true
}
