/** What `describe()` answers: the application as this worker sees it. Pure. */
import type { ConsumerState } from './events.ts'
import { actualOwner, isShardEnded, type Lease } from './lease/lease.ts'

/** @public */
export interface ShardSnapshot {
  readonly shardId: string
  /**
   * `unassigned`, `elsewhere`, `assigned` (to this worker, which has not taken it up yet), `ended`,
   * or the state of this worker's own shard consumer.
   */
  readonly state: string
  /** Parents that must end first. */
  readonly waitingFor: readonly string[]
  readonly owner: string | undefined
  readonly checkpoint: { readonly sequenceNumber: string; readonly subSequenceNumber: number }
  /** Known to the owner only. */
  readonly millisBehindLatest: number | undefined
  readonly lastError: unknown
}

/** @public */
export interface ApplicationSnapshot {
  readonly workerId: string
  readonly isLeader: boolean
  readonly state: ConsumerState
  readonly shards: readonly ShardSnapshot[]
}

/** What a running shard consumer tells of itself. */
export interface RunningShard {
  readonly state: string
  readonly waitingFor: readonly string[]
  readonly millisBehindLatest: number | undefined
  readonly lastError: unknown
}

export function shardSnapshot(
  lease: Lease,
  running: RunningShard | undefined,
  workerId: string,
): ShardSnapshot {
  const owner = actualOwner(lease)
  return {
    shardId: lease.shardId,
    state: isShardEnded(lease) ? 'ended' : (running?.state ?? stateOfIdle(owner, workerId)),
    waitingFor: running?.waitingFor ?? [],
    owner,
    checkpoint: lease.checkpoint,
    millisBehindLatest: running?.millisBehindLatest,
    lastError: running?.lastError,
  }
}

function stateOfIdle(owner: string | undefined, workerId: string): string {
  if (owner === undefined) return 'unassigned'
  return owner === workerId ? 'assigned' : 'elsewhere'
}
