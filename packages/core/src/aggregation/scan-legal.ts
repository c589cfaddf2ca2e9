/**
 * The full check of a message that is not KPL's own shape: any order, unknown fields, tags, long
 * varints. Three fixed levels, no recursion; the first fault ends it.
 */
import type { DecodeBudget } from './budget.ts'
import { LENGTH_DELIMITED, VARINT } from './format.ts'
import { type Gathered, overBudget } from './layout.ts'
import type { MalformedReason } from './malformed.ts'
import type { WireReader } from './wire-reader.ts'

// Copies of imported constants, which V8 folds into the code; imported ones it loads at every use.
const BYTES = LENGTH_DELIMITED
const NUMBER = VARINT

/**
 * From where the reader stands to the end, or over so many fields.
 *
 * @returns the fault; undefined while there is none
 */
export function scanLegal(
  reader: WireReader,
  end: number,
  budget: DecodeBudget,
  gathered: Gathered,
  fields: number = Number.POSITIVE_INFINITY,
): MalformedReason | undefined {
  for (let left = fields; left > 0 && reader.at < end && reader.fault === undefined; left--) {
    const tag = reader.tag(end)
    if (reader.fault !== undefined) break
    const wireType = tag & 7
    const field = tag >>> 3
    if (field > 3) {
      skipExtra(reader, wireType, end, budget, gathered)
      continue
    }
    if (!expect(reader, wireType, BYTES)) break
    const fieldEnd = reader.lengthDelimited(end)
    if (reader.fault !== undefined) break
    if (field === 1) gathered.partitionKeys.add(reader.at, fieldEnd)
    else if (field === 2) gathered.hashKeys.add(reader.at, fieldEnd)
    else {
      gathered.records++
      scanRecord(reader, fieldEnd, budget, gathered)
    }
    if (overBudget(gathered, budget)) reader.fail('over-budget')
    reader.at = fieldEnd
  }
  return reader.fault
}

function scanRecord(
  reader: WireReader,
  end: number,
  budget: DecodeBudget,
  gathered: Gathered,
): void {
  let key = -1
  let hashKey = -1
  let hasData = false
  while (reader.at < end && reader.fault === undefined) {
    const tag = reader.tag(end)
    if (reader.fault !== undefined) return
    const wireType = tag & 7
    const field = tag >>> 3
    if (field === 1) {
      if (key >= 0) countExtra(reader, budget, gathered)
      if (expect(reader, wireType, NUMBER)) key = reader.varint(end)
    } else if (field === 2) {
      if (hashKey >= 0) countExtra(reader, budget, gathered)
      if (expect(reader, wireType, NUMBER)) hashKey = reader.varint(end)
    } else if (field === 3) {
      if (hasData) countExtra(reader, budget, gathered)
      if (expect(reader, wireType, BYTES)) reader.at = reader.lengthDelimited(end)
      hasData = true
    } else if (field === 4) {
      if (!expect(reader, wireType, BYTES)) return
      countExtra(reader, budget, gathered)
      scanTag(reader, reader.lengthDelimited(end), budget, gathered)
    } else {
      skipExtra(reader, wireType, end, budget, gathered)
    }
  }
  if (key < 0 || !hasData) reader.fail('field')
  // A field given twice counts as given last, so only the last index is used and checked.
  if (key > gathered.largestKeyIndex) gathered.largestKeyIndex = key
  if (hashKey > gathered.largestHashKeyIndex) gathered.largestHashKeyIndex = hashKey
}

function scanTag(reader: WireReader, end: number, budget: DecodeBudget, gathered: Gathered): void {
  let hasKey = false
  while (reader.at < end && reader.fault === undefined) {
    const tag = reader.tag(end)
    if (reader.fault !== undefined) return
    const wireType = tag & 7
    const field = tag >>> 3
    if (field > 2) {
      skipExtra(reader, wireType, end, budget, gathered)
    } else if (expect(reader, wireType, BYTES)) {
      countExtra(reader, budget, gathered)
      reader.at = reader.lengthDelimited(end)
      hasKey ||= field === 1
    }
  }
  if (!hasKey) reader.fail('field')
}

function expect(reader: WireReader, wireType: number, expected: number): boolean {
  if (wireType === expected) return true
  reader.fail(wireType === 3 || wireType === 4 ? 'group' : 'wire-type')
  return false
}

/** Steps over a field that means nothing to us, at a price: see `DecodeBudget.extras`. */
function skipExtra(
  reader: WireReader,
  wireType: number,
  end: number,
  budget: DecodeBudget,
  gathered: Gathered,
): void {
  countExtra(reader, budget, gathered)
  reader.skip(wireType, end)
}

function countExtra(reader: WireReader, budget: DecodeBudget, gathered: Gathered): void {
  if (++gathered.extras > budget.extras) reader.fail('over-budget')
}
