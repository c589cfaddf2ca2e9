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
 * From the kill to the first delivery by another worker, of the shard that waited longest for it,
 * rounded to milliseconds. A shard without such a delivery has nothing to say: it may have had no
 * records any more. null without a kill or without any such delivery.
 */
export function takeoverOf(
  workers: readonly WorkerJournal[],
  kill: Kill | undefined,
): number | null {
  if (kill === undefined) return null
  const victim = workers.find(({ pid }) => pid === kill.pid)
  const held = heldAt(victim?.entries ?? [], kill.atMs)
  const firstMs = new Map<string, number>()
  for (const { pid, entries } of workers) {
    if (pid === kill.pid) continue
    for (const entry of entries) {
      if (entry.kind !== 'delivered' || !held.has(entry.shardId)) continue
      const before = firstMs.get(entry.shardId) ?? Number.POSITIVE_INFINITY
      if (entry.atMs > kill.atMs && entry.atMs < before) firstMs.set(entry.shardId, entry.atMs)
    }
  }
  return firstMs.size === 0 ? null : Math.round(Math.max(...firstMs.values()) - kill.atMs)
}
