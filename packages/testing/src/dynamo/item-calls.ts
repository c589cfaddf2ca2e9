/** What each item call does to a table. Synchronous: one call is one atomic step. */
import type {
  DeleteItemInput,
  GetItemInput,
  GetItemOutput,
  Item,
  ItemsPage,
  PutItemInput,
  QueryInput,
  ScanInput,
  UpdateItemInput,
  UpdateItemOutput,
} from '@millrace/core/internal'
import { holds, updated } from './evaluate.ts'
import type { Condition } from './expression-ast.ts'
import { parseCondition } from './parse-condition.ts'
import { parseUpdate } from './parse-update.ts'
import { Placeholders } from './placeholders.ts'
import { conditionFailed, refusing } from './refusal.ts'
import type { Table } from './table.ts'

type ConditionInput = Pick<
  DeleteItemInput,
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
  | 'ReturnValuesOnConditionCheckFailure'
>

/** Told of each write that was applied. */
export type WriteListener = (key: string, before: Item | undefined, after: Item | undefined) => void

export interface CallContext {
  readonly table: Table
  readonly nowMs: number
  readonly lagMs: () => number
  readonly returnsOldItem: boolean
  readonly onWrite: WriteListener
}

export function getItem(context: CallContext, input: GetItemInput): GetItemOutput {
  return refusing('GetItem', () => {
    const key = context.table.keyOf(input.Key, true)
    const item = context.table.get(key, input.ConsistentRead === true, context.nowMs)
    return item === undefined ? {} : { Item: item }
  })
}

export function putItem(context: CallContext, input: PutItemInput): void {
  refusing('PutItem', () => {
    const key = context.table.keyOf(input.Item, false)
    const placeholders = placeholdersOf(input)
    const condition = conditionOf(input, placeholders)
    placeholders.finish()
    write(context, 'PutItem', key, input, condition, () => input.Item)
  })
}

export function updateItem(context: CallContext, input: UpdateItemInput): UpdateItemOutput {
  return refusing('UpdateItem', () => {
    const key = context.table.keyOf(input.Key, true)
    const placeholders = placeholdersOf(input)
    const update = parseUpdate(input.UpdateExpression, placeholders)
    const condition = conditionOf(input, placeholders)
    placeholders.finish()
    // An update of an absent item creates it: the reason for KCL's existence conditions.
    const after = write(context, 'UpdateItem', key, input, condition, (before) =>
      updated(update, before ?? input.Key),
    )
    return input.ReturnValues === 'ALL_NEW' ? { Attributes: after } : {}
  })
}

export function deleteItem(context: CallContext, input: DeleteItemInput): void {
  refusing('DeleteItem', () => {
    const key = context.table.keyOf(input.Key, true)
    const placeholders = placeholdersOf(input)
    const condition = conditionOf(input, placeholders)
    placeholders.finish()
    write(context, 'DeleteItem', key, input, condition, () => undefined)
  })
}

export function query(context: CallContext, input: QueryInput): ItemsPage {
  return refusing('Query', () => {
    if (input.IndexName === undefined) throw new Error('Only queries of an index are known here')
    if (input.ConsistentRead === true) {
      throw new Error('Consistent reads are not supported on global secondary indexes')
    }
    const placeholders = placeholdersOf(input)
    const condition = parseCondition(input.KeyConditionExpression, placeholders)
    placeholders.finish()
    if (
      condition.type !== 'compare' ||
      condition.comparator !== '=' ||
      condition.left.type !== 'path' ||
      condition.right.type !== 'value'
    ) {
      throw new Error('Only KeyConditionExpressions of the form hashKey = :value are known here')
    }
    const { table, nowMs } = context
    const items = table.query(input.IndexName, condition.left.name, condition.right.value, nowMs)
    return page(table, items, input.ExclusiveStartKey, input.Limit, () => true)
  })
}

export function scan(context: CallContext, input: ScanInput): ItemsPage {
  return refusing('Scan', () => {
    const placeholders = placeholdersOf(input)
    const filter =
      input.FilterExpression === undefined
        ? undefined
        : parseCondition(input.FilterExpression, placeholders)
    placeholders.finish()
    const segments = input.TotalSegments ?? 1
    const items = context.table
      .scan(input.ConsistentRead === true, context.nowMs)
      .filter((_item, at) => at % segments === (input.Segment ?? 0))
    return page(context.table, items, input.ExclusiveStartKey, input.Limit, (item) =>
      filter === undefined ? true : holds(filter, item),
    )
  })
}

function write(
  context: CallContext,
  operation: string,
  key: string,
  input: ConditionInput,
  condition: Condition | undefined,
  change: (before: Item | undefined) => Item | undefined,
): Item | undefined {
  const { table, nowMs, lagMs, onWrite } = context
  const before = table.get(key, true, nowMs)
  if (condition !== undefined && !holds(condition, before ?? {})) {
    const wanted = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && context.returnsOldItem
    throw conditionFailed(operation, wanted ? before : undefined)
  }
  table.write(key, change(before), nowMs, lagMs())
  const after = table.get(key, true, nowMs)
  onWrite(key, before, after)
  return after
}

/** Limit counts items before the filter, as in DynamoDB. */
function page(
  table: Table,
  items: readonly Item[],
  start: Item | undefined,
  limit: number | undefined,
  passes: (item: Item) => boolean,
): ItemsPage {
  const startKey = start?.[table.hashKey]?.S
  const from =
    startKey === undefined
      ? 0
      : items.findIndex((item) => (item[table.hashKey]?.S ?? '') > startKey)
  const rest = from < 0 ? [] : items.slice(from)
  const looked = limit === undefined ? rest : rest.slice(0, limit)
  const last = looked.at(-1)
  const key = last?.[table.hashKey]
  return {
    Items: looked.filter(passes),
    ...(looked.length < rest.length && key !== undefined
      ? { LastEvaluatedKey: { [table.hashKey]: key } }
      : {}),
  }
}

function placeholdersOf(input: {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly ExpressionAttributeValues?: Item | undefined
}): Placeholders {
  return new Placeholders(input.ExpressionAttributeNames, input.ExpressionAttributeValues)
}

function conditionOf(input: ConditionInput, placeholders: Placeholders): Condition | undefined {
  return input.ConditionExpression === undefined
    ? undefined
    : parseCondition(input.ConditionExpression, placeholders)
}
