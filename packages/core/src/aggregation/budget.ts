/**
 * How much one aggregate may ask of us, fixed before anything is allocated for it: whoever may call
 * PutRecords can write 1.7 million empty user records into 10 MiB.
 */
const MIB = 1024 * 1024
/** An aggregate may cost four times its size in memory before the first user record is made. */
const MEMORY_FACTOR = 4
/** What a key costs besides its text: its place in two arrays and the head of a string. */
const KEY_OVERHEAD_BYTES = 32
/** Below this nobody can be hurt, and tiny keys with tiny data are legal. */
const MEMORY_FLOOR_BYTES = 64 * 1024

export const DEFAULT_MAX_USER_RECORDS = 100_000

export interface DecodeBudget {
  /** Bound of the user records, and of the entries of both key tables together: each for itself. */
  readonly entries: number
  /**
   * Bound of the fields that KPL never writes, tags and fields that are given twice included. It
   * does not grow with the record: one user record may hold them all, and is looked at in one go.
   */
  readonly extras: number
  /** Bound of `keyCost` over all keys. */
  readonly keyBytes: number
}

/** @param maxUserRecords for a record of up to 1 MiB; a larger one gets more in proportion */
export function decodeBudget(recordBytes: number, maxUserRecords: number): DecodeBudget {
  return {
    entries: Math.floor(maxUserRecords * Math.max(1, recordBytes / MIB)),
    extras: maxUserRecords,
    keyBytes: Math.max(MEMORY_FLOOR_BYTES, MEMORY_FACTOR * recordBytes),
  }
}

export function keyCost(entries: number, tableBytes: number): number {
  return entries * KEY_OVERHEAD_BYTES + tableBytes
}
