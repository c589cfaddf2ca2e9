/** What `describe()` answers: the application as this worker sees it. Pure. */
import type { ConsumerState } from './events.ts'
import { actualOwner, isShardEnded, type Lease } from './lease/lease.ts'
import type { SetupTrouble } from './setup/setup-watch.ts'
import { type ShardView, waitingFor } from './waiting-for.ts'

/** @public */
export interface ShardSnapshot {
  readonly shardId: string
  /**
   * `unassigned`, `elsewhere`, `assigned` (to this worker, which has not taken it up yet), `ended`,
   * or the state of this worker's own shard consumer.
   */
  readonly state: string
  /**
   * In words, for people and logs: `reading`, `ended`, `paused`,
   * `waiting for parent shardId-000000000003 to finish`, `owned by worker-b, checkpoint 14 s old`,
   * `handler failing, attempt 7: ...`. Ages are for how long this worker has seen it so: at least.
   */
  readonly waitingFor: string
  /** Ids of the parents that must end before this shard is read. */
  readonly parents: readonly string[]
  /** During a handoff the worker that hands over. */
  readonly owner: string | undefined
  readonly checkpoint: { readonly sequenceNumber: string; readonly subSequenceNumber: number }
  /** For how long at least the checkpoint stands unchanged; undefined at first sight. */
  readonly checkpointAgeMs: number | undefined
  /** Known to the owner only. */
  readonly millisBehindLatest: number | undefined
  /** What holds the shard up, as it was thrown; known to the owner only. */
  readonly lastError: unknown
}

/** @public */
export interface ApplicationSnapshot {
  readonly workerId: string
  readonly isLeader: boolean
  /** Whom the lock row names, alive or not; undefined while nobody has it. */
  readonly leader: string | undefined
  readonly state: ConsumerState
  readonly shards: readonly ShardSnapshot[]
  /** Rows of the lease table that cannot be read; they are left alone. */
  readonly skippedRows: number
  /** Calls that AWS refuses this worker at present: rights, credentials, keys, a stream that is gone. */
  readonly setupTroubles: readonly SetupTrouble[]
}

export function shardSnapshot(view: ShardView): ShardSnapshot {
  const { lease, running, workerId, age } = view
  const owner = actualOwner(lease)
  const isWaiting = running === undefined || running.state === 'waiting-on-parents'
  const parents = isWaiting && !isShardEnded(lease) ? view.parents : []
  return {
    shardId: lease.shardId,
    state: isShardEnded(lease) ? 'ended' : (running?.state ?? stateOfIdle(owner, workerId)),
    waitingFor: waitingFor(view),
    parents,
    owner,
    checkpoint: lease.checkpoint,
    checkpointAgeMs: age?.checkpointMs,
    millisBehindLatest: running?.millisBehindLatest,
    lastError: running?.lastError,
  }
}

/** Parents of each lease that have a row which is not at its end. */
export function unendedParents(leases: readonly Lease[]): (lease: Lease) => readonly string[] {
  const open = new Set(leases.filter((lease) => !isShardEnded(lease)).map((row) => row.shardId))
  return ({ parentShardIds }) => parentShardIds.filter((id) => open.has(id))
}

function stateOfIdle(owner: string | undefined, workerId: string): string {
  if (owner === undefined) return 'unassigned'
  return owner === workerId ? 'assigned' : 'elsewhere'
}
