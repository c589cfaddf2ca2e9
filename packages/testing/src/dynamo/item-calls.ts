/** What the calls on single items do to a table. */
import type { dynamo } from '@millrace/core'
import { acceptItem } from './accept-value.ts'
import { holds } from './condition-evaluator.ts'
import { parseCondition } from './condition-parser.ts'
import type { Condition, UpdateAction } from './expression-nodes.ts'
import { checkItemKey, checkKey, keyOf } from './key-schema.ts'
import { Placeholders } from './placeholders.ts'
import { conditionFailed, invalid } from './refusal.ts'
import type { RowPosition } from './row-position.ts'
import type { Table } from './table.ts'
import { updated } from './update-evaluator.ts'
import { parseUpdate } from './update-parser.ts'

/** One applied write. */
export interface RowChange {
  readonly key: dynamo.Item
  readonly before: dynamo.Item | undefined
  readonly after: dynamo.Item | undefined
}

export function getItem(table: Table, input: dynamo.GetItemInput): dynamo.Item | undefined {
  const position = table.positionOf(acceptKey(table, input.Key))
  return table.rows(input.ConsistentRead === true).get(position)
}

/** @throws DynamoRefusal */
export function putItem(table: Table, input: dynamo.PutItemInput): RowChange {
  const { condition } = expressionsOf(input, undefined)
  const after = acceptItem(input.Item)
  checkItemKey(after, table.schema)
  return write(table, input, keyOf(after, table.schema), condition, () => after)
}

/** @throws DynamoRefusal */
export function updateItem(table: Table, input: dynamo.UpdateItemInput): RowChange {
  const { condition, actions } = expressionsOf(input, input.UpdateExpression)
  const key = acceptKey(table, input.Key)
  const ofKey = actions.find(({ name }) => Object.hasOwn(key, name))
  if (ofKey !== undefined) {
    throw invalid(
      `One or more parameter values were invalid: Cannot update attribute ${ofKey.name}. This attribute is part of the key`,
    )
  }
  return write(table, input, key, condition, (before) => updated(before ?? key, actions))
}

/** @throws DynamoRefusal */
export function deleteItem(table: Table, input: dynamo.DeleteItemInput): RowChange {
  const { condition } = expressionsOf(input, undefined)
  return write(table, input, acceptKey(table, input.Key), condition, () => undefined)
}

function write(
  table: Table,
  input: dynamo.ConditionInput,
  key: dynamo.Item,
  condition: Condition | undefined,
  change: (before: dynamo.Item | undefined) => dynamo.Item | undefined,
): RowChange {
  const position: RowPosition = table.positionOf(key)
  const before = table.rows(true).get(position)
  if (condition !== undefined && !holds(condition, before ?? {})) {
    const wanted = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
    throw conditionFailed(wanted ? before : undefined)
  }
  const after = change(before)
  table.write(position, before, after)
  return { key, before, after }
}

function acceptKey(table: Table, given: dynamo.Item): dynamo.Item {
  const key = acceptItem(given)
  checkKey(key, table.schema)
  return key
}

function expressionsOf(
  input: dynamo.ConditionInput,
  update: string | undefined,
): { readonly condition: Condition | undefined; readonly actions: readonly UpdateAction[] } {
  const placeholders = new Placeholders(input)
  const actions = update === undefined ? [] : parseUpdate(update, placeholders)
  const text = input.ConditionExpression
  const condition =
    text === undefined ? undefined : parseCondition('ConditionExpression', text, placeholders)
  placeholders.refuseUnused()
  return { condition, actions }
}
