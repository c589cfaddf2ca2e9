/** One page of a query or scan: at most `Limit` rows looked at, at most 1 MB. Pure. */
import type { dynamo } from '@millrace/core'
import { itemBytes } from './item-size.ts'
import { invalid } from './refusal.ts'
import type { Row } from './sorted-rows.ts'

const MAX_PAGE_BYTES = 1024 * 1024

export interface PageCut {
  /** Rows looked at; a filter comes after the cut, as in the service. */
  readonly items: readonly dynamo.Item[]
  /** Where the next page starts. A page that is full has one, even if nothing follows. */
  readonly last: dynamo.Item | undefined
}

/** @throws DynamoRefusal for a limit that is none */
export function cutPage(rows: Iterable<Row>, limit: number | undefined): PageCut {
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1)) {
    throw invalid(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    )
  }
  const items: dynamo.Item[] = []
  let bytes = 0
  for (const { item } of rows) {
    items.push(item)
    bytes += itemBytes(item)
    if (items.length === limit || bytes >= MAX_PAGE_BYTES) return { items, last: item }
  }
  return { items, last: undefined }
}
