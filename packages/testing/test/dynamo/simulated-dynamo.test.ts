import assert from 'node:assert/strict'
import { type dynamo, InvalidOptionError, isServiceError } from '@millrace/core'
import { nowMs, sleep } from '@millrace/core/internal'
import {
  type AppliedWrite,
  runInVirtualTime,
  SimulatedDynamo,
  type SimulatedDynamoOptions,
} from '@millrace/testing'

const TableName = 'leases'
const INDEX = 'by-owner'
const INDEX_INPUT: dynamo.GlobalSecondaryIndexInput = {
  IndexName: INDEX,
  KeySchema: [{ AttributeName: 'leaseOwner', KeyType: 'HASH' }],
  Projection: { ProjectionType: 'KEYS_ONLY' },
}
const TABLE: dynamo.CreateTableInput = {
  TableName,
  AttributeDefinitions: [
    { AttributeName: 'leaseKey', AttributeType: 'S' },
    { AttributeName: 'leaseOwner', AttributeType: 'S' },
  ],
  KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
  GlobalSecondaryIndexes: [INDEX_INPUT],
}
const Key = { leaseKey: { S: 'shard-1' } }
const ROW: dynamo.Item = { ...Key, leaseOwner: { S: 'w1' }, leaseCounter: { N: '1' } }

async function withTable(options: SimulatedDynamoOptions = {}): Promise<SimulatedDynamo> {
  const simulated = new SimulatedDynamo(options)
  await simulated.createTable(TABLE)
  return simulated
}

async function ownedBy(simulated: SimulatedDynamo, owner: string): Promise<number> {
  const page = await simulated.query({
    TableName,
    IndexName: INDEX,
    KeyConditionExpression: 'leaseOwner = :owner',
    ExpressionAttributeValues: { ':owner': { S: owner } },
  })
  return page.Items.length
}

function setOwner(owner: string): dynamo.UpdateItemInput {
  return {
    TableName,
    Key,
    UpdateExpression: 'SET leaseOwner = :owner ADD leaseCounter :one',
    ExpressionAttributeValues: { ':owner': { S: owner }, ':one': { N: '1' } },
  }
}

async function rejectionOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'none'
  } catch (cause) {
    assert.ok(isServiceError(cause), String(cause))
    return cause.kind
  }
}

