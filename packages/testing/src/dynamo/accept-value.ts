/** Lets attribute values in: checks them as DynamoDB does and copies them. Pure. */
import type { dynamo } from '@millrace/core'
import { ATTRIBUTE_TYPES, type AttributeType, canonical } from './attribute-value.ts'
import { formatDecimal, isSmallWhole, parseDecimal } from './decimal.ts'
import { invalid } from './refusal.ts'

type AttributeValue = dynamo.AttributeValue

const MAX_NESTING = 32
const PLAIN = { enumerable: true, writable: true, configurable: true } as const

/**
 * A copy that shares nothing with what was given, its numbers in DynamoDB's spelling.
 *
 * @throws DynamoRefusal
 */
export function acceptItem(item: dynamo.Item): dynamo.Item {
  return acceptMap(item, 0)
}

/** @throws DynamoRefusal */
export function acceptValue(value: AttributeValue, depth = 0): AttributeValue {
  if (depth > MAX_NESTING) {
    throw invalid('Nesting Levels have exceeded supported limits')
  }
  const type = onlyTypeOf(value)
  switch (type) {
    case 'S':
      return { S: value.S }
    case 'N':
      return { N: acceptNumber(value.N ?? '') }
    case 'B':
      return { B: Uint8Array.from(value.B ?? []) }
    case 'BOOL':
      return { BOOL: value.BOOL }
    case 'NULL':
      if (value.NULL !== true) {
        throw invalid(
          'One or more parameter values were invalid: Null attribute value types must have the value of true',
        )
      }
      return { NULL: true }
    case 'SS':
      return asSet({ SS: [...(value.SS ?? [])] }, value.SS?.map((S) => ({ S })) ?? [])
    case 'NS': {
      const NS = (value.NS ?? []).map(acceptNumber)
      return asSet(
        { NS },
        NS.map((N) => ({ N })),
      )
    }
    case 'BS': {
      const BS = (value.BS ?? []).map((bytes) => Uint8Array.from(bytes))
      return asSet(
        { BS },
        BS.map((B) => ({ B })),
      )
    }
    case 'L':
      return { L: (value.L ?? []).map((member) => acceptValue(member, depth + 1)) }
    case 'M':
      return { M: acceptMap(value.M ?? {}, depth + 1) }
    default:
      return type satisfies never
  }
}

function onlyTypeOf(value: AttributeValue): AttributeType {
  let only: AttributeType | undefined
  for (const type of ATTRIBUTE_TYPES) {
    if (value[type] === undefined) continue
    if (only !== undefined) throw severalTypes(value)
    only = type
  }
  if (only !== undefined) return only
  throw invalid(
    'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
  )
}

function severalTypes(value: AttributeValue): Error {
  const types = ATTRIBUTE_TYPES.filter((type) => value[type] !== undefined)
  return invalid(
    `Supplied AttributeValue has more than one datatypes set (${types.join(', ')}), ` +
      'must contain exactly one of the supported datatypes',
  )
}

/** A copy of what was accepted before, sharing nothing that can be changed. */
export function copyItem(item: dynamo.Item): dynamo.Item {
  return mapped(item, copyValue)
}

function copyValue(value: AttributeValue): AttributeValue {
  if (value.M !== undefined) return { M: copyItem(value.M) }
  if (value.L !== undefined) return { L: value.L.map(copyValue) }
  if (value.B !== undefined) return { B: value.B.slice() }
  if (value.SS !== undefined) return { SS: [...value.SS] }
  if (value.NS !== undefined) return { NS: [...value.NS] }
  if (value.BS !== undefined) return { BS: value.BS.map((bytes) => bytes.slice()) }
  return { ...value }
}

function acceptMap(map: dynamo.Item, depth: number): dynamo.Item {
  return mapped(map, (value) => acceptValue(value, depth))
}

/** `Object.fromEntries` without the pairs: every call copies several items. */
function mapped(item: dynamo.Item, change: (value: AttributeValue) => AttributeValue): dynamo.Item {
  const copy: Record<string, AttributeValue> = {}
  for (const name of Object.keys(item)) {
    const value = change(item[name] as AttributeValue)
    if (name !== '__proto__') copy[name] = value
    // Assigned, it would be the prototype.
    else Object.defineProperty(copy, name, { value, ...PLAIN })
  }
  return copy
}

function acceptNumber(text: string): string {
  return isSmallWhole(text) ? text : formatDecimal(parseDecimal(text))
}

function asSet(set: AttributeValue, members: readonly AttributeValue[]): AttributeValue {
  if (members.length === 0) {
    throw invalid('One or more parameter values were invalid: A set may not be empty')
  }
  if (new Set(members.map(canonical)).size < members.length) {
    throw invalid('One or more parameter values were invalid: A set contains duplicates')
  }
  return set
}
