/**
 * Looks for hash keys that no lease covers: a row deleted by hand leaves such a hole. Pure but for
 * its memory: a hole counts once two audits in a row have seen it. KCL: `PeriodicShardSyncManager`.
 */
import type { Shard, ShardHashKeyRange } from '@millrace/core'
import { holesBetween } from '@millrace/core/internal'
import { isShardEnded, type Lease } from '../lease/lease.ts'

export interface AuditFinding {
  /** Hash keys that no lease covers. */
  readonly holes: readonly ShardHashKeyRange[]
  /** Those of them that the audit before found uncovered too. */
  readonly confirmed: readonly ShardHashKeyRange[]
}

export class HashRangeAudit {
  /** What the last audit found covered; undefined before the first. */
  #covered: readonly ShardHashKeyRange[] | undefined

  /** The next audit is the first. */
  reset(): void {
    this.#covered = undefined
  }

  /** @param shards needed only where `lacksRange` says so */
  audit(leases: readonly Lease[], shards: readonly Shard[] = []): AuditFinding {
    const covered = coveredRanges(leases, shards)
    const before = this.#covered
    this.#covered = covered
    return {
      holes: holesBetween(covered),
      confirmed: before === undefined ? [] : holesBetween([...before, ...covered]),
    }
  }
}

/** True when a row that still counts does not say which hash keys it covers. */
export function lacksRange(leases: readonly Lease[]): boolean {
  return leases.some((lease) => !isShardEnded(lease) && lease.hashKeyRange === undefined)
}

function coveredRanges(leases: readonly Lease[], shards: readonly Shard[]): ShardHashKeyRange[] {
  const listed = new Map(shards.map((shard) => [shard.shardId, shard.hashKeyRange]))
  return leases
    .filter((lease) => !isShardEnded(lease))
    .map((lease) => lease.hashKeyRange ?? listed.get(lease.shardId))
    .filter((range) => range !== undefined)
}
