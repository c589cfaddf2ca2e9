/** All that the account may know of a run. */
import type { AckedEntry, JournalEntry } from './journal-entry.ts'

export interface WorkerJournal {
  readonly pid: number
  /** When the process was started. */
  readonly startedMs: number
  readonly entries: readonly JournalEntry[]
}

export interface Kill {
  readonly pid: number
  readonly atMs: number
}

export interface Evidence {
  readonly acked: readonly AckedEntry[]
  readonly workers: readonly WorkerJournal[]
  readonly kills: readonly Kill[]
  readonly splits: number
  readonly merges: number
  /** Child shard -> its parents, of the whole stream. */
  readonly parents: ReadonlyMap<string, readonly string[]>
}
