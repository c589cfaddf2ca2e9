/** What was promised against what happened. Pure: journals in, verdict out. */
import { compareExtendedSequenceNumbers } from '@millrace/core'
import type { Evidence } from './evidence.ts'
import {
  type AckedEntry,
  type CheckpointedEntry,
  type DeliveredEntry,
  positionOf,
} from './journal-entry.ts'
import { takeoverOf } from './takeover.ts'

export interface Account {
  /** Records that `put()` called stored. */
  readonly acked: number
  /** Records that handlers were called with, repetitions included. */
  readonly delivered: number
  /** Acked records that were delivered at least once. */
  readonly unique: number
  /** Acked records that were never delivered. */
  readonly missing: number
  /** Deliveries beyond the first of a record. */
  readonly duplicates: number
  /** Records delivered with other bytes or another key than were put, or that nobody put. */
  readonly corrupt: number
  /** Shards whose first record was delivered before the last one of an ancestor. */
  readonly childBeforeParent: number
  /** Stored checkpoints behind the one before. */
  readonly checkpointRegressions: number
  readonly kills: number
  readonly splits: number
  readonly merges: number
  /** Process ids of all workers. */
  readonly workers: readonly number[]
  /** From the kill until another worker delivered from the last of the shards that the killed one held. */
  readonly takeoverMs: number | null
  /** From the start of the first worker of a new application to its first record; null without one. */
  readonly firstRecordMs: number | null
  /** Process ids of the workers that led, in order. */
  readonly leaders: readonly number[]
  /** Leases that their owners handed over because the leader had asked for it. */
  readonly handoffs: number
  /** Shards that were seen to wait for their parents. */
  readonly waited: number
  readonly userRecordsPerKinesisRecord: number
}

export function accountOf(evidence: Evidence): Account {
  const { acked, workers, kills, splits, merges, parents } = evidence
  const entries = workers.flatMap((worker) => worker.entries)
  const delivered = entries.filter((entry) => entry.kind === 'delivered')
  const checkpoints = entries.filter((entry) => entry.kind === 'checkpointed')
  return {
    ...recordCounts(acked, delivered),
    childBeforeParent: childrenBeforeParents(delivered, parents),
    checkpointRegressions: regressions(checkpoints),
    kills: kills.length,
    splits,
    merges,
    workers: workers.map(({ pid }) => pid),
    takeoverMs: takeoverOf(workers, kills[0]),
    firstRecordMs: firstRecordMs(workers, delivered),
    leaders: leadersOf(workers),
    handoffs: entries.filter((entry) => entry.kind === 'handed-over' && entry.to !== null).length,
    waited: new Set(entries.filter((entry) => entry.kind === 'waits').map((e) => e.shardId)).size,
    userRecordsPerKinesisRecord: aggregationRatio(acked),
  }
}

function firstRecordMs(
  workers: Evidence['workers'],
  delivered: readonly DeliveredEntry[],
): number | null {
  const [first] = workers
  if (first === undefined || delivered.length === 0) return null
  const firstMs = delivered.reduce((ms, { atMs }) => Math.min(ms, atMs), Number.POSITIVE_INFINITY)
  return Math.round(firstMs - first.startedMs)
}

function leadersOf(workers: Evidence['workers']): readonly number[] {
  return workers
    .flatMap(({ pid, entries }) => entries.map((entry) => ({ pid, entry })))
    .filter(({ entry }) => entry.kind === 'leads')
    .sort((a, b) => a.entry.atMs - b.entry.atMs)
    .map(({ pid }) => pid)
}

/** What an exit code of 0 promises. */
export function holds(account: Account): boolean {
  const { missing, corrupt, childBeforeParent, checkpointRegressions } = account
  return missing + corrupt + childBeforeParent + checkpointRegressions === 0
}

type RecordCounts = Pick<
  Account,
  'acked' | 'delivered' | 'unique' | 'missing' | 'duplicates' | 'corrupt'
>

function recordCounts(
  acked: readonly AckedEntry[],
  delivered: readonly DeliveredEntry[],
): RecordCounts {
  const put = new Map(acked.map((entry) => [positionOf(entry), contentOf(entry)]))
  const contents = new Set(put.values())
  const unique = new Set<string>()
  const corrupt = new Set<string>()
  let strangers = 0
  for (const entry of delivered) {
    const position = positionOf(entry)
    const expected = put.get(position)
    if (expected !== undefined) unique.add(position)
    // At a place that no put() named: a second copy, stored by a try whose answer was lost. Only
    // content that somebody put may be there.
    const right =
      expected === undefined ? contents.has(contentOf(entry)) : expected === contentOf(entry)
    if (right) continue
    corrupt.add(position)
    if (expected === undefined) strangers++
  }
  return {
    acked: acked.length,
    delivered: delivered.length,
    unique: unique.size,
    // Two acks of one place count too: only one record can be there.
    missing: acked.length - unique.size,
    duplicates: delivered.length - unique.size - strangers,
    corrupt: corrupt.size,
  }
}

function contentOf(entry: { readonly partitionKey: string; readonly digest: string }): string {
  return `${entry.digest}${entry.partitionKey}`
}

function childrenBeforeParents(
  delivered: readonly DeliveredEntry[],
  parents: ReadonlyMap<string, readonly string[]>,
): number {
  const firstMs = new Map<string, DeliveredEntry>()
  for (const entry of delivered) {
    const position = positionOf(entry)
    const before = firstMs.get(position)
    if (before === undefined || entry.atMs < before.atMs) firstMs.set(position, entry)
  }
  const began = new Map<string, number>()
  const finished = new Map<string, number>()
  for (const { shardId, atMs } of firstMs.values()) {
    began.set(shardId, Math.min(atMs, began.get(shardId) ?? atMs))
    finished.set(shardId, Math.max(atMs, finished.get(shardId) ?? atMs))
  }
  let violations = 0
  for (const [shardId, beganMs] of began) {
    const tooEarly = ancestorsOf(shardId, parents).some(
      (ancestor) => beganMs < (finished.get(ancestor) ?? beganMs),
    )
    if (tooEarly) violations++
  }
  return violations
}

/** Grandparents too: a parent may have had no records of its own. */
function ancestorsOf(
  shardId: string,
  parents: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const found = new Set<string>()
  const open = [...(parents.get(shardId) ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...(parents.get(next) ?? []))
  }
  return [...found]
}

function regressions(checkpoints: readonly CheckpointedEntry[]): number {
  const last = new Map<string, CheckpointedEntry>()
  let count = 0
  for (const entry of [...checkpoints].sort((a, b) => a.atMs - b.atMs)) {
    const before = last.get(entry.shardId)
    if (before !== undefined && compareExtendedSequenceNumbers(entry, before) < 0) count++
    last.set(entry.shardId, entry)
  }
  return count
}

function aggregationRatio(acked: readonly AckedEntry[]): number {
  const kinesisRecords = new Set(
    acked.map(({ shardId, sequenceNumber }) => `${shardId}/${sequenceNumber}`),
  )
  if (kinesisRecords.size === 0) return 0
  return Math.round((acked.length / kinesisRecords.size) * 100) / 100
}
