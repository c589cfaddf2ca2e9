/** On a clean stop: which peer is to have each lease of this worker. */
import type { Logger } from '@millrace/core'
import { planAssignment } from '../assignment/lease-count-plan.ts'
import { actualOwner, type Lease } from '../lease/lease.ts'
import type { TableSnapshot } from '../lease/table-snapshot.ts'

export interface SuccessionOptions {
  /** The table as it is now, by a strong read. */
  readonly look: () => Promise<TableSnapshot>
  readonly workerId: string
  readonly maxLeasesForWorker: number
  readonly logger: Logger
  /** Workers that live, as far as this one has seen, the look included. */
  readonly peers: () => readonly string[]
  /** Those of them that have not been silent for as long as no living worker is. */
  readonly promising: () => ReadonlySet<string>
}

export interface SuccessionPlan {
  /** Rows that are this worker's to give, taken up or not, also by a handoff that it is to complete. */
  readonly mine: readonly Lease[]
  /** Lease key -> next owner; a lease that is not in it is released. */
  readonly successors: ReadonlyMap<string, string>
}

const NOBODY: SuccessionPlan = { mine: [], successors: new Map() }

/** One plan for all leases: what is handed over first must not weigh on the same peer as the last. */
export async function planSuccession(options: SuccessionOptions): Promise<SuccessionPlan> {
  const { look, workerId, maxLeasesForWorker, logger } = options
  try {
    const { leases, workers, generation } = await look()
    // One that is stopping as well has withdrawn by now.
    const present = new Set(workers.map((row) => row.workerId))
    // Workers of KCL 2.x take free leases themselves; those that we know are on their way out, too.
    const isRolledBack = generation?.kind === 'refuse'
    const isMine = (row: Lease): boolean => row.leaseOwner === workerId
    const plan = planAssignment({
      leases: leases.map((row) => (isMine(row) ? { ...row, leaseOwner: undefined } : row)),
      expired: new Set(),
      workers: isRolledBack ? [] : options.peers().filter((id) => present.has(id)),
      promising: options.promising(),
      maxLeasesForWorker,
      balance: false,
    })
    return {
      mine: leases.filter((row) => actualOwner(row) === workerId),
      successors: new Map(
        plan.assignments.map(({ lease, newOwner }) => [lease.leaseKey, newOwner]),
      ),
    }
  } catch (cause) {
    logger.warn({ err: cause }, 'no successors could be chosen; leases are released')
    return NOBODY
  }
}
