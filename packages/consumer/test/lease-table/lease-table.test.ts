import assert from 'node:assert/strict'
import {
  type DynamoPort,
  type dynamo,
  isServiceError,
  type Logger,
  ServiceError,
} from '@millrace/core'
import { silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime, SimulatedDynamo } from '@millrace/testing'
import { LeaseTableError } from '../../src/errors.ts'
import { ensureLeaseTable } from '../../src/lease-table/lease-table.ts'
import { addIndexInput, createTableInput, judgeTable } from '../../src/lease-table/table-shape.ts'
import type { ResolvedLeaseTable } from '../../src/options.ts'
import { goldenItems, goldenJson, goldenRequests } from '../lease/golden.ts'
import { PLAIN_TABLE, TABLE } from '../lease/lease-table-fixture.ts'

const never = new AbortController().signal

const REQUEST_TIMEOUT_MS = 1000

function ensure(dynamo: DynamoPort, workerId = 'me', signal = never): Promise<void> {
  return ensureLeaseTable(
    {
      ...{ dynamo, tableName: TABLE, workerId, requestTimeoutMs: REQUEST_TIMEOUT_MS },
      ...{ wanted: PLAIN_TABLE, logger: silentLogger },
    },
    signal,
  )
}

/** What was warned of while the table was made with these options. */
async function ensureWith(
  dynamo: DynamoPort,
  options: Partial<ResolvedLeaseTable>,
): Promise<string[]> {
  const warnings: string[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (_fields, message) => void warnings.push(message ?? ''),
  }
  await ensureLeaseTable(
    {
      ...{ dynamo, tableName: TABLE, workerId: 'me', requestTimeoutMs: REQUEST_TIMEOUT_MS },
      ...{ wanted: { ...PLAIN_TABLE, ...options }, logger },
    },
    never,
  )
  return warnings
}

/** A table with KCL's rows in it, with the owner index or without. */
async function found(
  rows: readonly dynamo.Item[],
  options: { readonly index?: boolean } = {},
): Promise<SimulatedDynamo> {
  const simulated = new SimulatedDynamo()
  const { GlobalSecondaryIndexes, ...bare } = createTableInput(TABLE)
  await simulated.createTable(
    options.index === false
      ? { ...bare, AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }] }
      : { ...bare, GlobalSecondaryIndexes },
  )
  for (const Item of rows) await simulated.putItem({ TableName: TABLE, Item })
  return simulated
}

/** Counts what would change a table. */
function watched(port: DynamoPort): { readonly port: DynamoPort; readonly changes: string[] } {
  const changes: string[] = []
  const changing = new Set(['putItem', 'updateItem', 'deleteItem', 'createTable', 'updateTable'])
  return {
    changes,
    port: new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          if (changing.has(String(name))) changes.push(String(name))
          return member.apply(target, args) as unknown
        }
      },
    }),
  }
}

async function refusedUntouched(simulated: SimulatedDynamo, why: RegExp): Promise<void> {
  const before = simulated.items(TABLE)
  const { port, changes } = watched(simulated)
  await assert.rejects(ensure(port), (cause) => {
    assert.ok(cause instanceof LeaseTableError, String(cause))
    assert.equal(cause.tableName, TABLE)
    assert.match(cause.message, why)
    assert.ok(cause.hint.length > 0)
    return true
  })
  assert.deepEqual(changes, [])
  assert.deepEqual(simulated.items(TABLE), before)
}

async function indexStatus(port: DynamoPort): Promise<string | undefined> {
  const { Table } = await port.describeTable({ TableName: TABLE })
  return Table.GlobalSecondaryIndexes?.[0]?.IndexStatus
}

