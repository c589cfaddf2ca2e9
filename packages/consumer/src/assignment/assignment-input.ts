/** What every assignment plan is made of and gives back, and what all of them see alike. Pure. */
import { actualOwner, isShardEnded, type Lease } from '../lease/lease.ts'
import type { WorkerMetricsRow } from '../lease/worker-metrics-row.ts'

export interface AssignmentInput {
  readonly leases: readonly Lease[]
  /** Keys of owned leases whose counter has stood still for longer than F. */
  readonly expired: ReadonlySet<string>
  /** Ids of workers with a fresh metrics row. */
  readonly workers: readonly string[]
  /**
   * Those of them that were seen to live: leases of the dead go to one of these, if any has room, and
   * leases of the living to no other. Undefined: all.
   */
  readonly proven?: ReadonlySet<string> | undefined
  /**
   * Those of them that are proven or may yet show that they live: leases without an owner go to one of
   * these, if any has room. Undefined: all.
   */
  readonly promising?: ReadonlySet<string> | undefined
  readonly maxLeasesForWorker: number
  /** Whether live leases may be moved to even out the loads. */
  readonly balance: boolean
  /** Since when a counter has stood still, monotonic milliseconds; undefined is longest of all. */
  readonly stillSinceMs?: ((leaseKey: string) => number | undefined) | undefined
  /** What the workers report of themselves; read by the plan by utilization alone. */
  readonly metricsRows?: readonly WorkerMetricsRow[] | undefined
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
export function openLeases(input: AssignmentInput): Lease[] {
  return input.leases.filter((lease) => !isShardEnded(lease))
}

export function isHomeless(lease: Lease, { expired }: AssignmentInput): boolean {
  return actualOwner(lease) === undefined || expired.has(lease.leaseKey)
}

/**
 * In the order in which they are placed: first those without an owner, then those that have stood
 * still longest. KCL's `enablePriorityLeaseAssignment` puts those older than 3 F before all others;
 * an order by age does that for every age.
 */
export function homelessLeases(open: readonly Lease[], input: AssignmentInput): Lease[] {
  const rank = (lease: Lease): number =>
    actualOwner(lease) === undefined
      ? Number.NEGATIVE_INFINITY
      : (input.stillSinceMs?.(lease.leaseKey) ?? Number.NEGATIVE_INFINITY)
  return open
    .filter((lease) => isHomeless(lease, input))
    .map((lease) => ({ lease, rank: rank(lease) }))
    .sort((a, b) => {
      if (a.rank !== b.rank) return a.rank < b.rank ? -1 : 1
      return a.lease.leaseKey < b.lease.leaseKey ? -1 : 1
    })
    .map(({ lease }) => lease)
}

/**
 * Who may be given a homeless lease, best first: not its holder, as long as there is another (R39);
 * and a lease that ran out, which costs F each time, to a worker that is sure to live. What nobody
 * owns is spread over those who have just started as well, but not over those who stay silent.
 */
export function preferred<W extends { readonly workerId: string }>(
  lease: Lease,
  able: readonly W[],
  { proven, promising }: Pick<AssignmentInput, 'proven' | 'promising'>,
): readonly W[] {
  const holder = actualOwner(lease)
  const others = able.filter(({ workerId }) => workerId !== holder)
  const trusted = holder === undefined ? promising : proven
  const sure = others.filter((worker) => isProven(worker, { proven: trusted }))
  if (sure.length > 0) return sure
  return others.length > 0 ? others : able
}

export function isProven(
  { workerId }: { readonly workerId: string },
  { proven }: Pick<AssignmentInput, 'proven'>,
): boolean {
  return proven === undefined || proven.has(workerId)
}

/** A worker with an expired lease is not alive, however fresh its metrics row looks. Ids, sorted. */
export function aliveWorkers(open: readonly Lease[], input: AssignmentInput): string[] {
  const dead = new Set<string | undefined>()
  for (const lease of open) {
    if (input.expired.has(lease.leaseKey) && speaksForItsOwner(lease)) dead.add(actualOwner(lease))
  }
  return [...new Set(input.workers)].filter((workerId) => !dead.has(workerId)).sort()
}

/**
 * During a handoff a worker that has started anew cannot renew the row it is to give away (R39):
 * such a row may run out beside a living owner.
 */
export function speaksForItsOwner(lease: Lease): boolean {
  return lease.checkpointOwner === undefined
}
