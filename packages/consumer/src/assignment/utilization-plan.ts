/**
 * Who should own which lease, by how busy the workers are. Pure; the leader carries it out. KCL:
 * WORKER_UTILIZATION_AWARE, `VarianceBasedLeaseAssignmentDecider`; adr/0002 names what differs.
 */

import {
  type Assignment,
  type AssignmentInput,
  type AssignmentPlan,
  homelessLeases,
  isProven,
  openLeases,
  preferred,
} from './assignment-input.ts'
import { emptiestFirst, FleetLoad, type WorkerLoad } from './fleet-load.ts'
import { balanceByCount } from './lease-count-plan.ts'
import { balanceByLoad, type LoadBalancing } from './load-balancing.ts'

export interface UtilizationParameters extends LoadBalancing {
  /** Weight of the newest of the values that a worker reports. */
  readonly metricsEmaAlpha: number
  /** A worker above it is given nothing. */
  readonly maxThroughputPerHostKBps: number
}

export function planByUtilization(
  input: AssignmentInput,
  parameters: UtilizationParameters,
): AssignmentPlan {
  const open = openLeases(input)
  const fleet = new FleetLoad(open, input, parameters.metricsEmaAlpha)
  const hasRoom = (worker: WorkerLoad): boolean =>
    worker.leases.length < input.maxLeasesForWorker &&
    worker.throughputKBps <= parameters.maxThroughputPerHostKBps
  const assignments: Assignment[] = []
  let unplaced = 0
  for (const lease of homelessLeases(open, input)) {
    const able = preferred(lease, fleet.workers.filter(hasRoom), input)
    const [target] = emptiestFirst(able, fleet.averages())
    if (target === undefined) {
      unplaced++
      continue
    }
    fleet.give(target, lease)
    assignments.push({ lease, newOwner: target.workerId })
  }
  if (!input.balance) return { assignments, unplaced }
  const mayReceive = (worker: WorkerLoad): boolean => hasRoom(worker) && isProven(worker, input)
  if (!fleet.isIdle) {
    const moves = balanceByLoad(fleet, { ...parameters, made: assignments, hasRoom: mayReceive })
    return { assignments: [...assignments, ...moves], unplaced }
  }
  const receivers = fleet.workers.filter(mayReceive).map(({ workerId }) => workerId)
  const moves = balanceByCount(fleet.workers, {
    open,
    made: assignments,
    input: { ...input, proven: new Set(receivers) },
  })
  return { assignments: [...assignments, ...moves], unplaced }
}