describe('ensureLeaseTable', () => {
  it('makes a new table with its index, waits for both, and founds the fleet', () =>
    runInVirtualTime(async () => {
      const simulated = new SimulatedDynamo({ statusChangeMs: 7000 })
      await ensure(simulated)
      const { Table } = await simulated.describeTable({ TableName: TABLE })
      assert.equal(Table.TableStatus, 'ACTIVE')
      assert.equal(judgeTable(Table), 'ready')
      const [row, ...others] = simulated.items(TABLE)
      assert.deepEqual(others, [])
      assert.equal(row?.['cv']?.S, 'CLIENT_VERSION_3X')
      assert.equal(row['mb']?.S, 'me')
    }))

  it('lets any number of workers start together on a new table', () =>
    runInVirtualTime(async () => {
      const simulated = new SimulatedDynamo({ statusChangeMs: 3000 })
      const workers = ['a', 'b', 'c', 'd']
      await Promise.all(workers.map((id) => ensure(simulated, id)))
      assert.equal(simulated.items(TABLE).length, 1)
    }))

  it('goes on after a lost race for the migration row', async () => {
    const simulated = await found([])
    let raced = false
    const racing = new Proxy(simulated, {
      get: (target, name) => {
        if (name !== 'putItem') {
          const member: unknown = Reflect.get(target, name)
          return typeof member === 'function' ? member.bind(target) : member
        }
        return async (input: dynamo.PutItemInput) => {
          if (!raced) {
            raced = true
            await target.putItem({
              ...input,
              Item: { ...input.Item, mb: { S: 'faster' } },
            })
          }
          return await target.putItem(input)
        }
      },
    })
    await ensure(racing)
    assert.equal(simulated.items(TABLE)[0]?.['mb']?.S, 'faster')
  })

  it('goes on after a lost reply to the migration row', async () => {
    const simulated = await found([])
    simulated.injectFault({ operation: 'putItem', kind: 'lose-reply' })
    await ensure(simulated)
    assert.equal(simulated.items(TABLE).length, 1)
  })

  it('accepts the fleet of KCL as it stands, changing nothing', async () => {
    for (const rows of [
      goldenItems('golden3x.json', 'balanced-two-workers'),
      goldenItems('golden2x.json', 'flipped'),
      goldenItems('golden2x.json', 'restarted-3x'),
    ]) {
      const { port, changes } = watched(await found(rows))
      await ensure(port)
      assert.deepEqual(changes, [])
    }
  })

  it('refuses a fleet that was rolled back to 2.x, untouched', async () => {
    const rows = goldenItems('golden2x.json', 'flipped').map((item) =>
      item['cv'] === undefined ? item : { ...item, cv: { S: 'CLIENT_VERSION_2X' } },
    )
    await refusedUntouched(await found(rows), /CLIENT_VERSION_2X/)
  })

  it('refuses a fleet that is on its way from 2.x, untouched, with or without the index', async () => {
    const rows = goldenItems('golden2x.json', 'balanced-two-workers')
    await refusedUntouched(await found(rows), /UPGRADE_FROM_2X/)
    await refusedUntouched(await found(rows, { index: false }), /UPGRADE_FROM_2X/)
  })

  it('refuses a table of 2.x, which has leases and no migration row, and adds no index', async () => {
    const simulated = await found(goldenItems('goldenphase1.json', 'phase1'), { index: false })
    await refusedUntouched(simulated, /2\.x/)
    assert.equal(await indexStatus(simulated), undefined)
  })

  it('refuses a 2.x table whose only lease cannot be read', async () => {
    const row = { leaseKey: { S: 'shardId-0' }, leaseCounter: { N: '-1' } }
    await refusedUntouched(await found([row]), /2\.x/)
  })

  it('refuses while the legacy coordinator table exists', async () => {
    const simulated = await found(goldenItems('goldenlegacy.json', 'legacy-tables'))
    await simulated.createTable({
      TableName: `${TABLE}-CoordinatorState`,
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    })
    await refusedUntouched(simulated, /CoordinatorState/)
  })

  it('takes a policy that denies the look at the legacy table for its absence', async () => {
    const simulated = await found([])
    const port = new Proxy(simulated, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (name !== 'describeTable') {
          return typeof member === 'function' ? member.bind(target) : member
        }
        return async (input: { readonly TableName: string }) => {
          if (input.TableName === TABLE) return await target.describeTable(input)
          throw new ServiceError('DescribeTable', 'AccessDeniedException', 'not you')
        }
      },
    })
    await ensure(port)
  })

  it('refuses a table with another key', async () => {
    const simulated = new SimulatedDynamo()
    await simulated.createTable({
      TableName: TABLE,
      AttributeDefinitions: [{ AttributeName: 'orderId', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'orderId', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    })
    await refusedUntouched(simulated, /not a lease table/)
  })

  it('adds the index to a 3.x table without one and waits until it can be read', () =>
    runInVirtualTime(async () => {
      const rows = goldenItems('golden3x.json', 'balanced-two-workers')
      const simulated = await found(rows, { index: false })
      const slow = new SimulatedDynamo({ statusChangeMs: 30_000 })
      const { GlobalSecondaryIndexes: _, ...bare } = createTableInput(TABLE)
      await slow.createTable({
        ...bare,
        AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
      })
      await Promise.all([ensure(simulated), ensure(slow, 'a'), ensure(slow, 'b')])
      assert.equal(await indexStatus(simulated), 'ACTIVE')
      assert.equal(await indexStatus(slow), 'ACTIVE')
    }))

  it('stops waiting when told to', () =>
    runInVirtualTime(async (time) => {
      const stop = new AbortController()
      const waiting = ensure(new SimulatedDynamo({ statusChangeMs: 600_000 }), 'me', stop.signal)
      const settled = assert.rejects(waiting, { code: 'ERR_KINESIS_ABORTED' })
      await sleep(5500)
      stop.abort()
      await settled
      assert.equal(time.elapsedMs(), 5500)
    }))

  describe('with options', () => {
    const tags = [{ Key: 'team', Value: 'orders' }]

    it('makes the table as asked, and its index alike', () =>
      runInVirtualTime(async () => {
        const simulated = new SimulatedDynamo()
        const billing = { readCapacityUnits: 20, writeCapacityUnits: 30 }
        assert.deepEqual(
          await ensureWith(simulated, {
            ...{ billing, tags, deletionProtection: true, pointInTimeRecovery: true },
          }),
          [],
        )
        const { Table } = await simulated.describeTable({ TableName: TABLE })
        assert.deepEqual(Table.ProvisionedThroughput, {
          ReadCapacityUnits: 20,
          WriteCapacityUnits: 30,
        })
        assert.equal(judgeTable(Table), 'ready')
        assert.deepEqual(simulated.settings(TABLE), {
          ...{ tags: { team: 'orders' }, deletionProtection: true, pointInTimeRecovery: true },
        })
      }))

    it('switches recovery on for a table that is there, and leaves all else of it alone', async () => {
      const simulated = await found([])
      await ensureWith(simulated, { tags, deletionProtection: true, pointInTimeRecovery: true })
      assert.deepEqual(simulated.settings(TABLE), {
        ...{ tags: {}, deletionProtection: false, pointInTimeRecovery: true },
      })
    })

    it('leaves recovery as it is when it was not asked for', async () => {
      const simulated = await found([])
      simulated.injectFault({ operation: 'updateContinuousBackups', kind: 'deny' })
      assert.deepEqual(await ensureWith(simulated, {}), [])
    })

    it('waits for the backup service to know a new table, but not for ever', () =>
      runInVirtualTime(async (time) => {
        const simulated = await found([])
        const unavailable = new ServiceError(
          'UpdateContinuousBackups',
          'ContinuousBackupsUnavailableException',
          'being enabled',
        )
        let refusals = 3
        const slow = new Proxy(simulated, {
          get: (target, name) => {
            const member: unknown = Reflect.get(target, name)
            if (name !== 'updateContinuousBackups') {
              return typeof member === 'function' ? member.bind(target) : member
            }
            return async (input: dynamo.UpdateContinuousBackupsInput) => {
              if (refusals-- > 0) throw unavailable
              await target.updateContinuousBackups(input)
            }
          },
        })
        assert.deepEqual(await ensureWith(slow, { pointInTimeRecovery: true }), [])
        assert.equal(simulated.settings(TABLE).pointInTimeRecovery, true)
        assert.equal(time.elapsedMs(), 3000)
        refusals = Number.POSITIVE_INFINITY
        assert.deepEqual(await ensureWith(slow, { pointInTimeRecovery: true }), [
          'point-in-time recovery was not switched on',
        ])
      }))

    it('goes on without recovery where the service does not know the call, as in emulators', async () => {
      const simulated = await found([])
      const emulator = new Proxy(simulated, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name)
          if (name !== 'updateContinuousBackups') {
            return typeof member === 'function' ? member.bind(target) : member
          }
          return async () => {
            throw new ServiceError('UpdateContinuousBackups', 'UnknownOperationException', '')
          }
        },
      })
      const warnings = await ensureWith(emulator, { pointInTimeRecovery: true })
      assert.deepEqual(warnings, ['point-in-time recovery was not switched on'])
    })

    it('makes the table without tags, and says so once, where tags are denied', () =>
      runInVirtualTime(async () => {
        const simulated = new SimulatedDynamo()
        simulated.injectFault({
          operation: 'createTable',
          kind: 'deny',
          times: Number.POSITIVE_INFINITY,
          when: (input) => (input as dynamo.CreateTableInput).Tags !== undefined,
        })
        const warnings = await ensureWith(simulated, { tags, deletionProtection: true })
        assert.equal(warnings.length, 1)
        assert.match(warnings[0] ?? '', /dynamodb:TagResource/)
        assert.deepEqual(simulated.settings(TABLE), {
          ...{ tags: {}, deletionProtection: true, pointInTimeRecovery: false },
        })
      }))
  })

  describe('beside a consumer of many streams (R70)', () => {
    const streamName = '123456789012:orders:1700000000'
    const ofMany = goldenItems('golden3x.json', 'balanced-two-workers').map((item) =>
      item['entityType']?.S === 'LEASE'
        ? {
            ...item,
            leaseKey: { S: `${streamName}:${item['leaseKey']?.S}` },
            streamName: { S: streamName },
            shardId: { S: item['leaseKey']?.S ?? '' },
          }
        : item,
    )

    it('refuses its table by name, untouched, founded or not, with or without the index', async () => {
      const unfounded = ofMany.filter((item) => item['cv'] === undefined)
      for (const rows of [ofMany, unfounded]) {
        for (const index of [true, false]) {
          await refusedUntouched(await found(rows, { index }), /many streams/)
        }
      }
    })

    it('goes on where leases of one stream stand too: they are not begun anew', async () => {
      const ours = goldenItems('golden3x.json', 'balanced-two-workers')
      const { port, changes } = watched(await found([...ofMany, ...ours]))
      await ensure(port)
      assert.deepEqual(changes, [])
    })
  })

  it('passes on what DynamoDB refuses', async () => {
    const simulated = new SimulatedDynamo()
    simulated.injectFault({ operation: 'createTable', kind: 'throttle' })
    await assert.rejects(
      ensure(simulated),
      (cause) => isServiceError(cause) && cause.kind === 'throttled',
    )
  })
})

