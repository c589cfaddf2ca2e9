/** Items as values that compare: bytes as text, sets in one order. Pure. */
import type { dynamo } from '@millrace/core'

/** Two items are equal for DynamoDB exactly when these are deeply equal. @public */
export function comparableItem(item: dynamo.Item): Record<string, unknown> {
  const names = Object.keys(item).sort()
  return Object.fromEntries(names.map((name) => [name, comparableValue(item[name] ?? {})]))
}

function comparableValue(value: dynamo.AttributeValue): unknown {
  if (value.B !== undefined) return { B: hex(value.B) }
  if (value.SS !== undefined) return { SS: [...value.SS].sort() }
  if (value.NS !== undefined) return { NS: [...value.NS].sort() }
  if (value.BS !== undefined) return { BS: value.BS.map(hex).sort() }
  if (value.L !== undefined) return { L: value.L.map(comparableValue) }
  if (value.M !== undefined) return { M: comparableItem(value.M) }
  return Object.fromEntries(Object.entries(value).filter(([, given]) => given !== undefined))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
