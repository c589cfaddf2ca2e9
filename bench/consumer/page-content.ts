/** What is on the page of each shard: what a shard gives in four seconds at its limit, to one who is behind. */
import type { Shard } from '@millrace/core'
import { hashKeyOf } from '@millrace/core'
import { aggregate } from '@millrace/core/aggregation'
import { AGGREGATE_MAX_BYTES, freshKeys, payloads, recordsAnAggregate } from '../load.ts'
import type { PageRecord } from './canned-page.ts'
import type { StubSettings } from './messages.ts'

const PAGE_BYTES = 8 * 1024 * 1024

export interface PageContent {
  readonly records: readonly PageRecord[]
  readonly userRecords: number
  readonly dataBytes: number
}

/** Every key belongs to the shard. */
export function pageContent({ content, dataBytes }: StubSettings, shard: Shard): PageContent {
  const perRecord = content === 'plain' ? 1 : recordsAnAggregate(dataBytes)
  const recordBytes = content === 'plain' ? dataBytes : AGGREGATE_MAX_BYTES
  const userRecords = Math.floor(PAGE_BYTES / recordBytes) * perRecord
  const keys = keysOf(shard, userRecords)
  const data = payloads(userRecords, dataBytes)
  const plain = keys.map((partitionKey, i) => ({ partitionKey, data: data[i] as Buffer }))
  const records =
    content === 'plain'
      ? plain
      : aggregate(plain, { maxBytes: AGGREGATE_MAX_BYTES, maxRecords: perRecord })
  return { records, userRecords, dataBytes: userRecords * dataBytes }
}

function keysOf({ hashKeyRange: { start, end } }: Shard, count: number): string[] {
  const keys: string[] = []
  while (keys.length < count) {
    for (const key of freshKeys(count)) {
      const hashKey = hashKeyOf(key)
      if (hashKey >= start && hashKey <= end) keys.push(key)
    }
  }
  return keys.slice(0, count)
}
