/** Who should own which lease, by count. Pure; the leader carries it out. KCL: LEASE_COUNT_BASED. */
import { actualOwner, isShardEnded, type Lease } from './lease.ts'

export interface AssignmentInput {
  readonly leases: readonly Lease[]
  /** Keys of owned leases whose counter has stood still for longer than F. */
  readonly expired: ReadonlySet<string>
  /** Ids of workers with a fresh metrics row. */
  readonly workers: readonly string[]
  readonly maxLeasesForWorker: number
  /** Whether live leases may be moved to even out the counts. */
  readonly balance: boolean
}

export interface Assignment {
  readonly lease: Lease
  readonly newOwner: string
}

export interface AssignmentPlan {
  readonly assignments: readonly Assignment[]
  /** Open leases that no worker has room for: KCL's metric `LeaseSpillover`. */
  readonly unplaced: number
}

/** Ended leases need no owner and count for nobody. */
export function planAssignment(input: AssignmentInput): AssignmentPlan {
  const open = input.leases.filter((lease) => !isShardEnded(lease))
  const loads = loadsOf(open, input)
  const homeless = open
    .filter((lease) => isHomeless(lease, input.expired))
    .sort((a, b) => (a.leaseKey < b.leaseKey ? -1 : 1))
  const assignments: Assignment[] = []
  let unplaced = 0
  for (const lease of homeless) {
    const target = leastLoaded(loads, input.maxLeasesForWorker)
    if (target === undefined) {
      unplaced++
      continue
    }
    target.leases.push(lease)
    assignments.push({ lease, newOwner: target.workerId })
  }
  if (input.balance) assignments.push(...balancingMoves(loads, assignments, input))
  return { assignments, unplaced }
}

interface Load {
  readonly workerId: string
  readonly leases: Lease[]
}

function isHomeless(lease: Lease, expired: ReadonlySet<string>): boolean {
  return actualOwner(lease) === undefined || expired.has(lease.leaseKey)
}

/** A worker with an expired lease is not alive, however fresh its metrics row looks. */
function loadsOf(open: readonly Lease[], input: AssignmentInput): Load[] {
  const dead = new Set<string | undefined>()
  for (const lease of open) {
    if (input.expired.has(lease.leaseKey) && speaksForItsOwner(lease)) dead.add(actualOwner(lease))
  }
  const loads = [...new Set(input.workers)]
    .filter((workerId) => !dead.has(workerId))
    .sort()
    .map((workerId): Load => ({ workerId, leases: [] }))
  const byWorker = new Map(loads.map((load) => [load.workerId, load]))
  for (const lease of open) {
    if (isHomeless(lease, input.expired)) continue
    // During a handoff the lease weighs on the worker that will have it.
    byWorker.get(lease.leaseOwner ?? '')?.leases.push(lease)
  }
  return loads
}

/**
 * During a handoff a worker that has started anew cannot renew the row it is to give away (R39):
 * such a row may run out beside a living owner.
 */
export function speaksForItsOwner(lease: Lease): boolean {
  return lease.checkpointOwner === undefined
}

function leastLoaded(loads: readonly Load[], maxLeasesForWorker: number): Load | undefined {
  let best: Load | undefined
  for (const load of loads) {
    if (load.leases.length >= maxLeasesForWorker) continue
    if (best === undefined || load.leases.length < best.leases.length) best = load
  }
  return best
}

/** Moves from the fullest to the emptiest until no two workers differ by more than one. */
function balancingMoves(
  loads: readonly Load[],
  made: readonly Assignment[],
  input: AssignmentInput,
): Assignment[] {
  const moves: Assignment[] = []
  const settled = new Set(made.map(({ lease }) => lease.leaseKey))
  const mayMove = ({ leaseKey, checkpointOwner }: Lease): boolean =>
    !settled.has(leaseKey) && checkpointOwner === undefined
  for (;;) {
    const emptiest = leastLoaded(loads, input.maxLeasesForWorker)
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
}

function mostLoaded(loads: readonly Load[]): Load | undefined {
  let best: Load | undefined
  for (const load of loads) {
    if (best === undefined || load.leases.length > best.leases.length) best = load
  }
  return best
}

function byKeyDescending(a: Lease, b: Lease): number {
  return a.leaseKey < b.leaseKey ? 1 : -1
}
