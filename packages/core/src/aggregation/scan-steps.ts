/**
 * The scan of a large record in steps of about a millisecond, so that no timer waits for 10 MiB of
 * checksum and a million user records. The same functions as the scan in one go, on lists of its own:
 * other records are scanned between two steps.
 */
import { createHash } from 'node:crypto'
import { type DecodeBudget, decodeBudget } from './budget.ts'
import {
  CHECKSUM_BYTES,
  EXPLICIT_HASH_KEY_TAG,
  MAGIC_BYTES,
  PARTITION_KEY_TAG,
  startsAsAggregate,
} from './format.ts'
import type { KeySpanList, KeySpans } from './key-spans.ts'
import {
  type AggregateLayout,
  areHashKeys,
  areUtf8,
  type Gathered,
  type MessagePlace,
  newGathered,
  overBudget,
  uncheckedLayout,
} from './layout.ts'
import type { MalformedReason } from './malformed.ts'
import { NOT_CANONICAL, scanKeys, scanRecords } from './scan-canonical.ts'
import { scanLegal } from './scan-legal.ts'
import { WireReader } from './wire-reader.ts'

/** Of a checksum. */
const STEP_BYTES = 256 * 1024
/** Keys, user records or fields. */
const STEP_ENTRIES = 16_384

/** Yields between steps. @returns as `scanAggregate` */
export function* scanInSteps(
  data: Buffer,
  maxUserRecords: number,
): Generator<void, AggregateLayout | MalformedReason | undefined> {
  if (!startsAsAggregate(data)) return undefined
  if (!(yield* checksumInSteps(data))) return 'checksum'
  const budget = decodeBudget(data.length, maxUserRecords)
  const end = data.length - CHECKSUM_BYTES
  const gathered = newGathered()
  const recordsAt = yield* canonicalInSteps(data, end, budget, gathered)
  if (recordsAt === 'over-budget') return recordsAt
  if (recordsAt !== undefined) {
    return yield* layoutInSteps(data, gathered, { canonical: true, recordsAt, end })
  }
  const legal = newGathered()
  const reader = new WireReader(data)
  reader.at = MAGIC_BYTES
  while (reader.at < end) {
    const fault = scanLegal(reader, end, budget, legal, STEP_ENTRIES)
    if (fault !== undefined) return fault
    yield
  }
  return yield* layoutInSteps(data, legal, { canonical: false, recordsAt: MAGIC_BYTES, end })
}

function* checksumInSteps(data: Buffer): Generator<void, boolean> {
  const end = data.length - CHECKSUM_BYTES
  const sum = createHash('md5')
  for (let at = MAGIC_BYTES; at < end; at += STEP_BYTES) {
    sum.update(data.subarray(at, Math.min(end, at + STEP_BYTES)))
    yield
  }
  return sum.digest('binary') === data.toString('latin1', end)
}

function* canonicalInSteps(
  data: Buffer,
  end: number,
  budget: DecodeBudget,
  gathered: Gathered,
): Generator<void, number | 'over-budget' | undefined> {
  const { partitionKeys, hashKeys } = gathered
  let at = yield* keysInSteps(data, MAGIC_BYTES, end, PARTITION_KEY_TAG, partitionKeys, budget)
  if (at === NOT_CANONICAL) return undefined
  at = yield* keysInSteps(data, at, end, EXPLICIT_HASH_KEY_TAG, hashKeys, budget)
  if (at === NOT_CANONICAL) return undefined
  if (overBudget(gathered, budget)) return 'over-budget'
  const recordsAt = at
  while (at < end) {
    at = scanRecords(data, at, end, gathered.records + STEP_ENTRIES, gathered)
    if (at === NOT_CANONICAL) return undefined
    if (overBudget(gathered, budget)) return 'over-budget'
    yield
  }
  return recordsAt
}

function* keysInSteps(
  data: Buffer,
  start: number,
  end: number,
  tag: number,
  keys: KeySpanList,
  budget: DecodeBudget,
): Generator<void, number> {
  let at = start
  while (at !== NOT_CANONICAL && at < end && data[at] === tag && keys.count <= budget.entries) {
    at = scanKeys(data, at, end, tag, keys, STEP_ENTRIES)
    yield
  }
  return at
}

function* layoutInSteps(
  data: Buffer,
  gathered: Gathered,
  place: MessagePlace,
): Generator<void, AggregateLayout | MalformedReason> {
  const layout = uncheckedLayout(data, gathered, place)
  if (typeof layout === 'string') return layout
  const { partitionKeys, hashKeys, asciiKeys } = layout
  if (!asciiKeys && !(yield* allInSteps(data, partitionKeys, areUtf8))) return 'utf8'
  if (!(yield* allInSteps(data, hashKeys, areHashKeys))) return 'hash-key'
  return layout
}

function* allInSteps(
  data: Buffer,
  keys: KeySpans,
  are: (data: Buffer, keys: KeySpans, from: number, to: number) => boolean,
): Generator<void, boolean> {
  for (let at = 0; at < keys.length; at += STEP_ENTRIES) {
    if (!are(data, keys, at, Math.min(keys.length, at + STEP_ENTRIES))) return false
    yield
  }
  return true
}
