/** What an update with DynamoDB's legacy parameters does, for comparison with ours. */
import type { dynamo } from '@millrace/core'
import type { LegacyUpdate } from './golden.ts'

/** A row on which the condition holds; everything else is as in `base`. */
export function rowThatFits(base: dynamo.Item, { Key, Expected }: LegacyUpdate): dynamo.Item {
  const row: Record<string, dynamo.AttributeValue> = { ...base, ...Key }
  for (const [name, { Value, Exists }] of Object.entries(Expected)) {
    if (Value !== undefined) row[name] = Value
    else if (Exists === false) delete row[name]
  }
  return row
}

export function holdsOn(row: dynamo.Item | undefined, { Expected }: LegacyUpdate): boolean {
  return Object.entries(Expected).every(([name, { Value, Exists }]) => {
    const there = row?.[name]
    if (Exists === false) return there === undefined
    return JSON.stringify(there) === JSON.stringify(Value)
  })
}

export function updated(row: dynamo.Item, { AttributeUpdates }: LegacyUpdate): dynamo.Item {
  const after: Record<string, dynamo.AttributeValue> = { ...row }
  for (const [name, { Action, Value }] of Object.entries(AttributeUpdates)) {
    if (Action === 'DELETE') delete after[name]
    else if (Action === 'PUT' && Value !== undefined) after[name] = Value
    else after[name] = { N: String(Number(row[name]?.N ?? 0) + Number(Value?.N)) }
  }
  return after
}
