/** Expressions that are none are refused, and nothing is written. */
import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import type { TableTest } from './group.ts'
import { refused } from './table-driver.ts'

type Faulty = readonly [expression: string, values?: dynamo.Item, names?: Record<string, string>]

const ONE: dynamo.Item = { ':v': { N: '1' } }

const CONDITIONS: readonly Faulty[] = [
  [''],
  ['lives'],
  ['lives ='],
  ['lives = = :v', ONE],
  ['lives == :v', ONE],
  ['lives = :v AND', ONE],
  ['lives = :v lives = :v', ONE],
  ['(lives = :v', ONE],
  ['lives = :v)', ONE],
  ['((lives = :v))', ONE],
  ['lives = 1'],
  ["lives = '1'"],
  ['lives = :v; DROP', ONE],
  ['exists(lives)'],
  ['attribute_exists(:v)', ONE],
  ['attribute_exists()'],
  ['begins_with(lives, :v)', ONE],
  ['begins_with(lives)'],
  ['lives BETWEEN :v', ONE],
  ['lives BETWEEN :a AND :b', { ':a': { N: '2' }, ':b': { N: '1' } }],
  ['lives IN :v', ONE],
  ['lives = :undefined'],
  ['#undefined = :v', ONE],
  ['lives = :v', { ...ONE, ':unused': { N: '1' } }],
  ['lives = :v', ONE, { '#unused': 'x' }],
  ['lives = :v', { ':v': { N: 'x' } }],
  ['lives = lives'],
  ['status = :v', ONE],
  ['Owner = :v', ONE],
  ['data = :v', ONE],
]

const UPDATES: readonly Faulty[] = [
  [''],
  ['lives = :v', ONE],
  ['SET'],
  ['SET lives'],
  ['SET lives = '],
  ['SET lives = :v,', ONE],
  ['SET lives = :v SET other = :v', ONE],
  ['SET lives = :v, lives = :v', ONE],
  ['SET lives = :v REMOVE lives', ONE],
  ['SET lives = :v * :v', ONE],
  ['SET lives = :v + :v + :v', ONE],
  ['SET lives = attribute_exists(x)'],
  ['SET lives = if_not_exists(:v, :v)', ONE],
  ['SET lives = list_append(lives, :v)', ONE],
  ['SET lives = :s + :v', { ...ONE, ':s': { S: 'x' } }],
  ['SET counter = :v', ONE],
  ['ADD lives = :v', ONE],
  ['ADD lives :v', { ':v': { S: 'x' } }],
  ['ADD lives other'],
  ['DELETE lives :v', ONE],
  ['REMOVE'],
  ['REMOVE lives = :v', ONE],
  ['PUT lives = :v', ONE],
  ['SET lives = :undefined'],
  ['SET #undefined = :v', ONE],
  ['SET lives = :v', { ...ONE, ':unused': { N: '1' } }],
]

export function declareRefusalTests(test: TableTest): void {
  test('refuses conditions that it can not read', async (table) => {
    for (const [ConditionExpression, values, names] of CONDITIONS) {
      const input = { ConditionExpression, ...placeholders(values, names) }
      await naming(ConditionExpression, refused('invalid', table.put({ id: { S: 'r' } }, input)))
    }
    assert.deepEqual(await table.scanAll(), [])
  })

  test(
    'refuses to order what has no order',
    async (table) => {
      for (const value of [{ BOOL: true }, { NULL: true }, { SS: ['a'] }, { L: [] }, { M: {} }]) {
        const input = {
          ConditionExpression: 'lives < :v',
          ExpressionAttributeValues: { ':v': value },
        }
        await naming(
          JSON.stringify(value),
          refused('invalid', table.put({ id: { S: 'r' } }, input)),
        )
      }
    },
    'refusesUnorderedComparison',
  )

  test('refuses updates that it can not read', async (table) => {
    for (const [UpdateExpression, values, names] of UPDATES) {
      const input = { UpdateExpression, ...placeholders(values, names) }
      await naming(UpdateExpression, refused('invalid', table.update('r', input)))
    }
    assert.deepEqual(await table.scanAll(), [])
  })

  test('refuses placeholders without an expression', async (table) => {
    await refused('invalid', table.put({ id: { S: 'r' } }, { ExpressionAttributeValues: ONE }))
    await refused(
      'invalid',
      table.put({ id: { S: 'r' } }, { ExpressionAttributeNames: { '#a': 'a' } }),
    )
  })

  test('takes reserved words behind placeholders, and any case of a keyword', async (table) => {
    await table.update('r', {
      UpdateExpression: 'set #status = :v remove #data add #size :v',
      ConditionExpression: 'attribute_not_exists(#status) and Not attribute_exists(#data)',
      ExpressionAttributeNames: { '#status': 'status', '#data': 'data', '#size': 'size' },
      ExpressionAttributeValues: ONE,
    })
    assert.deepEqual(await table.get('r'), {
      id: { S: 'r' },
      status: { N: '1' },
      size: { N: '1' },
    })
  })
}

function placeholders(
  values: dynamo.Item | undefined,
  names: Readonly<Record<string, string>> | undefined,
): dynamo.ExpressionInput {
  return {
    ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
    ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
  }
}

async function naming(expression: string, check: Promise<void>): Promise<void> {
  try {
    await check
  } catch (cause) {
    throw new Error(`Not refused as it should be: ${expression}`, { cause })
  }
}
