/** What a lease row is, once more and in other words than the product's, for tests to compare. */
import type { dynamo } from '@millrace/core'

const MANY_STREAMS = /^[0-9]+:[^:]+:0*[1-9][0-9]*:[^:]+$/
const IDENTIFIER = /^[0-9]+:[^:]+:0*[1-9][0-9]*$/
const POSITION = /^(?:TRIM_HORIZON|LATEST|AT_TIMESTAMP|SHARD_END|[0-9]{1,129})$/

type Loose = Readonly<Record<string, unknown>> | null | undefined

function field(row: dynamo.Item, name: string, type: string): unknown {
  return (Object.hasOwn(row, name) ? (row[name] as Loose) : undefined)?.[type]
}

function isAbsentOr(row: dynamo.Item, name: string, test: () => boolean): boolean {
  return !Object.hasOwn(row, name) || test()
}

function isCount(row: dynamo.Item, name: string): boolean {
  const text = field(row, name, 'N')
  if (typeof text !== 'string' || text === '') return false
  return Number.isSafeInteger(Number(text)) && Number(text) >= 0
}

function isTextSet(value: unknown): boolean {
  return Array.isArray(value) && value.every((member) => typeof member === 'string')
}

export function mayBeLease(row: dynamo.Item): boolean {
  const key = field(row, 'leaseKey', 'S')
  if (typeof key !== 'string' || !/^[\w.-]{1,128}$/.test(key) || MANY_STREAMS.test(key))
    return false
  if (['Leader', 'Migration3.0', 'TableMigration3.5'].includes(key)) return false
  if (!isAbsentOr(row, 'entityType', () => field(row, 'entityType', 'S') === 'LEASE')) return false
  const stream = field(row, 'streamName', 'S')
  const isOfMany = typeof stream === 'string' && IDENTIFIER.test(stream)
  if (isOfMany && Object.hasOwn(row, 'shardId')) return false
  const checkpoint = field(row, 'checkpoint', 'S')
  return (
    isAbsentOr(row, 'shardId', () => field(row, 'shardId', 'S') === key) &&
    isCount(row, 'leaseCounter') &&
    isCount(row, 'ownerSwitchesSinceCheckpoint') &&
    typeof checkpoint === 'string' &&
    POSITION.test(checkpoint) &&
    ['leaseOwner', 'checkpointOwner'].every((name) =>
      isAbsentOr(row, name, () => typeof field(row, name, 'S') === 'string'),
    ) &&
    ['parentShardId', 'childShardIds'].every((name) =>
      isAbsentOr(row, name, () => isTextSet(field(row, name, 'SS'))),
    )
  )
}
