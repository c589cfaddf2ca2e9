/** What query and scan see of a table. */
import type { dynamo } from '@millrace/core'
import { acceptItem, copyItem } from './accept-value.ts'
import { canonical } from './attribute-value.ts'
import { holds } from './condition-evaluator.ts'
import { parseCondition } from './condition-parser.ts'
import { keyConditionOf } from './key-condition.ts'
import { checkIndexKey, checkKey, type KeySchema, keyAttributes, keyOf } from './key-schema.ts'
import { cutPage, type PageCut } from './page.ts'
import { Placeholders } from './placeholders.ts'
import { invalid } from './refusal.ts'
import { positionOf, type RowPosition, segmentOf } from './row-position.ts'
import type { Row } from './sorted-rows.ts'
import type { Table } from './table.ts'

const MAX_SEGMENTS = 1_000_000

/** @throws DynamoRefusal */
export function query(table: Table, input: dynamo.QueryInput, nowMs: number): dynamo.ItemsPage {
  const placeholders = new Placeholders(input)
  const parsed = parseCondition(
    'KeyConditionExpression',
    input.KeyConditionExpression,
    placeholders,
  )
  placeholders.refuseUnused()
  const index = input.IndexName === undefined ? undefined : table.readableIndex(input.IndexName)
  if (index !== undefined && input.ConsistentRead === true) {
    throw invalid('Consistent reads are not supported on global secondary indexes')
  }
  const schema = index?.definition.schema ?? table.schema
  const condition = keyConditionOf(parsed, schema)
  const start = startOf(table, input.ExclusiveStartKey, index?.definition.schema)
  const hash = canonical(condition.hash)
  if (start !== undefined && start.hash !== hash) {
    throw invalid(
      'The provided starting key is outside query boundaries based on provided conditions',
    )
  }
  const rows = index?.rows.rowsAt(nowMs) ?? table.rows(input.ConsistentRead === true)
  const wanted = rows
    .after(start)
    .filter(({ position, item }) => position.hash === hash && condition.matchesRange(item))
  const cut = cutPage(wanted, input.Limit)
  return pageOf(cut, cut.items, [schema, table.schema])
}

/** @throws DynamoRefusal */
export function scan(table: Table, input: dynamo.ScanInput): dynamo.ItemsPage {
  const placeholders = new Placeholders(input)
  const text = input.FilterExpression
  const filter =
    text === undefined ? undefined : parseCondition('FilterExpression', text, placeholders)
  placeholders.refuseUnused()
  const inSegment = segmentFilter(input)
  const start = startOf(table, input.ExclusiveStartKey, undefined)
  if (start !== undefined && !inSegment({ position: start })) {
    throw invalid(
      'The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment.',
    )
  }
  const cut = cutPage(
    table
      .rows(input.ConsistentRead === true)
      .after(start)
      .filter(inSegment),
    input.Limit,
  )
  const found = filter === undefined ? cut.items : cut.items.filter((item) => holds(filter, item))
  return pageOf(cut, found, [table.schema])
}

function segmentFilter(input: dynamo.ScanInput): (row: Pick<Row, 'position'>) => boolean {
  const { Segment: segment, TotalSegments: total } = input
  if (segment === undefined && total === undefined) return () => true
  if (segment === undefined || total === undefined) {
    throw invalid('Segment and TotalSegments must be given together')
  }
  if (!(Number.isSafeInteger(total) && total >= 1 && total <= MAX_SEGMENTS)) {
    throw invalid(`TotalSegments is ${total}: it must be from 1 to ${MAX_SEGMENTS}`)
  }
  if (!(Number.isSafeInteger(segment) && segment >= 0 && segment < total)) {
    throw invalid(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${segment} is not less than TotalSegments: ${total}`,
    )
  }
  return ({ position }) => segmentOf(position, total) === segment
}

/** Where a page goes on: after the row that this key names, whether it still exists or not. */
function startOf(
  table: Table,
  given: dynamo.Item | undefined,
  index: KeySchema | undefined,
): RowPosition | undefined {
  if (given === undefined) return undefined
  const start = acceptItem(given)
  const names = new Set(
    [table.schema, ...(index === undefined ? [] : [index])]
      .flatMap(keyAttributes)
      .map((a) => a.name),
  )
  if (
    Object.keys(start).length !== names.size ||
    [...names].some((name) => start[name] === undefined)
  ) {
    throw invalid('The provided starting key is invalid')
  }
  checkKey(keyOf(start, table.schema), table.schema)
  if (index === undefined) return table.positionOf(start)
  checkIndexKey(start, index, 'ExclusiveStartKey')
  return positionOf(start, index, table.schema)
}

function pageOf(
  cut: PageCut,
  found: readonly dynamo.Item[],
  schemas: readonly KeySchema[],
): dynamo.ItemsPage {
  return {
    Items: found.map(copyItem),
    LastEvaluatedKey: cut.last === undefined ? undefined : copyItem(keyOf(cut.last, ...schemas)),
  }
}