describe('judgeTable', () => {
  const described = (file: string): dynamo.TableDescription =>
    (goldenJson(file) as { readonly describeTable: dynamo.TableDescription }).describeTable

  it('knows the tables that KCL made', () => {
    assert.equal(judgeTable(described('table-fresh.json')), 'ready')
    assert.equal(judgeTable(described('table-deletion-protection-tags.json')), 'ready')
    assert.equal(judgeTable(described('table-phase1.json')), 'add-index')
  })

  it('waits while table or index are being made', () => {
    const fresh = described('table-fresh.json')
    assert.equal(judgeTable({ ...fresh, TableStatus: 'CREATING' }), 'wait')
    const [index] = fresh.GlobalSecondaryIndexes ?? []
    assert.ok(index !== undefined)
    const creating = [{ ...index, IndexStatus: 'CREATING' as const }]
    assert.equal(judgeTable({ ...fresh, GlobalSecondaryIndexes: creating }), 'wait')
    assert.equal(judgeTable({ ...described('table-phase1.json'), TableStatus: 'UPDATING' }), 'wait')
  })
})

describe('createTableInput', () => {
  /** Ours brings the index along: the one intended difference. */
  function likeKcl(input: dynamo.CreateTableInput): object {
    const { GlobalSecondaryIndexes, AttributeDefinitions, ...rest } = input
    assert.equal(GlobalSecondaryIndexes?.length, 1)
    const definitions = AttributeDefinitions.filter(
      ({ AttributeName }) => AttributeName !== 'leaseOwner',
    )
    return { ...rest, AttributeDefinitions: definitions }
  }

  it("equals KCL's request but for the index, with tags and protection or without", () => {
    const [plain, protectedOne, ...others] =
      goldenRequests<dynamo.CreateTableInput>('create lease table')
    assert.ok(plain !== undefined && protectedOne !== undefined && others.length === 0)
    assert.deepEqual(likeKcl(createTableInput(plain.TableName, PLAIN_TABLE)), plain)
    const wanted = {
      ...PLAIN_TABLE,
      tags: [{ Key: 'team', Value: 'millrace' }],
      deletionProtection: true,
    }
    assert.deepEqual(likeKcl(createTableInput(protectedOne.TableName, wanted)), protectedOne)
  })

  it('describes a table as KCL leaves it', async () => {
    const simulated = new SimulatedDynamo()
    await simulated.createTable(createTableInput(TABLE, PLAIN_TABLE))
    const { Table: ours } = await simulated.describeTable({ TableName: TABLE })
    const { describeTable: theirs } = goldenJson('table-fresh.json') as {
      readonly describeTable: dynamo.TableDescription & {
        readonly BillingModeSummary: { readonly BillingMode: string }
      }
    }
    assert.deepEqual(ours.KeySchema, theirs.KeySchema)
    assert.equal(ours.BillingMode, theirs.BillingModeSummary.BillingMode)
    assert.equal(ours.DeletionProtectionEnabled, theirs.DeletionProtectionEnabled)
    const [index] = theirs.GlobalSecondaryIndexes ?? []
    assert.deepEqual(ours.GlobalSecondaryIndexes, [
      { IndexName: index?.IndexName, IndexStatus: index?.IndexStatus },
    ])
  })

  it('gives a provisioned table and its index the same capacity', () => {
    const billing = { readCapacityUnits: 10, writeCapacityUnits: 7 }
    const input = createTableInput(TABLE, { ...PLAIN_TABLE, billing })
    const capacity = { ReadCapacityUnits: 10, WriteCapacityUnits: 7 }
    assert.equal(input.BillingMode, 'PROVISIONED')
    assert.deepEqual(input.ProvisionedThroughput, capacity)
    assert.deepEqual(input.GlobalSecondaryIndexes?.[0]?.ProvisionedThroughput, capacity)
  })
})

