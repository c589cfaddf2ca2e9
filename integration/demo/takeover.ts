/** How long a killed worker's shards stood still. Pure. */
import { SHARD_END } from '@millrace/core/internal'
import type { Kill, WorkerJournal } from './evidence.ts'
import type { JournalEntry } from './journal-entry.ts'

/** Shards that were held at the time, by the worker's own journal. */
export function heldAt(entries: readonly JournalEntry[], atMs: number): ReadonlySet<string> {
  const held = new Set<string>()
  for (const entry of entries) {
    if (entry.atMs > atMs) continue
    if (entry.kind === 'held') held.add(entry.shardId)
    else if (entry.kind === 'lost') held.delete(entry.shardId)
    else if (entry.kind === 'checkpointed' && entry.sequenceNumber === SHARD_END) {
      held.delete(entry.shardId)
    }
  }
  return held
}

/**
 * From the kill to the first delivery by another worker out of one of the shards, rounded to
 * milliseconds; null without a kill or without such a delivery.
 */
export function takeoverOf(
  workers: readonly WorkerJournal[],
  kill: Kill | undefined,
): number | null {
  if (kill === undefined) return null
  const victim = workers.find(({ pid }) => pid === kill.pid)
  const held = heldAt(victim?.entries ?? [], kill.atMs)
  let firstMs = Number.POSITIVE_INFINITY
  for (const { pid, entries } of workers) {
    if (pid === kill.pid) continue
    for (const entry of entries) {
      if (entry.kind !== 'delivered' || !held.has(entry.shardId)) continue
      if (entry.atMs > kill.atMs && entry.atMs < firstMs) firstMs = entry.atMs
    }
  }
  return firstMs === Number.POSITIVE_INFINITY ? null : Math.round(firstMs - kill.atMs)
}
