/** When records that are held for a larger batch are handed on. Pure. */

export interface BatchLimits {
  /** Most user records of one batch. */
  readonly maxRecords: number
  /** No more is held once this much is; one page may exceed it. */
  readonly maxBytes: number
  /** How long the first record of a batch waits for others, milliseconds; 0: not at all. */
  readonly maxWaitMs: number
}

/** What is held, from the first record of a batch to come. */
export interface HeldRecords {
  readonly records: number
  readonly bytes: number
  readonly sinceMs: number
}

/** For how long it may be held on, milliseconds; 0: it is handed on now. */
export function holdLeftMs(limits: BatchLimits, held: HeldRecords, nowMs: number): number {
  if (held.records >= limits.maxRecords || held.bytes >= limits.maxBytes) return 0
  return Math.max(0, held.sinceMs + limits.maxWaitMs - nowMs)
}
