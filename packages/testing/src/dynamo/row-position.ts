/**
 * Where a row stands in a scan: by a hash of its hash key, as the service scatters rows, then by
 * range key. Fixed, and yet no order that code could come to rely on. Pure.
 */
import { createHash } from 'node:crypto'
import type { dynamo } from '@millrace/core'
import { canonical, compareValues } from './attribute-value.ts'
import { type KeySchema, keyOf } from './key-schema.ts'

export interface RowPosition {
  /** Unsigned 32 bits of the hash key's hash; segments of a scan divide these. */
  readonly slot: number
  readonly hash: string
  readonly range: dynamo.AttributeValue | undefined
  /** Tells index rows of equal index keys apart; empty in a table. */
  readonly tie: string
}

const SLOTS = 2 ** 32
/** The few keys of a test are asked for again and again: their hashes are kept. */
const MAX_KEPT_SLOTS = 4096
const keptSlots: Map<string, number> = new Map()

export function positionOf(item: dynamo.Item, schema: KeySchema, table?: KeySchema): RowPosition {
  const hash = canonical(present(item, schema.hash.name))
  return {
    slot: slotOf(hash),
    hash,
    range: schema.range === undefined ? undefined : present(item, schema.range.name),
    tie: table === undefined ? '' : canonical({ M: keyOf(item, table) }),
  }
}

function slotOf(hash: string): number {
  const kept = keptSlots.get(hash)
  if (kept !== undefined) return kept
  const slot = createHash('md5').update(hash).digest().readUInt32BE()
  if (keptSlots.size >= MAX_KEPT_SLOTS) keptSlots.clear()
  keptSlots.set(hash, slot)
  return slot
}

export function comparePositions(a: RowPosition, b: RowPosition): number {
  if (a.slot !== b.slot) return a.slot - b.slot
  if (a.hash !== b.hash) return a.hash < b.hash ? -1 : 1
  if (a.range !== undefined && b.range !== undefined) {
    const order = compareValues(a.range, b.range) ?? 0
    if (order !== 0) return order
  }
  if (a.tie === b.tie) return 0
  return a.tie < b.tie ? -1 : 1
}

export function segmentOf(position: RowPosition, totalSegments: number): number {
  return Math.floor((position.slot / SLOTS) * totalSegments)
}

function present(item: dynamo.Item, name: string): dynamo.AttributeValue {
  const value = item[name]
  if (value === undefined) throw new TypeError(`A row without its key ${name}`)
  return value
}
