/** What can be said of attribute values that were accepted: type, equality, order. Pure. */
import type { dynamo } from '@millrace/core'
import { compareDecimals, parseDecimal } from './decimal.ts'

type AttributeValue = dynamo.AttributeValue

export const ATTRIBUTE_TYPES = ['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M'] as const
export type AttributeType = (typeof ATTRIBUTE_TYPES)[number]
export type ScalarType = dynamo.AttributeDefinition['AttributeType']

/** An accepted value has exactly one type. */
export function typeOf(value: AttributeValue): AttributeType {
  for (const type in value) {
    if (value[type as AttributeType] !== undefined) return type as AttributeType
  }
  throw new TypeError('An attribute value without a type was let in')
}

/** Types with an order: what may be a key, and what `<` and `BETWEEN` take. */
export function isOrdered(type: AttributeType): type is ScalarType {
  return type === 'S' || type === 'N' || type === 'B'
}

/** Sets are equal whatever their order; numbers were accepted in one spelling. */
export function valuesEqual(a: AttributeValue, b: AttributeValue): boolean {
  if (typeOf(a) !== typeOf(b)) return false
  return canonical(a) === canonical(b)
}

/**
 * Order of two values of one ordered type: numbers by value, text by its UTF-8 bytes.
 * `undefined` when they have none.
 */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if (a.N !== undefined && b.N !== undefined) {
    return compareDecimals(parseDecimal(a.N), parseDecimal(b.N))
  }
  if (a.S !== undefined && b.S !== undefined) {
    return Buffer.compare(Buffer.from(a.S), Buffer.from(b.S))
  }
  if (a.B !== undefined && b.B !== undefined) return Buffer.compare(a.B, b.B)
  return undefined
}

/** Text that two values share exactly when they are equal; also the identity of key values. */
export function canonical(value: AttributeValue): string {
  return JSON.stringify(plain(value))
}

function plain(value: AttributeValue): unknown {
  const type = typeOf(value)
  switch (type) {
    case 'S':
    case 'N':
    case 'BOOL':
    case 'NULL':
      return [type, value[type]]
    case 'B':
      return [type, hex(value.B)]
    case 'SS':
    case 'NS':
      return [type, [...(value[type] ?? [])].sort()]
    case 'BS':
      return [type, (value.BS ?? []).map(hex).sort()]
    case 'L':
      return [type, (value.L ?? []).map(plain)]
    case 'M': {
      const entries = Object.entries(value.M ?? {})
      entries.sort(([a], [b]) => (a < b ? -1 : 1))
      return [type, entries.map(([name, member]) => [name, plain(member)])]
    }
    default:
      return type satisfies never
  }
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex')
}
