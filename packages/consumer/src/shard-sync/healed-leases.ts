/**
 * Where leases start that are made in a table which has some already. Pure. KCL starts them at the
 * initial position, which at LATEST skips what was written since the lost row was last seen. Here
 * nothing is skipped that the application is owed; what is read twice is the price.
 */
import {
  compareSequenceNumbers,
  type ExtendedSequenceNumber,
  type Shard,
  type ShardHashKeyRange,
} from '@millrace/core'
import { isSequenceNumber } from '@millrace/core/internal'
import { isShardEnded, type Lease, type NewLease } from '../lease/lease.ts'
import type { InitialPosition } from '../options.ts'
import { counterMadeAgain } from './counter-made-again.ts'
import { newLeaseOf } from './initial-leases.ts'
import { missingLeases } from './missing-leases.ts'

/** Rows that were seen before SHARD_END and are gone, and the hash keys that no lease covers. */
export interface LostRows {
  readonly remembered: readonly Lease[]
  readonly holes: readonly ShardHashKeyRange[]
}

type KnownLease = Pick<NewLease, 'leaseKey' | 'checkpoint' | 'startTimestampMs'>

/** What shard sync adds to a table with leases: lost rows as last seen, the rest by lineage. */
export function leasesToAdd(
  shards: readonly Shard[],
  leases: readonly Lease[],
  lost: LostRows,
  initialPosition: InitialPosition,
  nowMs: number,
): NewLease[] {
  const restored = restoredLeases(shards, lost, nowMs)
  return [...restored, ...byLineage(shards, [...leases, ...restored], initialPosition, nowMs)]
}

function restoredLeases(
  shards: readonly Shard[],
  { remembered, holes }: LostRows,
  nowMs: number,
): NewLease[] {
  const listed = new Map(shards.map((shard) => [shard.shardId, shard]))
  return remembered.flatMap((lease) => {
    const shard = listed.get(lease.shardId)
    if (shard === undefined || !isOfShard(lease, shard)) return []
    if (!holes.some((hole) => overlap(hole, shard.hashKeyRange))) return []
    const leaseCounter = counterMadeAgain(nowMs, lease.leaseCounter)
    const { checkpoint, startTimestampMs } = lease
    return [{ ...newLeaseOf(shard, checkpoint), leaseCounter, startTimestampMs }]
  })
}

/** False for a row of a former stream of this name, which had a shard of this id too. */
function isOfShard({ checkpoint }: Lease, shard: Shard): boolean {
  const at = checkpoint.sequenceNumber
  return !isSequenceNumber(at) || compareSequenceNumbers(at, shard.startingSequenceNumber) >= 0
}

function byLineage(
  shards: readonly Shard[],
  leases: readonly KnownLease[],
  initialPosition: InitialPosition,
  nowMs: number,
): NewLease[] {
  const keys = new Set(leases.map(({ leaseKey }) => leaseKey))
  const ended = new Set(leases.filter(isShardEnded).map(({ leaseKey }) => leaseKey))
  const begunMs = initialPosition === 'LATEST' ? earliestStartMs(leases) : undefined
  // As from a time where LATEST began at one, except that the row itself says which.
  const from = begunMs === undefined ? owedFrom(leases, initialPosition) : atTime(begunMs)
  return missingLeases(shards, keys, from, ended).map((lease) => ({
    ...lease,
    leaseCounter: counterMadeAgain(nowMs),
    ...(begunMs !== undefined && lease.checkpoint.sequenceNumber === 'AT_TIMESTAMP'
      ? { checkpoint: LATEST, startTimestampMs: begunMs }
      : {}),
  }))
}

const LATEST: ExtendedSequenceNumber = { sequenceNumber: 'LATEST', subSequenceNumber: 0 }

function atTime(ms: number): InitialPosition {
  return { atTimestamp: new Date(ms) }
}

/** When an application at LATEST began, as far as the table still tells. */
function earliestStartMs(leases: readonly KnownLease[]): number | undefined {
  const starts = leases.map((lease) => lease.startTimestampMs).filter((ms) => ms !== undefined)
  return starts.length === 0 ? undefined : Math.min(...starts)
}

/** LATEST is right only while nothing was read: the table may be half made. */
function owedFrom(
  leases: readonly KnownLease[],
  initialPosition: InitialPosition,
): InitialPosition {
  const begun = leases.some(
    (lease) => isShardEnded(lease) || isSequenceNumber(lease.checkpoint.sequenceNumber),
  )
  return initialPosition === 'LATEST' && begun ? 'TRIM_HORIZON' : initialPosition
}

function overlap(a: ShardHashKeyRange, b: ShardHashKeyRange): boolean {
  return a.start <= b.end && b.start <= a.end
}
