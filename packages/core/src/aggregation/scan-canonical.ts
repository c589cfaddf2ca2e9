/**
 * HOT: the fast lane's check, about 15 ns a user record: is this message exactly what KPL writes?
 * Partition keys, hash keys, then records, each field in order and every number as short as it can
 * be. It decides nothing about other messages: those go to the full scan.
 */
import type { DecodeBudget } from './budget.ts'
import {
  DATA_TAG,
  EXPLICIT_HASH_KEY_TAG,
  HASH_KEY_INDEX_TAG,
  KEY_INDEX_TAG,
  PARTITION_KEY_TAG,
  RECORD_TAG,
} from './format.ts'
import type { KeySpanList } from './key-spans.ts'
import { type Gathered, overBudget } from './layout.ts'

// Copies of imported constants: V8 folds a module's own constants into the code, but loads an
// imported one at every use, which made this scan five times slower.
const RECORD = RECORD_TAG
const KEY_INDEX = KEY_INDEX_TAG
const HASH_KEY_INDEX = HASH_KEY_INDEX_TAG
const DATA = DATA_TAG
export const NOT_CANONICAL = -1
const TOO_LARGE = 0x7fff_ffff

/** Offset behind the varint that `longVarint` read; two results would be an object. */
let next = 0

/**
 * @returns where the records start; `undefined` when the message is not canonical, and with it
 *   whatever was gathered means nothing. 'over-budget' is final.
 */
export function scanCanonical(
  bytes: Uint8Array,
  start: number,
  end: number,
  budget: DecodeBudget,
  gathered: Gathered,
): number | 'over-budget' | undefined {
  const most = budget.entries
  let at = scanKeys(bytes, start, end, PARTITION_KEY_TAG, gathered.partitionKeys, most)
  if (at === NOT_CANONICAL) return undefined
  at = scanKeys(bytes, at, end, EXPLICIT_HASH_KEY_TAG, gathered.hashKeys, most)
  if (at === NOT_CANONICAL) return undefined
  if (overBudget(gathered, budget)) return 'over-budget'
  if (scanRecords(bytes, at, end, most, gathered) === NOT_CANONICAL) return undefined
  return overBudget(gathered, budget) ? 'over-budget' : at
}

/**
 * One key table, or a stretch of it: no more than `most` keys and one, so that the caller notices.
 *
 * @returns the offset behind, NOT_CANONICAL when the message is not
 */
export function scanKeys(
  bytes: Uint8Array,
  start: number,
  end: number,
  tag: number,
  keys: KeySpanList,
  most: number,
): number {
  let at = start
  for (let left = most; left >= 0 && at < end && bytes[at] === tag; left--) {
    let length = bytes[at + 1] as number
    at += 2
    if (length > 0x7f) {
      length = longVarint(bytes, at, length)
      at = next
    }
    if (length > end - at) return NOT_CANONICAL
    keys.add(at, at + length)
    at += length
  }
  return at
}

/**
 * The user records from `start` on, until there are more than `most`, those gathered before included.
 *
 * @returns the offset behind, NOT_CANONICAL when the message is not
 */
export function scanRecords(
  bytes: Uint8Array,
  start: number,
  end: number,
  most: number,
  gathered: Gathered,
): number {
  let at = start
  let records = gathered.records
  let largestKey = gathered.largestKeyIndex
  let largestHashKey = gathered.largestHashKeyIndex
  while (at < end) {
    if (bytes[at++] !== RECORD) return NOT_CANONICAL
    let length = bytes[at++] as number
    if (length > 0x7f) {
      length = longVarint(bytes, at, length)
      at = next
    }
    if (length > end - at) return NOT_CANONICAL
    const recordEnd = at + length
    if (bytes[at++] !== KEY_INDEX) return NOT_CANONICAL
    let key = bytes[at++] as number
    if (key > 0x7f) {
      key = longVarint(bytes, at, key)
      at = next
    }
    if (key > largestKey) largestKey = key
    let tag = bytes[at++]
    if (tag === HASH_KEY_INDEX) {
      let hashKey = bytes[at++] as number
      if (hashKey > 0x7f) {
        hashKey = longVarint(bytes, at, hashKey)
        at = next
      }
      if (hashKey > largestHashKey) largestHashKey = hashKey
      tag = bytes[at++]
    }
    if (tag !== DATA) return NOT_CANONICAL
    let dataBytes = bytes[at++] as number
    if (dataBytes > 0x7f) {
      dataBytes = longVarint(bytes, at, dataBytes)
      at = next
    }
    if (at + dataBytes !== recordEnd) return NOT_CANONICAL
    at = recordEnd
    if (++records > most) break
  }
  gathered.records = records
  gathered.largestKeyIndex = largestKey
  gathered.largestHashKeyIndex = largestHashKey
  return at
}

/**
 * The rest of a varint whose first byte is `first`: a number of up to 28 bits in its shortest form.
 * Anything else is larger than any record, which no length or index survives; what follows cannot
 * pass for canonical, because `next` then stands on a byte that is no tag. Reads of a cut varint
 * end in the checksum behind the message.
 */
function longVarint(bytes: Uint8Array, at: number, first: number): number {
  let value = first & 0x7f
  for (let i = 0; i < 3; i++) {
    const byte = bytes[at + i] as number
    value |= (byte & 0x7f) << (7 * i + 7)
    if (byte < 0x80) {
      next = byte === 0 ? at : at + i + 1
      return byte === 0 ? TOO_LARGE : value
    }
  }
  next = at
  return TOO_LARGE
}
