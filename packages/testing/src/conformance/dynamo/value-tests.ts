/** Items: what is kept, and which are refused. */
import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import type { TableTest } from './group.ts'
import { refused } from './table-driver.ts'

const KB = 1024

export function declareValueTests(test: TableTest): void {
  test('keeps every type of value', async (table) => {
    const item: dynamo.Item = {
      id: { S: 'ключ €' },
      text: { S: '' },
      number: { N: '-0.5' },
      bytes: { B: Uint8Array.from({ length: 256 }, (_, i) => i) },
      yes: { BOOL: true },
      nothing: { NULL: true },
      texts: { SS: ['only'] },
      numbers: { NS: ['3'] },
      list: { L: [{ S: 'a' }, { L: [] }, { M: {} }] },
      map: { M: { C: { L: [{ N: '3.1' }] } } },
    }
    await table.put(item)
    const { bytes, ...rest } = (await table.get('ключ €')) ?? {}
    const { bytes: expectedBytes, ...expected } = item
    assert.deepEqual(rest, expected)
    assert.deepEqual([...(bytes?.B ?? [])], [...(expectedBytes?.B ?? [])])
  })

  test('spells numbers in one way', async (table) => {
    const spellings = { '007': '7', '1e3': '1000', '-1.50': '-1.5', '0.0': '0', '1.0E-4': '0.0001' }
    for (const [given, kept] of Object.entries(spellings)) {
      await table.put({ id: { S: given }, n: { N: given } })
      assert.equal((await table.get(given))?.['n']?.N, kept)
    }
  })

  test('replaces the whole item on put', async (table) => {
    await table.put({ id: { S: 'r' }, a: { N: '1' } })
    await table.put({ id: { S: 'r' }, b: { N: '2' } })
    assert.deepEqual(await table.get('r'), { id: { S: 'r' }, b: { N: '2' } })
  })

  test('deletes what is not there without complaint', async (table) => {
    await table.delete('none')
    assert.equal(await table.get('none'), undefined)
  })

  test('refuses items that can not be', async (table) => {
    const items: Readonly<Record<string, dynamo.Item>> = {
      'no key': { a: { S: 'x' } },
      'empty key': { id: { S: '' } },
      'key of another type': { id: { N: '1' } },
      'index key of another type': { id: { S: 'r' }, holder: { N: '1' } },
      'empty set': { id: { S: 'r' }, a: { SS: [] } },
      'set with duplicates': { id: { S: 'r' }, a: { SS: ['x', 'x'] } },
      'number that is none': { id: { S: 'r' }, a: { N: 'one' } },
      'empty number': { id: { S: 'r' }, a: { N: '' } },
      '39 digits': { id: { S: 'r' }, a: { N: `${'1'.repeat(39)}` } },
      'number too large': { id: { S: 'r' }, a: { N: '1e126' } },
      'key too long': { id: { S: 'k'.repeat(2049) } },
    }
    for (const [why, item] of Object.entries(items)) {
      await refused('invalid', table.put(item)).catch((cause: unknown) => {
        throw new Error(why, { cause })
      })
    }
    assert.deepEqual(await table.scanAll(), [])
  })

  test(
    'refuses an empty index key',
    async (table) => {
      await refused('invalid', table.put({ id: { S: 'r' }, holder: { S: '' } }))
    },
    'refusesEmptyIndexKey',
  )

  test('refuses an item over 400 KB, by put and by update', async (table) => {
    const half = { S: 'x'.repeat(200 * KB) }
    await table.put({ id: { S: 'r' }, a: half })
    await refused('invalid', table.put({ id: { S: 's' }, a: half, b: half }))
    await refused(
      'invalid',
      table.update('r', {
        UpdateExpression: 'SET b = :half',
        ExpressionAttributeValues: { ':half': half },
      }),
    )
    assert.deepEqual(Object.keys((await table.get('r')) ?? {}).sort(), ['a', 'id'])
  })

  test("refuses a key that is not the table's", async (table) => {
    for (const Key of [
      {},
      { other: { S: 'x' } },
      { id: { N: '1' } },
      { id: { S: 'a' }, b: { S: 'b' } },
    ]) {
      await refused('invalid', table.port.getItem({ TableName: table.name, Key }))
      await refused('invalid', table.port.deleteItem({ TableName: table.name, Key }))
    }
  })
}
