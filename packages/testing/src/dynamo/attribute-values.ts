/** Attribute values: copying, comparing, checking. Pure. */
import type { AttributeValue, Item } from '@millrace/core/internal'

const NUMBER = /^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/
const TYPES = ['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M'] as const
export type AttributeType = (typeof TYPES)[number]

/** The one type key of a value. @throws Error when there is none or more than one */
export function typeOf(value: AttributeValue): AttributeType {
  const types = TYPES.filter((type) => value[type] !== undefined)
  const [type, ...others] = types
  if (type === undefined || others.length > 0) {
    throw new Error('Supplied AttributeValue has more than one datatypes set, or none')
  }
  return type
}

/** A deep copy, checked as DynamoDB checks what it stores. @throws Error */
export function copyValue(value: AttributeValue): AttributeValue {
  const type = typeOf(value)
  switch (type) {
    case 'S':
      return { S: String(value.S) }
    case 'N':
      return { N: canonicalNumber(value.N ?? '') }
    case 'B':
      return { B: Uint8Array.from(value.B ?? []) }
    case 'BOOL':
      return { BOOL: value.BOOL === true }
    case 'NULL':
      return { NULL: true }
    case 'SS':
      return { SS: setOf(value.SS ?? []).sort() }
    case 'NS':
      return { NS: setOf((value.NS ?? []).map(canonicalNumber)).sort() }
    case 'BS':
      return { BS: (value.BS ?? []).map((bytes) => Uint8Array.from(bytes)) }
    case 'L':
      return { L: (value.L ?? []).map(copyValue) }
    case 'M':
      return { M: copyItem(value.M ?? {}) }
  }
}

export function copyItem(item: Item): Item {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, copyValue(value)]))
}

/** Negative, 0 or positive; undefined for values that have no order between them. */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  const type = typeOf(a)
  if (type !== typeOf(b)) return undefined
  if (type === 'S') return Buffer.compare(Buffer.from(a.S ?? ''), Buffer.from(b.S ?? ''))
  if (type === 'N') return compareNumbers(a.N ?? '0', b.N ?? '0')
  if (type === 'B') return Buffer.compare(a.B ?? new Uint8Array(), b.B ?? new Uint8Array())
  return undefined
}

export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  return canonicalText(a) === canonicalText(b)
}

export function canonicalNumber(text: string): string {
  if (!NUMBER.test(text)) {
    throw new Error(`The parameter cannot be converted to a numeric value: ${text.slice(0, 40)}`)
  }
  if (/^-?[0-9]+$/.test(text)) return BigInt(text).toString()
  return String(Number(text))
}

export function addNumbers(a: string, b: string, sign: 1 | -1): string {
  if (/^-?[0-9]+$/.test(a) && /^-?[0-9]+$/.test(b)) {
    return (BigInt(a) + BigInt(sign) * BigInt(b)).toString()
  }
  return String(Number(a) + sign * Number(b))
}

function compareNumbers(a: string, b: string): number {
  if (/^-?[0-9]+$/.test(a) && /^-?[0-9]+$/.test(b)) {
    const difference = BigInt(a) - BigInt(b)
    return difference < 0n ? -1 : difference > 0n ? 1 : 0
  }
  return Number(a) - Number(b)
}

function setOf(members: readonly string[]): string[] {
  if (members.length === 0) throw new Error('An empty set is not allowed')
  if (new Set(members).size !== members.length) throw new Error('The set contains duplicates')
  return [...members]
}

function canonicalText(value: AttributeValue): string {
  const copy = copyValue(value)
  return JSON.stringify(copy, (_key, part: unknown) => {
    if (part instanceof Uint8Array) return Buffer.from(part).toString('hex')
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