describe('addIndexInput', () => {
  it("equals KCL's request", () => {
    const [theirs] = goldenRequests<dynamo.UpdateTableInput>('create the GSI')
    assert.ok(theirs !== undefined)
    const { AttributeDefinitions, ...ours } = addIndexInput({
      TableName: theirs.TableName,
      TableStatus: 'ACTIVE',
      KeySchema: [],
      BillingMode: 'PAY_PER_REQUEST',
    })
    const { AttributeDefinitions: definitions, ...rest } = theirs
    assert.deepEqual(ours, rest)
    assert.deepEqual(new Set(AttributeDefinitions), new Set(definitions))
  })

  const table: dynamo.TableDescription = {
    TableName: TABLE,
    TableStatus: 'ACTIVE',
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    ProvisionedThroughput: { ReadCapacityUnits: 10, WriteCapacityUnits: 20 },
  }
  const capacityOf = (description: dynamo.TableDescription) =>
    addIndexInput(description).GlobalSecondaryIndexUpdates[0]?.Create.ProvisionedThroughput

  it("gives the index the table's own capacity, where it has one", () => {
    assert.deepEqual(capacityOf(table), { ReadCapacityUnits: 10, WriteCapacityUnits: 20 })
    assert.equal(capacityOf({ ...table, BillingMode: 'PAY_PER_REQUEST' }), undefined)
    const none = { ReadCapacityUnits: 0, WriteCapacityUnits: 0 }
    assert.equal(capacityOf({ ...table, ProvisionedThroughput: none }), undefined)
  })
})
