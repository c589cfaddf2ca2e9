import assert from 'node:assert/strict'
import { type dynamo, isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import {
  type AppliedWrite,
  runInVirtualTime,
  SimulatedDynamo,
  type SimulatedDynamoOptions,
} from '@millrace/testing'

const TableName = 'leases'
const INDEX = 'by-owner'
const KEY = { leaseKey: { S: 'k' } }
const DEFINED: dynamo.AttributeDefinition[] = [
  { AttributeName: 'leaseKey', AttributeType: 'S' },
  { AttributeName: 'leaseOwner', AttributeType: 'S' },
]
const BY_OWNER: dynamo.GlobalSecondaryIndexInput = {
  IndexName: INDEX,
  KeySchema: [
    { AttributeName: 'leaseOwner', KeyType: 'HASH' },
    { AttributeName: 'leaseKey', KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' },
}

function bareTable(): dynamo.CreateTableInput {
  return {
    TableName,
    AttributeDefinitions: DEFINED.slice(0, 1),
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  }
}

async function withTable(options?: SimulatedDynamoOptions): Promise<SimulatedDynamo> {
  const simulated = new SimulatedDynamo(options)
  await simulated.createTable({
    ...bareTable(),
    AttributeDefinitions: DEFINED,
    GlobalSecondaryIndexes: [BY_OWNER],
  })
  return simulated
}

function putOwner(simulated: SimulatedDynamo, owner: string | undefined): Promise<void> {
  const Item = owner === undefined ? KEY : { ...KEY, leaseOwner: { S: owner } }
  return simulated.putItem({ TableName, Item })
}

/** How many rows the index says each owner has. */
async function owned(simulated: SimulatedDynamo, ...owners: string[]): Promise<number[]> {
  const counts: number[] = []
  for (const S of owners) {
    const { Items } = await simulated.query({
      TableName,
      IndexName: INDEX,
      KeyConditionExpression: 'leaseOwner = :o',
      ExpressionAttributeValues: { ':o': { S } },
    })
    counts.push(Items.length)
  }
  return counts
}

async function kindOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (cause) {
    assert.ok(isServiceError(cause), String(cause))
    return cause.kind
  }
}

describe('SimulatedDynamo', () => {
  it('keeps what it was given when the caller changes it afterwards, and what it gave', async () => {
    const written: AppliedWrite[] = []
    const simulated = await withTable({ onWrite: (write) => written.push(write) })
    const given = { ...KEY, bytes: { B: Uint8Array.of(1) }, tags: { SS: ['a'] } }
    const expected = structuredClone(given)
    await simulated.putItem({ TableName, Item: given })
    given.bytes.B.fill(9)
    given.tags.SS.push('b')

    const failing = {
      TableName,
      Key: KEY,
      ConditionExpression: 'attribute_not_exists(leaseKey)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const
    const givenOut = [
      (await simulated.getItem({ TableName, Key: KEY, ConsistentRead: true })).Item,
      (await simulated.getItem({ TableName, Key: KEY })).Item,
      (await simulated.scan({ TableName })).Items[0],
      simulated.items(TableName)[0],
      (
        await simulated.updateItem({
          TableName,
          Key: KEY,
          UpdateExpression: 'REMOVE absent',
          ReturnValues: 'ALL_NEW',
        })
      ).Attributes,
      await simulated.deleteItem(failing).then(
        () => undefined,
        (cause: unknown) => (isServiceError(cause) ? cause.item : undefined),
      ),
      ...written
        .flatMap(({ before, after }) => [before, after])
        .filter((item) => item !== undefined),
    ]
    assert.equal(givenOut.length, 9)
    for (const item of givenOut) {
      assert.deepEqual(item, expected)
      item?.['bytes']?.B?.fill(9)
      const tags = item?.['tags']?.SS as string[] | undefined
      tags?.push('b')
      Object.assign(item ?? {}, { more: { S: 'x' } })
    }
    assert.deepEqual(simulated.items(TableName), [expected])
  })

  it('describes tables in copies', async () => {
    const simulated = new SimulatedDynamo()
    const input = bareTable()
    await simulated.createTable(input)
    Object.assign(input.KeySchema[0] ?? {}, { AttributeName: 'changed' })
    const { Table } = await simulated.describeTable({ TableName })
    assert.equal(Table.KeySchema[0]?.AttributeName, 'leaseKey')
    Object.assign(Table.KeySchema[0] ?? {}, { AttributeName: 'changed' })
    const again = await simulated.describeTable({ TableName })
    assert.equal(again.Table.KeySchema[0]?.AttributeName, 'leaseKey')
  })

  it('shows its tables and its items, sorted', async () => {
    const simulated = await withTable()
    await simulated.createTable({ ...bareTable(), TableName: 'abc' })
    for (const S of ['c', 'a', 'b']) {
      await simulated.putItem({ TableName, Item: { leaseKey: { S } } })
    }
    assert.deepEqual(simulated.tableNames(), ['abc', TableName])
    assert.deepEqual(
      simulated.items(TableName).map((item) => item['leaseKey']?.S),
      ['a', 'b', 'c'],
    )
    assert.throws(
      () => simulated.items('absent'),
      (cause: unknown) => isServiceError(cause) && cause.kind === 'missing',
    )
  })

  it('tells of each applied write in its order, and of no other', async () => {
    const written: string[] = []
    const simulated = await withTable({
      onWrite: ({ operation, key, before, after }) => {
        const counts = [before, after].map((item) => item?.['n']?.N ?? (item && 'none'))
        written.push([operation, key['leaseKey']?.S, ...counts].join(' '))
      },
    })
    const condition = { ConditionExpression: 'attribute_not_exists(leaseKey)' }
    const add = {
      TableName,
      Key: KEY,
      UpdateExpression: 'ADD n :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    }
    await simulated.putItem({ TableName, Item: KEY, ...condition })
    await simulated.updateItem(add)
    assert.equal(await kindOf(simulated.updateItem({ ...add, ...condition })), 'condition-failed')
    assert.equal(await kindOf(simulated.putItem({ TableName, Item: {} })), 'invalid')
    await simulated.updateItem(add)
    await simulated.deleteItem({ TableName, Key: KEY })
    assert.deepEqual(written, [
      'PutItem k  none',
      'UpdateItem k none 1',
      'UpdateItem k 1 2',
      'DeleteItem k 2 ',
    ])
  })

  it('returns the old item of a failed condition, unless it is to be like dynalite', async () => {
    for (const returnsOldItemOnFailedCondition of [undefined, true, false]) {
      const simulated = await withTable({ returnsOldItemOnFailedCondition })
      await simulated.putItem({ TableName, Item: KEY })
      await assert.rejects(
        simulated.putItem({
          TableName,
          Item: KEY,
          ConditionExpression: 'attribute_not_exists(leaseKey)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
        (cause: unknown) => {
          assert.ok(isServiceError(cause))
          const expected = returnsOldItemOnFailedCondition === false ? undefined : KEY
          assert.deepEqual(cause.item, expected)
          return true
        },
      )
    }
  })

  it('refuses options that are none', () => {
    const bad = [{ statusChangeMs: -1 }, { indexLagMs: 5 }, { noSuchOption: true }]
    for (const options of bad) {
      assert.throws(() => new SimulatedDynamo(options as unknown as SimulatedDynamoOptions), {
        code: 'ERR_KINESIS_INVALID_OPTION',
      })
    }
  })
})

describe("SimulatedDynamo's lag", () => {
  it('shows a write in the index after its lag, and at once in the table', async () => {
    await runInVirtualTime(async () => {
      const simulated = await withTable({ indexLagMs: () => 1000 })
      await putOwner(simulated, 'w1')
      assert.equal((await simulated.scan({ TableName })).Items.length, 1)
      await sleep(999)
      assert.deepEqual(await owned(simulated, 'w1'), [0])
      await sleep(1)
      assert.deepEqual(await owned(simulated, 'w1'), [1])
      await simulated.deleteItem({ TableName, Key: KEY })
      await sleep(999)
      assert.deepEqual(await owned(simulated, 'w1'), [1])
      await sleep(1)
      assert.deepEqual(await owned(simulated, 'w1'), [0])
    })
  })

  it('lets a row that moves be missing, or stand under two owners', async () => {
    await runInVirtualTime(async () => {
      const lags = [0, 100, 500, 500, 100]
      const simulated = await withTable({ indexLagMs: () => lags.shift() ?? 0 })
      await putOwner(simulated, 'w1')
      await putOwner(simulated, 'w2')
      assert.deepEqual(await owned(simulated, 'w1', 'w2'), [1, 0])
      await sleep(100)
      assert.deepEqual(await owned(simulated, 'w1', 'w2'), [0, 0])
      await sleep(400)
      assert.deepEqual(await owned(simulated, 'w1', 'w2'), [0, 1])
      await putOwner(simulated, 'w3')
      await sleep(100)
      assert.deepEqual(await owned(simulated, 'w2', 'w3'), [1, 1])
      await sleep(400)
      assert.deepEqual(await owned(simulated, 'w2', 'w3'), [0, 1])
    })
  })

  it('never lets a late change undo a younger one', async () => {
    await runInVirtualTime(async () => {
      const lags = [5000, 10, 10]
      const simulated = await withTable({ indexLagMs: () => lags.shift() ?? 0 })
      await putOwner(simulated, 'w1') // seen in the index after 5,000 ms
      await putOwner(simulated, undefined) // gone from it after 10 ms
      await sleep(10_000)
      assert.deepEqual(await owned(simulated, 'w1'), [0])
    })
  })

  it('shows eventually consistent reads the past, and strongly consistent ones the present', async () => {
    await runInVirtualTime(async () => {
      const simulated = await withTable({ readLagMs: () => 200 })
      await simulated.putItem({ TableName, Item: KEY })
      const seen = async (ConsistentRead: boolean): Promise<boolean[]> => [
        (await simulated.getItem({ TableName, Key: KEY, ConsistentRead })).Item !== undefined,
        (await simulated.scan({ TableName, ConsistentRead })).Items.length === 1,
      ]
      await sleep(199)
      assert.deepEqual(await seen(false), [false, false])
      assert.deepEqual(await seen(true), [true, true])
      await sleep(1)
      assert.deepEqual(await seen(false), [true, true])
      const once = { ConditionExpression: 'attribute_not_exists(leaseKey)' }
      await simulated.deleteItem({ TableName, Key: KEY })
      assert.deepEqual(await seen(false), [true, true])
      assert.deepEqual(await seen(true), [false, false])
      // Conditions are judged by what is, not by what such reads see.
      await simulated.putItem({ TableName, Item: KEY, ...once })
    })
  })
})

describe("SimulatedDynamo's tables", () => {
  it('are CREATING for a while, and hold nothing yet', async () => {
    await runInVirtualTime(async () => {
      const simulated = new SimulatedDynamo({ statusChangeMs: 1000 })
      const status = async (): Promise<string> =>
        (await simulated.describeTable({ TableName })).Table.TableStatus
      const { Table } = await simulated.createTable(bareTable())
      assert.equal(Table.TableStatus, 'CREATING')
      assert.equal(await kindOf(simulated.createTable(bareTable())), 'in-use')
      await sleep(999)
      assert.equal(await status(), 'CREATING')
      assert.equal(await kindOf(simulated.putItem({ TableName, Item: KEY })), 'missing')
      assert.equal(await kindOf(simulated.scan({ TableName })), 'missing')
      await sleep(1)
      assert.equal(await status(), 'ACTIVE')
      await simulated.putItem({ TableName, Item: KEY })
    })
  })

  it('are UPDATING while an index is made, take writes, and answer from it afterwards', async () => {
    await runInVirtualTime(async () => {
      const simulated = new SimulatedDynamo({ statusChangeMs: 1000 })
      const update: dynamo.UpdateTableInput = {
        TableName,
        AttributeDefinitions: DEFINED,
        GlobalSecondaryIndexUpdates: [{ Create: BY_OWNER }],
      }
      const states = async (): Promise<unknown[]> => {
        const { Table } = await simulated.describeTable({ TableName })
        return [Table.TableStatus, Table.GlobalSecondaryIndexes?.map((index) => index.IndexStatus)]
      }
      await simulated.createTable(bareTable())
      assert.equal(await kindOf(simulated.updateTable(update)), 'in-use')
      await sleep(1000)
      await putOwner(simulated, 'w1')
      await simulated.updateTable(update)
      assert.deepEqual(await states(), ['UPDATING', ['CREATING']])
      assert.equal(await kindOf(simulated.updateTable(update)), 'in-use')
      await simulated.putItem({
        TableName,
        Item: { leaseKey: { S: 'l' }, leaseOwner: { S: 'w1' } },
      })
      await sleep(999)
      assert.equal(await kindOf(owned(simulated, 'w1')), 'invalid')
      await sleep(1)
      assert.deepEqual(await states(), ['ACTIVE', ['ACTIVE']])
      assert.deepEqual(await owned(simulated, 'w1'), [2])
      assert.equal(await kindOf(simulated.updateTable(update)), 'invalid')
    })
  })
})

describe("SimulatedDynamo's faults", () => {
  const put = { TableName, Item: KEY }

  it('refuse calls without applying them', async () => {
    for (const [kind, expected] of [
      ['throttle', 'throttled'],
      ['fail', 'transient'],
    ] as const) {
      const simulated = await withTable()
      simulated.injectFault({ operation: 'putItem', kind })
      assert.equal(await kindOf(simulated.putItem(put)), expected)
      assert.deepEqual(simulated.items(TableName), [])
      await simulated.putItem(put)
      assert.equal(simulated.items(TableName).length, 1)
    }
  })

  it('lose the reply of a call that was applied, or refused', async () => {
    const written: AppliedWrite[] = []
    const simulated = await withTable({ onWrite: (write) => written.push(write) })
    simulated.injectFault({ operation: 'putItem', kind: 'lose-reply' })
    assert.equal(await kindOf(simulated.putItem(put)), 'network')
    assert.deepEqual(simulated.items(TableName), [KEY])
    assert.equal(written.length, 1)
    simulated.injectFault({ operation: 'putItem', kind: 'lose-reply' })
    const once = { ...put, ConditionExpression: 'attribute_not_exists(leaseKey)' }
    assert.equal(await kindOf(simulated.putItem(once)), 'network')
    assert.equal(await kindOf(simulated.putItem(once)), 'condition-failed')
    assert.equal(written.length, 1)
  })

  it('hit only the operation, the table and the number of calls that they name', async () => {
    const simulated = await withTable()
    await simulated.createTable({ ...bareTable(), TableName: 'other' })
    simulated.injectFault({ operation: 'scan', kind: 'throttle', times: 2, tableName: 'other' })
    assert.equal(await kindOf(simulated.scan({ TableName })), 'ok')
    assert.equal(await kindOf(simulated.getItem({ TableName: 'other', Key: KEY })), 'ok')
    const scans: string[] = []
    for (let i = 0; i < 3; i++) scans.push(await kindOf(simulated.scan({ TableName: 'other' })))
    assert.deepEqual(scans, ['throttled', 'throttled', 'ok'])
  })

  it('last until they are cleared, and come in the order in which they were injected', async () => {
    const simulated = await withTable()
    const lasting = { operation: 'scan', kind: 'fail', times: Number.POSITIVE_INFINITY } as const
    simulated.injectFault({ operation: 'scan', kind: 'throttle' })
    const fault = simulated.injectFault(lasting)
    assert.equal(await kindOf(simulated.scan({ TableName })), 'throttled')
    for (let i = 0; i < 5; i++) {
      assert.equal(await kindOf(simulated.scan({ TableName })), 'transient')
    }
    fault.clear()
    assert.equal(await kindOf(simulated.scan({ TableName })), 'ok')
  })

  it('delay the reply of a call that is applied at once, or the request', async () => {
    await runInVirtualTime(async () => {
      for (const delayed of ['reply', 'request'] as const) {
        const simulated = await withTable()
        simulated.injectFault({ operation: 'putItem', kind: 'delay', delayMs: 5000, delayed })
        let answered = false
        const Item = { ...KEY, tags: { SS: ['a'] } }
        const call = simulated.putItem({ TableName, Item }).then(() => {
          answered = true
        })
        Item.tags.SS.push('too late')
        await sleep(4999)
        assert.equal(answered, false)
        assert.equal(simulated.items(TableName).length, delayed === 'reply' ? 1 : 0)
        await call
        assert.deepEqual(simulated.items(TableName), [{ ...KEY, tags: { SS: ['a'] } }])
      }
    })
  })

  it('do not undo what a caller with a deadline no longer waits for', async () => {
    await runInVirtualTime(async () => {
      const simulated = await withTable()
      const delay = { operation: 'putItem', kind: 'delay', delayMs: 5000 } as const
      simulated.injectFault({ ...delay, delayed: 'request' })
      assert.equal(await kindOf(simulated.putItem(put, { timeoutMs: 100 })), 'network')
      assert.deepEqual(simulated.items(TableName), [])
      await sleep(4900)
      assert.deepEqual(simulated.items(TableName), [KEY])
    })
  })

  it('are refused when they are none', async () => {
    const simulated = await withTable()
    for (const bad of [{ times: 0 }, { times: Number.NaN }, { delayMs: -1 }]) {
      assert.throws(() => simulated.injectFault({ operation: 'scan', kind: 'delay', ...bad }), {
        code: 'ERR_KINESIS_INVALID_OPTION',
      })
    }
  })

  it('do not reach a call whose signal has fired already', async () => {
    const simulated = await withTable()
    simulated.injectFault({ operation: 'putItem', kind: 'throttle' })
    const aborted = simulated.putItem(put, { signal: AbortSignal.abort() })
    assert.equal(await kindOf(aborted), 'aborted')
    assert.deepEqual(simulated.items(TableName), [])
    assert.equal(await kindOf(simulated.putItem(put)), 'throttled')
  })
})
