/** What a scan finds out about an aggregate before the first user record is made of it. */
import { isAscii, isUtf8 } from 'node:buffer'
import { type DecodeBudget, keyCost } from './budget.ts'
import { KeySpanList, type KeySpans } from './key-spans.ts'
import type { MalformedReason } from './malformed.ts'

const MAX_HASH_KEY_TEXT = '340282366920938463463374607431768211455'
const MAX_HASH_KEY_DIGITS = 64
const CODE_0 = 48
const CODE_9 = 57

export interface AggregateLayout {
  /** KPL's own shape, which the fast lane reads; else the schema lane does. */
  readonly canonical: boolean
  /** User records inside, 1 or more. */
  readonly records: number
  /** Offset of the first field behind the key tables of a canonical message, else of the message. */
  readonly recordsAt: number
  /** Offset behind the message. */
  readonly end: number
  readonly partitionKeys: KeySpans
  readonly hashKeys: KeySpans
  /** No key has a byte above 127. */
  readonly asciiKeys: boolean
}

/** What both scans gather; one aggregate is scanned at a time, so there is one of each list. */
export interface Gathered {
  readonly partitionKeys: KeySpanList
  readonly hashKeys: KeySpanList
  records: number
  /** Fields that KPL never writes: unknown ones, tags, and those given twice. */
  extras: number
  /** -1 when no record refers to the table. */
  largestKeyIndex: number
  largestHashKeyIndex: number
}

export function newGathered(): Gathered {
  return {
    partitionKeys: new KeySpanList(),
    hashKeys: new KeySpanList(),
    records: 0,
    extras: 0,
    largestKeyIndex: -1,
    largestHashKeyIndex: -1,
  }
}

export function clearGathered(gathered: Gathered): void {
  gathered.partitionKeys.clear()
  gathered.hashKeys.clear()
  gathered.records = 0
  gathered.extras = 0
  gathered.largestKeyIndex = -1
  gathered.largestHashKeyIndex = -1
}

export function overBudget(gathered: Gathered, budget: DecodeBudget): boolean {
  const { partitionKeys, hashKeys } = gathered
  const keys = partitionKeys.count + hashKeys.count
  return (
    gathered.records > budget.entries ||
    keys > budget.entries ||
    keyCost(keys, partitionKeys.keyBytes + hashKeys.keyBytes) > budget.keyBytes
  )
}

/** Where the message lies. */
export interface MessagePlace {
  readonly canonical: boolean
  readonly recordsAt: number
  readonly end: number
}

/** The last checks, which need the whole message: references, and what the keys are made of. */
export function layoutOf(
  bytes: Buffer,
  gathered: Gathered,
  place: MessagePlace,
): AggregateLayout | MalformedReason {
  const layout = uncheckedLayout(bytes, gathered, place)
  if (typeof layout === 'string') return layout
  const { partitionKeys, hashKeys, asciiKeys } = layout
  if (!asciiKeys && !areUtf8(bytes, partitionKeys, 0, partitionKeys.length)) return 'utf8'
  if (!areHashKeys(bytes, hashKeys, 0, hashKeys.length)) return 'hash-key'
  return layout
}

/** Before what the keys are made of is looked at, unless all of them are ASCII. */
export function uncheckedLayout(
  bytes: Buffer,
  gathered: Gathered,
  place: MessagePlace,
): AggregateLayout | 'empty' | 'key-index' {
  if (gathered.records === 0) return 'empty'
  if (gathered.largestKeyIndex >= gathered.partitionKeys.count) return 'key-index'
  if (gathered.largestHashKeyIndex >= gathered.hashKeys.count) return 'key-index'
  const partitionKeys = gathered.partitionKeys.take()
  const hashKeys = gathered.hashKeys.take()
  // In the canonical shape the tables, tags and lengths included, are one run of bytes.
  const asciiKeys =
    place.canonical && isAscii(bytes.subarray(partitionKeys[0] ?? place.recordsAt, place.recordsAt))
  return { ...place, records: gathered.records, partitionKeys, hashKeys, asciiKeys }
}

/** Of the spans from one place of the list to another, both even. */
export function areUtf8(bytes: Buffer, keys: KeySpans, from: number, to: number): boolean {
  for (let i = from; i < to; i += 2) {
    if (!isUtf8(bytes.subarray(keys[i], keys[i + 1]))) return false
  }
  return true
}

/** As `areUtf8`. */
export function areHashKeys(bytes: Uint8Array, keys: KeySpans, from: number, to: number): boolean {
  for (let i = from; i < to; i += 2) {
    if (!isHashKeyText(bytes, keys[i] as number, keys[i + 1] as number)) return false
  }
  return true
}

/** Decimal digits of 0 to 2^128 - 1, as `wordsOfDecimal` takes them, without making text of them. */
function isHashKeyText(bytes: Uint8Array, start: number, end: number): boolean {
  if (end === start || end - start > MAX_HASH_KEY_DIGITS) return false
  let first = end
  for (let i = start; i < end; i++) {
    const code = bytes[i] as number
    if (code < CODE_0 || code > CODE_9) return false
    if (first === end && code !== CODE_0) first = i
  }
  const digits = end - first
  if (digits !== MAX_HASH_KEY_TEXT.length) return digits < MAX_HASH_KEY_TEXT.length
  for (let i = 0; i < digits; i++) {
    const difference = (bytes[first + i] as number) - MAX_HASH_KEY_TEXT.charCodeAt(i)
    if (difference !== 0) return difference < 0
  }
  return true
}