describe('SimulatedDynamo', () => {
  it('refuses options that it does not know', () => {
    const misspelt = { indexLag: () => 1 } as SimulatedDynamoOptions
    assert.throws(() => new SimulatedDynamo(misspelt), InvalidOptionError)
    assert.throws(() => new SimulatedDynamo({ statusChangeMs: -1 }), InvalidOptionError)
  })

  it('shares nothing with what goes in and comes out', async () => {
    const simulated = await withTable()
    const given = {
      ...Key,
      bytes: { B: Uint8Array.of(1) },
      list: { L: [{ M: { x: { S: 'a' } } }] },
    }
    await simulated.putItem({ TableName, Item: given })
    given.bytes.B[0] = 9
    given.list.L.push({ M: { x: { S: 'b' } } })
    const expected = {
      ...Key,
      bytes: { B: Uint8Array.of(1) },
      list: { L: [{ M: { x: { S: 'a' } } }] },
    }
    for (let i = 0; i < 2; i++) {
      const [item] = simulated.items(TableName)
      assert.deepEqual(item, expected)
      item?.['bytes']?.B?.fill(7)
      const read = await simulated.getItem({ TableName, Key })
      assert.deepEqual(read.Item, expected)
      read.Item?.['bytes']?.B?.fill(7)
    }
  })

  it('tells of applied writes, in order, before and after, and of no others', async () => {
    const writes: AppliedWrite[] = []
    const simulated = await withTable({ onWrite: (write) => writes.push(write) })
    await simulated.putItem({ TableName, Item: ROW })
    await simulated.updateItem(setOwner('w2'))
    const failed = simulated.putItem({
      TableName,
      Item: ROW,
      ConditionExpression: 'attribute_not_exists(leaseKey)',
    })
    assert.equal(await rejectionOf(failed), 'condition-failed')
    await simulated.deleteItem({ TableName, Key })
    const moved = { ...ROW, leaseOwner: { S: 'w2' }, leaseCounter: { N: '2' } }
    assert.deepEqual(writes, [
      { tableName: TableName, key: Key, before: undefined, after: ROW, operation: 'PutItem' },
      { tableName: TableName, key: Key, before: ROW, after: moved, operation: 'UpdateItem' },
      { tableName: TableName, key: Key, before: moved, after: undefined, operation: 'DeleteItem' },
    ])
  })

  it('lists the items of a table by key, and the tables', async () => {
    const simulated = await withTable()
    for (const S of ['c', 'a', 'b']) {
      await simulated.putItem({ TableName, Item: { leaseKey: { S } } })
    }
    const keys = simulated.items(TableName).map((item) => item['leaseKey']?.S)
    assert.deepEqual(keys, ['a', 'b', 'c'])
    assert.deepEqual(simulated.tableNames(), [TableName])
    assert.throws(
      () => simulated.items('other'),
      (cause) => isServiceError(cause) && cause.kind === 'missing',
    )
  })

  it('scans in the same order each time, and not in that of the keys', async () => {
    const orders = await Promise.all(
      [1, -1].map(async (direction) => {
        const simulated = await withTable()
        const keys = Array.from({ length: 20 }, (_, i) => `shard-${String(i).padStart(2, '0')}`)
        for (const S of direction < 0 ? keys.reverse() : keys) {
          await simulated.putItem({ TableName, Item: { leaseKey: { S } } })
        }
        return (await simulated.scan({ TableName })).Items.map((item) => item['leaseKey']?.S)
      }),
    )
    assert.deepEqual(orders[0], orders[1])
    assert.notDeepEqual(orders[0], [...(orders[0] ?? [])].sort())
  })

  it('withholds old items when told to be like dynalite', async () => {
    for (const [returnsOldItemOnFailedCondition, expected] of [
      [true, ROW],
      [false, undefined],
    ] as const) {
      const simulated = await withTable({ returnsOldItemOnFailedCondition })
      await simulated.putItem({ TableName, Item: ROW })
      const call = simulated.putItem({
        TableName,
        Item: ROW,
        ConditionExpression: 'attribute_not_exists(leaseKey)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      })
      await assert.rejects(call, (cause) => {
        assert.ok(isServiceError(cause))
        assert.deepEqual(cause.item, expected)
        return true
      })
    }
  })
})

describe('SimulatedDynamo index', () => {
  it('shows each write after its own lag, to the table at once', () =>
    runInVirtualTime(async () => {
      const simulated = await withTable({ indexLagMs: () => 2000 })
      await simulated.putItem({ TableName, Item: ROW })
      assert.equal(await ownedBy(simulated, 'w1'), 0)
      assert.equal((await simulated.scan({ TableName })).Items.length, 1)
      await sleep(1999)
      assert.equal(await ownedBy(simulated, 'w1'), 0)
      await sleep(1)
      assert.equal(await ownedBy(simulated, 'w1'), 1)
    }))

  it('shows a row that moves in two places, or in none', () =>
    runInVirtualTime(async () => {
      for (const [lags, between] of [
        [
          [0, 0, 1000, 10],
          [1, 1],
        ],
        [
          [0, 0, 10, 1000],
          [0, 0],
        ],
      ] as const) {
        const drawn = lags.slice(1)
        const simulated = await withTable({ indexLagMs: () => drawn.shift() ?? 0 })
        await simulated.putItem({ TableName, Item: ROW })
        assert.equal(await ownedBy(simulated, 'w1'), 1)
        await simulated.updateItem(setOwner('w2'))
        await sleep(500)
        assert.deepEqual([await ownedBy(simulated, 'w1'), await ownedBy(simulated, 'w2')], between)
        await sleep(1000)
        assert.deepEqual([await ownedBy(simulated, 'w1'), await ownedBy(simulated, 'w2')], [0, 1])
      }
    }))

  it('never lets an older write win, however late it is', () =>
    runInVirtualTime(async () => {
      const drawn = [5000, 10, 10, 10]
      const simulated = await withTable({ indexLagMs: () => drawn.shift() ?? 10 })
      await simulated.putItem({ TableName, Item: ROW })
      await simulated.deleteItem({ TableName, Key })
      // Looked at in between, so that the two writes do not arrive together.
      for (const waitMs of [100, 10_000]) {
        await sleep(waitMs)
        assert.equal(await ownedBy(simulated, 'w1'), 0)
      }
    }))

  it('does not move for a write that leaves its keys alone', async () => {
    let asked = 0
    const simulated = await withTable({
      indexLagMs: () => {
        asked++
        return 0
      },
    })
    await simulated.putItem({ TableName, Item: ROW })
    await simulated.updateItem(setOwner('w1'))
    assert.equal(asked, 1)
    assert.equal(await ownedBy(simulated, 'w1'), 1)
  })

  it('can not be read while it is built', () =>
    runInVirtualTime(async () => {
      const simulated = new SimulatedDynamo({ statusChangeMs: 3000 })
      const { GlobalSecondaryIndexes: _, ...bare } = TABLE
      const AttributeDefinitions = TABLE.AttributeDefinitions.slice(0, 1)
      const created = await simulated.createTable({ ...bare, AttributeDefinitions })
      assert.equal(created.Table.TableStatus, 'CREATING')
      assert.equal(await rejectionOf(simulated.putItem({ TableName, Item: ROW })), 'missing')
      const update = {
        TableName,
        AttributeDefinitions: TABLE.AttributeDefinitions,
        GlobalSecondaryIndexUpdates: [{ Create: INDEX_INPUT }],
      }
      assert.equal(await rejectionOf(simulated.updateTable(update)), 'in-use')
      await sleep(3000)
      await simulated.putItem({ TableName, Item: ROW })
      const updated = await simulated.updateTable(update)
      assert.equal(updated.Table.TableStatus, 'UPDATING')
      assert.equal(updated.Table.GlobalSecondaryIndexes?.[0]?.IndexStatus, 'CREATING')
      assert.equal(await rejectionOf(ownedBy(simulated, 'w1')), 'invalid')
      await simulated.updateItem(setOwner('w2'))
      await sleep(3000)
      assert.equal(await ownedBy(simulated, 'w2'), 1)
      assert.equal((await simulated.describeTable({ TableName })).Table.TableStatus, 'ACTIVE')
      assert.equal(await rejectionOf(simulated.updateTable(update)), 'invalid')
    }))
})

describe('SimulatedDynamo reads', () => {
  it('are stale by the lag unless they ask for consistency', () =>
    runInVirtualTime(async () => {
      const simulated = await withTable({ readLagMs: () => 1000 })
      await simulated.putItem({ TableName, Item: ROW })
      const seen = async (ConsistentRead: boolean): Promise<number[]> => [
        (await simulated.getItem({ TableName, Key, ConsistentRead })).Item === undefined ? 0 : 1,
        (await simulated.scan({ TableName, ConsistentRead })).Items.length,
      ]
      assert.deepEqual(
        [await seen(false), await seen(true)],
        [
          [0, 0],
          [1, 1],
        ],
      )
      await sleep(1000)
      assert.deepEqual(await seen(false), [1, 1])
      await simulated.deleteItem({ TableName, Key })
      assert.deepEqual(
        [await seen(false), await seen(true)],
        [
          [1, 1],
          [0, 0],
        ],
      )
    }))

  it('never decide a condition by stale rows', async () => {
    const simulated = await withTable({ readLagMs: () => 60_000 })
    await simulated.putItem({ TableName, Item: ROW })
    const again = simulated.putItem({
      TableName,
      Item: ROW,
      ConditionExpression: 'attribute_not_exists(leaseKey)',
    })
    assert.equal(await rejectionOf(again), 'condition-failed')
  })
})

describe('SimulatedDynamo faults', () => {
  it('throttle and fail as often as asked, and apply nothing', async () => {
    const simulated = await withTable()
    const put = (): Promise<string> => rejectionOf(simulated.putItem({ TableName, Item: ROW }))
    simulated.injectFault({ operation: 'putItem', kind: 'throttle', times: 2 })
    simulated.injectFault({ operation: 'putItem', kind: 'fail' })
    assert.deepEqual(
      [await put(), await put(), await put()],
      ['throttled', 'throttled', 'transient'],
    )
    assert.deepEqual(simulated.items(TableName), [])
    assert.equal(await put(), 'none')
  })

  it('last until they are cleared, and hit their operation and table only', async () => {
    const simulated = await withTable()
    const fault = simulated.injectFault({
      operation: 'getItem',
      kind: 'fail',
      times: Number.POSITIVE_INFINITY,
      tableName: TableName,
    })
    await simulated.createTable({ ...TABLE, TableName: 'other' })
    const get = (name: string): Promise<string> =>
      rejectionOf(simulated.getItem({ TableName: name, Key }))
    assert.deepEqual([await get(TableName), await get('other')], ['transient', 'none'])
    assert.equal(await rejectionOf(simulated.putItem({ TableName, Item: ROW })), 'none')
    assert.equal(await get(TableName), 'transient')
    fault.clear()
    assert.equal(await get(TableName), 'none')
  })

  it('hit only calls whose input they are told to', async () => {
    const simulated = await withTable()
    const put = (leaseKey: string): Promise<string> =>
      rejectionOf(simulated.putItem({ TableName, Item: { ...ROW, leaseKey: { S: leaseKey } } }))
    simulated.injectFault({
      operation: 'putItem',
      kind: 'fail',
      when: (input) => (input as dynamo.PutItemInput).Item['leaseKey']?.S === 'b',
    })
    assert.deepEqual(
      [await put('a'), await put('b'), await put('b')],
      ['none', 'transient', 'none'],
    )
  })

  it('lose a reply after the write was applied', async () => {
    const simulated = await withTable()
    simulated.injectFault({ operation: 'putItem', kind: 'lose-reply' })
    assert.equal(await rejectionOf(simulated.putItem({ TableName, Item: ROW })), 'network')
    assert.deepEqual(simulated.items(TableName), [ROW])
  })

  it('delay an answer past the deadline of the caller, who can not undo the write', () =>
    runInVirtualTime(async () => {
      const simulated = await withTable()
      simulated.injectFault({ operation: 'putItem', kind: 'delay', delayMs: 500 })
      const startedAt = nowMs()
      const call = simulated.putItem({ TableName, Item: ROW }, { timeoutMs: 100 })
      assert.equal(await rejectionOf(call), 'network')
      assert.equal(nowMs() - startedAt, 100)
      assert.equal(simulated.items(TableName).length, 1)
    }))

  it('deliver a late request as it was sent, after its caller gave up', () =>
    runInVirtualTime(async () => {
      const simulated = await withTable()
      simulated.injectFault({
        operation: 'putItem',
        kind: 'delay',
        delayMs: 500,
        delayed: 'request',
      })
      const abort = new AbortController()
      const given = { ...ROW, bytes: { B: Uint8Array.of(1) } }
      const call = simulated.putItem({ TableName, Item: given }, { signal: abort.signal })
      given.bytes.B[0] = 2
      abort.abort()
      assert.equal(await rejectionOf(call), 'aborted')
      assert.deepEqual(simulated.items(TableName), [])
      await sleep(500)
      assert.deepEqual(simulated.items(TableName), [{ ...ROW, bytes: { B: Uint8Array.of(1) } }])
    }))

  it('are refused when they are spelt wrong: they would never be met', async () => {
    const simulated = await withTable()
    const refused = (fault: object, hint: RegExp): void => {
      assert.throws(
        () => simulated.injectFault(fault as Parameters<typeof simulated.injectFault>[0]),
        (error) => error instanceof InvalidOptionError && hint.test(error.hint),
      )
    }
    refused({ operation: 'putItm', kind: 'fail' }, /"putItem"/)
    refused({ operation: 'putItem', kind: 'denny' }, /"deny"/)
  })

  it('are refused when they make no sense', async () => {
    const simulated = await withTable()
    for (const wrong of [{ times: 0 }, { delayMs: -1 }]) {
      assert.throws(
        () => simulated.injectFault({ operation: 'putItem', kind: 'delay', ...wrong }),
        InvalidOptionError,
      )
    }
  })

  it('are not needed for a call whose signal has fired: it never arrives', async () => {
    const simulated = await withTable()
    const put = simulated.putItem({ TableName, Item: ROW }, { signal: AbortSignal.abort() })
    assert.equal(await rejectionOf(put), 'aborted')
    assert.deepEqual(simulated.items(TableName), [])
  })
})
