/** Size of an item as DynamoDB's limits count it: names and values in bytes, UTF-8. Pure. */
import type { dynamo } from '@millrace/core'
import { typeOf } from './attribute-value.ts'
import { invalid } from './refusal.ts'

const MAX_ITEM_BYTES = 400 * 1024
/** What a list or a map costs, and each member of one. */
const CONTAINER_BYTES = 3
const MEMBER_BYTES = 1

/** @throws DynamoRefusal for an item over 400 KB */
export function checkItemSize(item: dynamo.Item): void {
  const bytes = itemBytes(item)
  if (bytes > MAX_ITEM_BYTES) {
    throw invalid(
      `Item size has exceeded the maximum allowed size: ${bytes} bytes, at most ${MAX_ITEM_BYTES}`,
    )
  }
}

export function itemBytes(item: dynamo.Item): number {
  let bytes = 0
  for (const name of Object.keys(item)) {
    const value = item[name]
    if (value !== undefined) bytes += Buffer.byteLength(name) + valueBytes(value)
  }
  return bytes
}

function valueBytes(value: dynamo.AttributeValue): number {
  const type = typeOf(value)
  switch (type) {
    case 'S':
      return Buffer.byteLength(value.S ?? '')
    case 'N':
      return numberBytes(value.N ?? '')
    case 'B':
      return value.B?.byteLength ?? 0
    case 'BOOL':
    case 'NULL':
      return 1
    case 'SS':
      return sum(value.SS ?? [], (member) => Buffer.byteLength(member))
    case 'NS':
      return sum(value.NS ?? [], numberBytes)
    case 'BS':
      return sum(value.BS ?? [], (member) => member.byteLength)
    case 'L':
      return CONTAINER_BYTES + sum(value.L ?? [], (member) => MEMBER_BYTES + valueBytes(member))
    case 'M': {
      const map = value.M ?? {}
      return CONTAINER_BYTES + MEMBER_BYTES * Object.keys(map).length + itemBytes(map)
    }
    default:
      return type satisfies never
  }
}

/** The guide says about a byte for two significant digits, and one more. */
function numberBytes(text: string): number {
  const significant = text.replace(/[-.]/g, '').replace(/^0+|0+$/g, '').length
  return Math.ceil(significant / 2) + 1 + (text.startsWith('-') ? 1 : 0)
}

function sum<T>(members: readonly T[], bytesOf: (member: T) => number): number {
  return members.reduce((total, member) => total + bytesOf(member), 0)
}
