/** Conditional writes: which conditions hold, and what a failed one leaves behind. */
import assert from 'node:assert/strict'
import { type dynamo, isServiceError } from '@millrace/core'
import type { TableTest } from './group.ts'
import { refused, type TableDriver } from './table-driver.ts'

const ROW: dynamo.Item = {
  id: { S: 'row' },
  holder: { S: 'w1' },
  lives: { N: '10' },
  motto: { S: 'to be or not' },
  parents: { SS: ['p1', 'p2'] },
  list: { L: [{ S: 'x' }, { N: '1' }] },
  bytes: { B: Uint8Array.of(1, 2, 3) },
}

/** Conditions on ROW, with `:` values; true or false is what they must come to. */
const CONDITIONS: readonly [string, dynamo.Item, boolean][] = [
  ['lives = :v', { ':v': { N: '10.0' } }, true],
  ['lives = :v', { ':v': { S: '10' } }, false],
  ['lives <> :v', { ':v': { N: '10' } }, false],
  ['lives <> :v', { ':v': { S: '10' } }, true],
  ['absent = :v', { ':v': { N: '10' } }, false],
  ['absent <> :v', { ':v': { N: '10' } }, true],
  ['absent < :v', { ':v': { N: '10' } }, false],
  ['absent >= :v', { ':v': { N: '10' } }, false],
  ['lives < :v', { ':v': { N: '9' } }, false],
  ['lives <= :v', { ':v': { N: '1e1' } }, true],
  ['lives > :v', { ':v': { N: '9' } }, true],
  ['lives > :v', { ':v': { S: '0' } }, false],
  ['lives >= :v', { ':v': { N: '10.5' } }, false],
  [':v < lives', { ':v': { N: '-3' } }, true],
  ['motto < :v', { ':v': { S: 'to bf' } }, true],
  ['parents = :v', { ':v': { SS: ['p2', 'p1'] } }, true],
  ['attribute_exists(holder)', {}, true],
  ['attribute_exists(absent)', {}, false],
  ['attribute_not_exists(absent)', {}, true],
  ['attribute_not_exists(id)', {}, false],
  ['begins_with(motto, :v)', { ':v': { S: 'to be' } }, true],
  ['begins_with(motto, :v)', { ':v': { S: 'be' } }, false],
  ['begins_with(bytes, :v)', { ':v': { B: Uint8Array.of(1, 2) } }, true],
  ['begins_with(absent, :v)', { ':v': { S: 't' } }, false],
  ['contains(motto, :v)', { ':v': { S: 'or' } }, true],
  ['contains(parents, :v)', { ':v': { S: 'p2' } }, true],
  ['contains(parents, :v)', { ':v': { S: 'p' } }, false],
  ['contains(absent, :v)', { ':v': { S: 'p' } }, false],
  ['lives IN (:a, :b)', { ':a': { N: '9' }, ':b': { N: '10' } }, true],
  ['lives IN (:a)', { ':a': { S: '10' } }, false],
  ['lives BETWEEN :a AND :b', { ':a': { N: '10' }, ':b': { N: '11' } }, true],
  ['lives BETWEEN :a AND :b', { ':a': { N: '11' }, ':b': { N: '12' } }, false],
  [
    'lives between :a and :b and holder = :c',
    { ':a': { N: '9' }, ':b': { N: '11' }, ':c': { S: 'w1' } },
    true,
  ],
  ['NOT lives = :v', { ':v': { N: '10' } }, false],
  ['not holder = :v AND lives = :n', { ':v': { S: 'w2' }, ':n': { N: '10' } }, true],
  [
    'holder = :v OR lives = :n AND motto = :m',
    { ':v': { S: 'w1' }, ':n': { N: '0' }, ':m': { S: '' } },
    true,
  ],
  [
    '(holder = :v OR lives = :n) AND motto = :m',
    { ':v': { S: 'w1' }, ':n': { N: '0' }, ':m': { S: 'no' } },
    false,
  ],
  [
    'lives = :n AND attribute_exists(id) OR holder = :v',
    { ':n': { N: '0' }, ':v': { S: 'w1' } },
    true,
  ],
  ['NOT (holder = :v OR attribute_exists(absent))', { ':v': { S: 'w2' } }, true],
  ['id = :v', { ':v': { S: 'row' } }, true],
]

