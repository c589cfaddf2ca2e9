/** What the rows of a lease table say about who leads and who holds what. Pure. */
import type { dynamo } from '@millrace/core'

export type WorkerKind = 'java' | 'millrace'

export interface TableView {
  /** Worker id in the lock row. */
  readonly leader: string | undefined
  /** The row by which all workers agree on KCL 3's ways. */
  readonly migrationRow: boolean
  readonly leases: readonly LeaseView[]
}

export interface LeaseView {
  readonly shardId: string
  readonly owner: string | undefined
  /** On its way from one worker to another. */
  readonly moving: boolean
}

export function viewOfRows(rows: readonly dynamo.Item[]): TableView {
  const leases: LeaseView[] = []
  let leader: string | undefined
  let migrationRow = false
  for (const row of rows) {
    const key = row['leaseKey']?.S ?? ''
    if (key === 'Leader') leader = row['ownerName']?.S
    else if (key === 'Migration3.0') migrationRow = true
    else if (row['checkpoint'] !== undefined) {
      const moving = row['checkpointOwner'] !== undefined
      leases.push({ shardId: key, owner: row['leaseOwner']?.S, moving })
    }
  }
  return { leader, migrationRow, leases }
}

/** Leases of the fullest live worker less those of the emptiest; undefined while any is not settled. */
export function spreadOf(
  view: TableView,
  shards: number,
  live: readonly string[],
): number | undefined {
  if (view.leases.length < shards) return undefined
  const counts = new Map(live.map((workerId) => [workerId, 0]))
  for (const { owner, moving } of view.leases) {
    const count = owner === undefined ? undefined : counts.get(owner)
    if (owner === undefined || count === undefined || moving) return undefined
    counts.set(owner, count + 1)
  }
  return Math.max(...counts.values()) - Math.min(...counts.values())
}

/** Worker ids carry their kind: the Java worker names itself `java-PID`, ours `worker-PID`. */
export function kindOf(workerId: string): WorkerKind {
  return workerId.startsWith('java-') ? 'java' : 'millrace'
}

export interface Crossings {
  readonly javaToMillrace: number
  readonly millraceToJava: number
}

/** @param leaders worker ids in the order in which they led */
export function crossingsOf(leaders: readonly string[]): Crossings {
  let javaToMillrace = 0
  let millraceToJava = 0
  for (const [i, leader] of leaders.entries()) {
    const before = leaders[i - 1]
    if (before === undefined || kindOf(before) === kindOf(leader)) continue
    if (kindOf(leader) === 'millrace') javaToMillrace++
    else millraceToJava++
  }
  return { javaToMillrace, millraceToJava }
}
