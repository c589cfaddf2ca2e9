/** A lease: one row of the lease table, read. KCL: `Lease`. */
import type { ExtendedSequenceNumber, ShardHashKeyRange } from '@millrace/core'

export interface Lease {
  readonly leaseKey: string
  /** Equal to the key: leases of many streams are not read as leases. */
  readonly shardId: string
  /** Absent while nobody owns the lease. */
  readonly leaseOwner: string | undefined
  /** Heartbeat and fencing token in one: rises with every write by an owner or a leader. */
  readonly leaseCounter: number
  /** Present only during a graceful handoff: the worker that may still heartbeat and checkpoint. */
  readonly checkpointOwner: string | undefined
  readonly checkpoint: ExtendedSequenceNumber
  readonly ownerSwitchesSinceCheckpoint: number
  readonly parentShardIds: readonly string[]
  readonly childShardIds: readonly string[]
  readonly hashKeyRange: ShardHashKeyRange | undefined
  readonly throughputKBps: number | undefined
  readonly pendingCheckpoint: ExtendedSequenceNumber | undefined
  readonly pendingCheckpointState: Uint8Array | undefined
  /** Ours alone: where a tenure at LATEST began reading, epoch milliseconds of the service. */
  readonly startTimestampMs: number | undefined
}

/** What a new row is made of. */
export interface NewLease {
  readonly leaseKey: string
  readonly checkpoint: ExtendedSequenceNumber
  readonly parentShardIds: readonly string[]
  readonly hashKeyRange: ShardHashKeyRange
  /** Set by a shard-ender that takes the child itself. */
  readonly leaseOwner?: string | undefined
  /** Where the counter starts, default 0; above what a lost row had, so that epochs keep rising. */
  readonly leaseCounter?: number | undefined
  /** Beside LATEST: read from this time on, epoch milliseconds of the service. */
  readonly startTimestampMs?: number | undefined
}

/** Who may heartbeat and checkpoint: the handing-over worker during a handoff, else the owner. */
export function actualOwner(lease: Lease): string | undefined {
  return lease.checkpointOwner ?? lease.leaseOwner
}

export function isShardEnded(lease: Pick<Lease, 'checkpoint'>): boolean {
  return lease.checkpoint.sequenceNumber === 'SHARD_END'
}