export function declareConditionTests(test: TableTest): void {
  test('knows which conditions hold of a row', async (table) => {
    await table.put(ROW)
    for (const [condition, values, expected] of CONDITIONS) {
      const held = await table.holds('row', conditionOf(condition, values))
      assert.equal(held, expected, `${condition} with ${JSON.stringify(values)}`)
    }
  })

  test('takes a row that is absent for one without attributes', async (table) => {
    const exists = { ConditionExpression: 'attribute_exists(id)' }
    assert.equal(await table.holds('none', exists), false)
    await refused('condition-failed', table.put({ id: { S: 'none' } }, exists))
    await refused('condition-failed', table.delete('none', exists))
    assert.equal(await table.get('none'), undefined)
    await table.put({ id: { S: 'none' } }, { ConditionExpression: 'attribute_not_exists(id)' })
    assert.deepEqual(await table.get('none'), { id: { S: 'none' } })
  })

  test('changes nothing when the condition of a put, update or delete fails', async (table) => {
    await table.put(ROW)
    const wrong = conditionOf('lives = :known', { ':known': { N: '9' } })
    await refused('condition-failed', table.put({ id: { S: 'row' } }, wrong))
    await refused('condition-failed', table.delete('row', wrong))
    await refused(
      'condition-failed',
      table.update('row', { ...wrong, UpdateExpression: 'REMOVE motto' }),
    )
    assert.equal((await table.get('row'))?.['motto']?.S, 'to be or not')
  })

  test('puts, updates and deletes when the condition holds', async (table) => {
    const known = (lives: string): dynamo.ConditionInput =>
      conditionOf('lives = :known', { ':known': { N: lives } })
    await table.put(ROW)
    await table.put({ id: { S: 'row' }, lives: { N: '11' } }, known('10'))
    await table.update('row', { ...known('11'), UpdateExpression: 'SET heir = id' })
    assert.deepEqual(await table.get('row'), {
      id: { S: 'row' },
      lives: { N: '11' },
      heir: { S: 'row' },
    })
    await table.delete('row', known('11'))
    assert.equal(await table.get('row'), undefined)
  })

  test('lets one of many equal conditional writes through', async (table) => {
    await table.put(ROW)
    const takes = Array.from({ length: 10 }, (_, i) =>
      table
        .update('row', {
          UpdateExpression: 'SET holder = :me, lives = :next',
          ...conditionOf('lives = :known', {
            ':me': { S: `taker ${i}` },
            ':known': { N: '10' },
            ':next': { N: '11' },
          }),
        })
        .then(
          () => `taker ${i}`,
          (cause: unknown) => {
            assert.ok(isServiceError(cause) && cause.kind === 'condition-failed', String(cause))
          },
        ),
    )
    const winners = (await Promise.all(takes)).filter((winner) => winner !== undefined)
    assert.equal(winners.length, 1)
    assert.equal((await table.get('row'))?.['holder']?.S, winners[0])
  })

  test(
    'returns the old item of a failed condition when asked to',
    async (table) => {
      await table.put(ROW)
      const wrong = conditionOf('lives = :known', { ':known': { N: '9' } })
      const ask = { ...wrong, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }
      assert.deepEqual(await oldItem(table.put({ id: { S: 'row' } }, ask)), ROW)
      assert.deepEqual(await oldItem(table.delete('row', ask)), ROW)
      assert.deepEqual(await updateFailure(table, 'row', ask), ROW)
      assert.equal(await updateFailure(table, 'none', ask), undefined)
    },
    'oldItemOnFailedCondition',
  )

  test('returns no old item when not asked to', async (table) => {
    await table.put(ROW)
    const wrong = conditionOf('lives = :known', { ':known': { N: '9' } })
    assert.equal(await updateFailure(table, 'row', wrong), undefined)
  })
}

function conditionOf(ConditionExpression: string, values: dynamo.Item): dynamo.ConditionInput {
  return {
    ConditionExpression,
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  }
}

function updateFailure(
  table: TableDriver,
  id: string,
  condition: dynamo.ConditionInput,
): Promise<dynamo.Item | undefined> {
  return oldItem(table.update(id, { ...condition, UpdateExpression: 'REMOVE motto' }))
}

async function oldItem(call: Promise<unknown>): Promise<dynamo.Item | undefined> {
  try {
    await call
  } catch (cause) {
    assert.ok(isServiceError(cause) && cause.kind === 'condition-failed', String(cause))
    return cause.item
  }
  throw new assert.AssertionError({ message: 'The condition held' })
}
