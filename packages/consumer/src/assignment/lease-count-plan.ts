/** Who should own which lease, by count. Pure; the leader carries it out. KCL: LEASE_COUNT_BASED. */

import type { Lease } from '../lease/lease.ts'
import {
  type Assignment,
  type AssignmentInput,
  type AssignmentPlan,
  aliveWorkers,
  homelessLeases,
  isHomeless,
  isProven,
  openLeases,
  preferred,
} from './assignment-input.ts'

/** Of this many open leases one may move in a round only to even out the counts. */
const LEASES_PER_MOVE = 50

/** Homeless leases are all placed at once; what moves besides is bounded by `mostMoves`. */
export function planAssignment(input: AssignmentInput): AssignmentPlan {
  const open = openLeases(input)
  const loads = loadsOf(open, input)
  const assignments: Assignment[] = []
  let unplaced = 0
  for (const lease of homelessLeases(open, input)) {
    const able = loads.filter(({ leases }) => leases.length < input.maxLeasesForWorker)
    const target = leastLoaded(preferred(lease, able, input), input.maxLeasesForWorker)
    if (target === undefined) {
      unplaced++
      continue
    }
    target.leases.push(lease)
    assignments.push({ lease, newOwner: target.workerId })
  }
  if (input.balance) assignments.push(...balanceByCount(loads, { open, made: assignments, input }))
  return { assignments, unplaced }
}

/** A worker that joins must not stop half of a large fleet at once. */
function mostMoves(open: readonly Lease[]): number {
  return Math.max(1, Math.ceil(open.length / LEASES_PER_MOVE))
}

export interface LeaseCount {
  readonly workerId: string
  readonly leases: Lease[]
}

function loadsOf(open: readonly Lease[], input: AssignmentInput): LeaseCount[] {
  const loads = aliveWorkers(open, input).map((workerId): LeaseCount => ({ workerId, leases: [] }))
  const byWorker = new Map(loads.map((load) => [load.workerId, load]))
  for (const lease of open) {
    if (isHomeless(lease, input)) continue
    // During a handoff the lease weighs on the worker that will have it.
    byWorker.get(lease.leaseOwner ?? '')?.leases.push(lease)
  }
  return loads
}

function leastLoaded(
  loads: readonly LeaseCount[],
  maxLeasesForWorker: number,
): LeaseCount | undefined {
  let best: LeaseCount | undefined
  for (const load of loads) {
    if (load.leases.length >= maxLeasesForWorker) continue
    if (best === undefined || load.leases.length < best.leases.length) best = load
  }
  return best
}

export interface CountBalancing {
  readonly open: readonly Lease[]
  /** In this round; what was placed does not move again. */
  readonly made: readonly Assignment[]
  readonly input: AssignmentInput
}

/** Moves from the fullest to the emptiest until no two workers differ by more than one. */
export function balanceByCount(
  loads: readonly LeaseCount[],
  { open, made, input }: CountBalancing,
): Assignment[] {
  const most = mostMoves(open)
  const moves: Assignment[] = []
  const receivers = loads.filter((load) => isProven(load, input))
  const settled = new Set(made.map(({ lease }) => lease.leaseKey))
  const mayMove = ({ leaseKey, checkpointOwner }: Lease): boolean =>
    !settled.has(leaseKey) && checkpointOwner === undefined
  while (moves.length < most) {
    const emptiest = leastLoaded(receivers, input.maxLeasesForWorker)
    // One that can give nothing must not hide another that is as full.
    const fullest = mostLoaded(loads.filter(({ leases }) => leases.some(mayMove)))
    if (emptiest === undefined || fullest === undefined) return moves
    if (fullest.leases.length - emptiest.leases.length < 2) return moves
    const lease = fullest.leases.filter(mayMove).sort(byKeyDescending)[0]
    if (lease === undefined) return moves
    fullest.leases.splice(fullest.leases.indexOf(lease), 1)
    emptiest.leases.push(lease)
    settled.add(lease.leaseKey)
    moves.push({ lease, newOwner: emptiest.workerId })
  }
  return moves
}

function mostLoaded(loads: readonly LeaseCount[]): LeaseCount | undefined {
  let best: LeaseCount | undefined
  for (const load of loads) {
    if (best === undefined || load.leases.length > best.leases.length) best = load
  }
  return best
}

function byKeyDescending(a: Lease, b: Lease): number {
  return a.leaseKey < b.leaseKey ? 1 : -1
}
