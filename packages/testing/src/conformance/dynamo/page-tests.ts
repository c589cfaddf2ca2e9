/** Query and Scan: which rows, in which pages. */
import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import { newTable, type TableTest } from './group.ts'
import { INDEX, idsOf, refused, type TableDriver, until } from './table-driver.ts'

const IDS = Array.from({ length: 12 }, (_, i) => `row-${String(i).padStart(2, '0')}`)

export function declarePageTests(test: TableTest): void {
  test('scans every row once, whatever the page size', async (table) => {
    await putAll(table)
    for (const Limit of [1, 5, 12, 100]) {
      assert.deepEqual(idsOf(await table.scanAll({ Limit })), IDS)
    }
  })

  test('looks at no more rows a page than the limit, before the filter', async (table) => {
    await putAll(table)
    const filter = {
      FilterExpression: 'kind = :k',
      ExpressionAttributeValues: { ':k': { S: 'even' } },
    }
    const page = await table.scanPage({ Limit: 4, ...filter })
    assert.ok(page.Items.length <= 4)
    assert.notEqual(page.LastEvaluatedKey, undefined)
    const even = IDS.filter((_, i) => i % 2 === 0)
    assert.deepEqual(idsOf(await table.scanAll({ Limit: 4, ...filter })), even)
  })

  test('goes on after a row that is gone', async (table) => {
    await putAll(table)
    const first = await table.scanPage({ Limit: 5 })
    const last = idsOf([first.LastEvaluatedKey ?? {}])[0] ?? ''
    await table.delete(last)
    const rest = await table.scanPage({ ExclusiveStartKey: first.LastEvaluatedKey })
    assert.deepEqual(idsOf([...first.Items, ...rest.Items]), IDS)
  })

  test('divides a scan into segments that overlap nowhere', async (table) => {
    await putAll(table)
    const segments = await Promise.all(
      [0, 1, 2].map((Segment) => table.scanAll({ Segment, TotalSegments: 3, Limit: 2 })),
    )
    assert.deepEqual(idsOf(segments.flat()), IDS)
    await refused('invalid', table.scanAll({ Segment: 3, TotalSegments: 3 }))
  })

  test('ends a page at a megabyte', async (table) => {
    const padding = { S: 'x'.repeat(300 * 1024) }
    for (const id of IDS.slice(0, 6)) await table.put({ id: { S: id }, padding })
    const page = await table.scanPage({})
    assert.ok(page.Items.length < 6, `${page.Items.length} rows`)
    assert.deepEqual(idsOf(await table.scanAll()), IDS.slice(0, 6))
  })

  test('finds in an index the rows that have its key, and their keys only', async (table) => {
    await putAll(table)
    const mine = IDS.filter((_, i) => i % 3 === 0)
    await until('the index has the rows', async () => {
      return (await table.ownedBy('w0')).length === mine.length
    })
    const rows = await table.ownedBy('w0')
    assert.deepEqual(
      rows,
      mine.map((id) => ({ id: { S: id }, holder: { S: 'w0' } })),
    )
    for (const Limit of [1, 3, 4]) assert.deepEqual(await table.ownedBy('w0', Limit), rows)
    assert.deepEqual(await table.ownedBy('nobody'), [])
  })

  test('moves rows in an index as their keys change', async (table) => {
    await table.put({ id: { S: 'r' }, holder: { S: 'w1' } })
    const places = async (): Promise<string> => {
      const [before, after] = [await table.ownedBy('w1'), await table.ownedBy('w2')]
      return `${before.length} ${after.length}`
    }
    await until('it is under w1', async () => (await places()) === '1 0')
    await table.update('r', {
      UpdateExpression: 'SET holder = :w',
      ExpressionAttributeValues: { ':w': { S: 'w2' } },
    })
    await until('it is under w2', async () => (await places()) === '0 1')
    await table.update('r', { UpdateExpression: 'REMOVE holder' })
    await until('it is nowhere', async () => (await places()) === '0 0')
    await table.put({ id: { S: 'r' }, holder: { S: 'w2' } })
    await until('it is back', async () => (await places()) === '0 1')
    await table.delete('r')
    await until('it is gone', async () => (await places()) === '0 0')
  })

  test('refuses queries that it can not answer', async (table) => {
    const good = {
      IndexName: INDEX,
      KeyConditionExpression: 'holder = :w',
      ExpressionAttributeValues: { ':w': { S: 'w1' } },
    }
    assert.deepEqual(await table.queryAll(good), [])
    await refused('invalid', table.queryAll({ ...good, ConsistentRead: true }), /onsistent/)
    await refused('invalid', table.queryAll({ ...good, IndexName: 'other' }))
    for (const KeyConditionExpression of [
      'id = :w',
      'holder > :w',
      'holder = :w AND kind = :w',
      'holder = :w OR id = :w',
      'NOT holder = :w',
      'holder = :w AND attribute_exists(id)',
      'holder <> :w',
      'holder = :w AND holder = :w',
    ]) {
      await refused('invalid', table.queryAll({ ...good, KeyConditionExpression })).catch(
        (cause: unknown) => {
          throw new Error(KeyConditionExpression, { cause })
        },
      )
    }
    const wrongType = { ':w': { N: '1' } }
    await refused('invalid', table.queryAll({ ...good, ExpressionAttributeValues: wrongType }))
  })

  test('queries a table by hash and range key, in the order of the range', async (given) => {
    const table = newTable(given)
    await table.create({
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'n', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'id', KeyType: 'HASH' },
        { AttributeName: 'n', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    })
    for (const n of ['10', '-1', '9', '0.5', '100'])
      await table.put({ id: { S: 'a' }, n: { N: n } })
    await table.put({ id: { S: 'b' }, n: { N: '1' } })
    const numbers = async (condition: string, values: dynamo.Item): Promise<string[]> => {
      const rows = await table.queryAll({
        KeyConditionExpression: condition,
        ExpressionAttributeValues: { ':id': { S: 'a' }, ...values },
        ConsistentRead: true,
        Limit: 2,
      })
      return rows.map((row) => row['n']?.N ?? '')
    }
    assert.deepEqual(await numbers('id = :id', {}), ['-1', '0.5', '9', '10', '100'])
    assert.deepEqual(await numbers('id = :id AND n > :n', { ':n': { N: '9' } }), ['10', '100'])
    assert.deepEqual(await numbers('n <= :n AND id = :id', { ':n': { N: '0.50' } }), ['-1', '0.5'])
    assert.deepEqual(
      await numbers('id = :id AND n BETWEEN :low AND :high', {
        ':low': { N: '0' },
        ':high': { N: '10' },
      }),
      ['0.5', '9', '10'],
    )
  })
}

/** Twelve rows: even and odd; of owners w0, w1 and none. */
async function putAll(table: TableDriver): Promise<void> {
  for (const [i, id] of IDS.entries()) {
    await table.put({
      id: { S: id },
      kind: { S: i % 2 === 0 ? 'even' : 'odd' },
      ...(i % 3 === 2 ? {} : { holder: { S: `w${i % 3}` } }),
    })
  }
}
