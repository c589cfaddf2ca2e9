import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime, SimulatedDynamo, type SimulatedDynamoOptions } from '@millrace/testing'

const TableName = 'leases'
const INDEX = 'by-owner'
const OWNED: Omit<dynamo.QueryInput, 'TableName'> = {
  IndexName: INDEX,
  KeyConditionExpression: 'leaseOwner = :o',
  ExpressionAttributeValues: { ':o': { S: 'w1' } },
}

/** A table with these rows, all owned by w1. */
async function withRows(
  keys: readonly string[],
  options?: SimulatedDynamoOptions,
): Promise<SimulatedDynamo> {
  const simulated = new SimulatedDynamo(options)
  await simulated.createTable({
    TableName,
    AttributeDefinitions: ['leaseKey', 'leaseOwner'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    GlobalSecondaryIndexes: [
      {
        IndexName: INDEX,
        KeySchema: [
          { AttributeName: 'leaseOwner', KeyType: 'HASH' },
          { AttributeName: 'leaseKey', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  })
  for (const S of keys) {
    const Item = { leaseKey: { S }, leaseOwner: { S: 'w1' }, leaseCounter: { N: '0' } }
    await simulated.putItem({ TableName, Item })
  }
  return simulated
}

function keysOf({ Items }: dynamo.ItemsPage): (string | undefined)[] {
  return Items.map((item) => item['leaseKey']?.S)
}

describe('Pages of SimulatedDynamo', () => {
  const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']

  it('hold exactly as many items as the limit says, and then the key of the last one', async () => {
    const simulated = await withRows(KEYS)
    for (const Limit of [1, 2, 5]) {
      const scanned = await simulated.scan({ TableName, Limit })
      assert.equal(scanned.Items.length, Limit)
      const leaseKey = scanned.Items.at(-1)?.['leaseKey']
      assert.deepEqual(scanned.LastEvaluatedKey, { leaseKey })

      const found = await simulated.query({ TableName, ...OWNED, Limit })
      assert.deepEqual(keysOf(found), KEYS.slice(0, Limit))
      assert.deepEqual(found.LastEvaluatedKey, found.Items.at(-1))
    }
  })

  it('go on after a full last page, which does not know that it is the last', async () => {
    const simulated = await withRows(KEYS)
    for (const read of [
      (rest: object) => simulated.scan({ TableName, ...rest }),
      (rest: object) => simulated.query({ TableName, ...OWNED, ...rest }),
    ]) {
      const all = await read({ Limit: KEYS.length })
      assert.notEqual(all.LastEvaluatedKey, undefined)
      const rest = await read({ Limit: 1, ExclusiveStartKey: all.LastEvaluatedKey })
      assert.deepEqual([rest.Items, rest.LastEvaluatedKey], [[], undefined])
      const more = await read({ Limit: KEYS.length + 1 })
      assert.equal(more.LastEvaluatedKey, undefined)
    }
  })

  it('are filtered after they were cut', async () => {
    const simulated = await withRows(KEYS)
    const filter = { FilterExpression: 'attribute_not_exists(leaseKey)' }
    const page = await simulated.scan({ TableName, Limit: 3, ...filter })
    assert.deepEqual(page.Items, [])
    const rest = await simulated.scan({ TableName, ExclusiveStartKey: page.LastEvaluatedKey })
    assert.equal(rest.Items.length, 3)
  })

  it('keep their place while rows come and go', async () => {
    const simulated = await withRows(KEYS)
    const first = await simulated.scan({ TableName, Limit: 3 })
    for (const S of keysOf(first)) {
      await simulated.deleteItem({ TableName, Key: { leaseKey: { S } } })
    }
    const rest = await simulated.scan({ TableName, ExclusiveStartKey: first.LastEvaluatedKey })
    assert.deepEqual([...keysOf(first), ...keysOf(rest)].sort(), KEYS)
  })

  it('belong to one segment each, whatever else is in the table', async () => {
    const segmentsOf = async (simulated: SimulatedDynamo): Promise<Map<string, number>> => {
      const found = new Map<string, number>()
      for (const Segment of [0, 1, 2]) {
        const page = await simulated.scan({ TableName, Segment, TotalSegments: 3 })
        for (const key of keysOf(page)) found.set(key ?? '', Segment)
      }
      return found
    }
    const few = await segmentsOf(await withRows(KEYS))
    const many = await segmentsOf(await withRows([...KEYS, ...'ghijklmnop']))
    assert.deepEqual([...few.keys()].sort(), KEYS)
    assert.equal(many.size, 16)
    for (const [key, segment] of few) assert.equal(many.get(key), segment, key)
  })

  it('are refused from keys, segments and limits that are none', async () => {
    const simulated = await withRows(KEYS)
    const bad: Omit<dynamo.ScanInput, 'TableName'>[] = [
      { Limit: 0 },
      { Limit: 1.5 },
      { Segment: 0 },
      { TotalSegments: 2 },
      { Segment: -1, TotalSegments: 2 },
      { Segment: 2, TotalSegments: 2 },
      { ExclusiveStartKey: {} },
      { ExclusiveStartKey: { leaseKey: { S: 'a' }, leaseOwner: { S: 'w1' } } },
    ]
    for (const input of bad) {
      const scan = simulated.scan({ TableName, ...input })
      await assert.rejects(scan, { kind: 'invalid' }, JSON.stringify(input))
    }
    const other = { leaseKey: { S: 'a' }, leaseOwner: { S: 'w2' } }
    for (const ExclusiveStartKey of [other, { leaseKey: { S: 'a' } }]) {
      const query = simulated.query({ TableName, ...OWNED, ExclusiveStartKey })
      await assert.rejects(query, { kind: 'invalid' })
    }
  })
})

describe('A write that reaches the index late', () => {
  it('does not undo a younger one that was seen there before', async () => {
    await runInVirtualTime(async () => {
      const lags = [5000, 10]
      const simulated = await withRows(['a'], { indexLagMs: () => lags.shift() ?? 0 })
      const seen = async (): Promise<number> =>
        (await simulated.query({ TableName, ...OWNED })).Items.length
      await simulated.deleteItem({ TableName, Key: { leaseKey: { S: 'a' } } })
      await sleep(10)
      assert.equal(await seen(), 0)
      await sleep(5000)
      assert.equal(await seen(), 0)
    })
  })
})
