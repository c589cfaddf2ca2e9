/**
 * How long this worker has seen the rows of leases stand still, on its own monotonic clock. At
 * least: what changed while it did not look counts from its first look. Pure but for its memory.
 */
import { compareExtendedSequenceNumbers, type ExtendedSequenceNumber } from '@millrace/core'
import type { ScanTimes } from '../leader/lease-observer.ts'
import type { Lease } from '../lease/lease.ts'

export interface RowAge {
  /** Milliseconds for which the checkpoint has not changed. */
  readonly checkpointMs: number
  /** Milliseconds for which nobody has written to the row as its holder, or as a leader. */
  readonly counterMs: number
}

interface Seen {
  readonly checkpoint: ExtendedSequenceNumber
  readonly checkpointSinceMs: number
  readonly leaseCounter: number
  readonly counterSinceMs: number
}

export class RowAges {
  #seen = new Map<string, Seen>()
  #lastSentMs = Number.NEGATIVE_INFINITY

  /** Each look at the table; a row that it does not show is forgotten. */
  observe(leases: readonly Lease[], { sentMs, answeredMs }: ScanTimes): void {
    const seen = new Map<string, Seen>()
    for (const lease of leases) seen.set(lease.leaseKey, this.#look(lease, answeredMs))
    this.#seen = seen
    this.#lastSentMs = Math.max(this.#lastSentMs, sentMs)
  }

  /** As of the last look; undefined for a row that only this look has shown. */
  of(leaseKey: string): RowAge | undefined {
    const seen = this.#seen.get(leaseKey)
    if (seen === undefined) return undefined
    const since = (ms: number): number => Math.max(0, this.#lastSentMs - ms)
    const age = {
      checkpointMs: since(seen.checkpointSinceMs),
      counterMs: since(seen.counterSinceMs),
    }
    return age.checkpointMs === 0 ? undefined : age
  }

  #look(lease: Lease, nowMs: number): Seen {
    const { checkpoint, leaseCounter, leaseKey } = lease
    const before = this.#seen.get(leaseKey)
    // A stale read: what it shows was seen to be over.
    if (before !== undefined && leaseCounter < before.leaseCounter) return before
    const isCounter = before?.leaseCounter === leaseCounter
    const isCheckpoint =
      before !== undefined && compareExtendedSequenceNumbers(checkpoint, before.checkpoint) === 0
    return {
      checkpoint,
      checkpointSinceMs: isCheckpoint ? before.checkpointSinceMs : nowMs,
      leaseCounter,
      counterSinceMs: isCounter ? before.counterSinceMs : nowMs,
    }
  }
}
