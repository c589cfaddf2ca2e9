/** UpdateItem: what each kind of action makes of a row. */
import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import type { TableTest } from './group.ts'
import { refused, type TableDriver } from './table-driver.ts'

export function declareUpdateTests(test: TableTest): void {
  test('sets, removes, adds and deletes in one update', async (table) => {
    await table.put({
      id: { S: 'r' },
      former: { S: 'goes' },
      lives: { N: '7' },
      parents: { SS: ['a', 'b'] },
    })
    const after = await updateOf(
      table,
      'SET holder = :w, #c = :c REMOVE former, never ADD lives :one, switches :one DELETE parents :gone',
      { ':w': { S: 'w1' }, ':c': { S: '49' }, ':one': { N: '1' }, ':gone': { SS: ['a', 'z'] } },
      { '#c': 'checkpoint' },
    )
    const expected = {
      id: { S: 'r' },
      holder: { S: 'w1' },
      checkpoint: { S: '49' },
      lives: { N: '8' },
      switches: { N: '1' },
      parents: { SS: ['b'] },
    }
    assert.deepEqual(after, expected)
    assert.deepEqual(await table.get('r'), expected)
  })

  test('creates the row when there is none', async (table) => {
    await table.update('r', { UpdateExpression: 'REMOVE holder' })
    assert.deepEqual(await table.get('r'), { id: { S: 'r' } })
    await table.update('s', {
      UpdateExpression: 'ADD lives :n',
      ExpressionAttributeValues: { ':n': { N: '2' } },
    })
    assert.deepEqual(await table.get('s'), { id: { S: 's' }, lives: { N: '2' } })
  })

  test('returns the new item only when asked to', async (table) => {
    assert.equal(await table.update('r', { UpdateExpression: 'REMOVE holder' }), undefined)
    assert.equal(
      await table.update('r', { UpdateExpression: 'REMOVE holder', ReturnValues: 'NONE' }),
      undefined,
    )
    assert.deepEqual(await updateOf(table, 'REMOVE holder', {}), { id: { S: 'r' } })
  })

  test('computes with numbers, exactly', async (table) => {
    const big = '12345678901234567890123456789012345678'
    await table.put({ id: { S: 'r' }, a: { N: big }, b: { N: '0.1' } })
    const after = await updateOf(
      table,
      'SET c = a - :one, d = b + :tenth, e = :one - :three, f = a',
      { ':one': { N: '1' }, ':tenth': { N: '0.2' }, ':three': { N: '3' } },
    )
    assert.equal(after?.['c']?.N, '12345678901234567890123456789012345677')
    assert.equal(after?.['d']?.N, '0.3')
    assert.equal(after?.['e']?.N, '-2')
    assert.equal(after?.['f']?.N, big)
  })

  test('falls back where an attribute is absent, and appends lists', async (table) => {
    await table.put({ id: { S: 'r' }, here: { N: '5' }, entries: { L: [{ N: '1' }] } })
    const after = await updateOf(
      table,
      'SET x = if_not_exists(here, :zero), y = if_not_exists(gone, :zero) + :one, ' +
        'entries = list_append(:front, entries), more = list_append(if_not_exists(gone, :none), :front)',
      {
        ':zero': { N: '0' },
        ':one': { N: '1' },
        ':front': { L: [{ S: 'new' }] },
        ':none': { L: [] },
      },
    )
    assert.equal(after?.['x']?.N, '5')
    assert.equal(after?.['y']?.N, '1')
    assert.deepEqual(after?.['entries'], { L: [{ S: 'new' }, { N: '1' }] })
    assert.deepEqual(after?.['more'], { L: [{ S: 'new' }] })
  })

  test('grows and shrinks sets, and drops one that becomes empty', async (table) => {
    await updateOf(table, 'ADD s :s, n :n', { ':s': { SS: ['a'] }, ':n': { NS: ['1'] } })
    const grown = await updateOf(table, 'ADD s :s, n :n', {
      ':s': { SS: ['a', 'b'] },
      ':n': { NS: ['2', '1.0'] },
    })
    assert.deepEqual([...(grown?.['s']?.SS ?? [])].sort(), ['a', 'b'])
    assert.deepEqual([...(grown?.['n']?.NS ?? [])].sort(), ['1', '2'])
    const shrunk = await updateOf(table, 'DELETE s :s, n :n, gone :s', {
      ':s': { SS: ['b', 'a'] },
      ':n': { NS: ['2'] },
    })
    assert.deepEqual(shrunk, { id: { S: 'r' }, n: { NS: ['1'] } })
  })

  test('refuses updates that the row does not allow, and leaves it alone', async (table) => {
    const row = { id: { S: 'r' }, text: { S: 't' }, lives: { N: '1' }, set: { SS: ['a'] } }
    await table.put(row)
    const one = { ':v': { N: '1' } }
    for (const [expression, values] of [
      ['SET x = gone', {}],
      ['SET x = gone + :v', one],
      ['SET x = text + :v', one],
      ['SET x = list_append(lives, :v)', { ':v': { L: [] } }],
      ['ADD text :v', one],
      ['ADD set :v', one],
      ['DELETE set :v', { ':v': { NS: ['1'] } }],
      ['SET id = :v', { ':v': { S: 'other' } }],
      ['REMOVE id', {}],
      ['SET holder = :v', one],
      ['SET x = text, holder = lives', {}],
    ] satisfies [string, dynamo.Item][]) {
      await refused('invalid', updateOf(table, expression, values)).catch((cause: unknown) => {
        throw new Error(expression, { cause })
      })
    }
    assert.deepEqual(await table.get('r'), row)
  })
}

function updateOf(
  table: TableDriver,
  UpdateExpression: string,
  values: dynamo.Item,
  names?: Readonly<Record<string, string>>,
): Promise<dynamo.Item | undefined> {
  return table.update('r', {
    UpdateExpression,
    ReturnValues: 'ALL_NEW',
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
    ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
  })
}
