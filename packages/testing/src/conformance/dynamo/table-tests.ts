/** CreateTable, UpdateTable, DescribeTable. */
import assert from 'node:assert/strict'
import { newTable, TABLE, type TableTest } from './group.ts'
import { INDEX, idsOf, refused } from './table-driver.ts'

export function declareTableTests(test: TableTest): void {
  test('describes a table by its key, its billing and its indexes', async (table) => {
    const described = await table.describe()
    assert.equal(described.TableName, table.name)
    assert.equal(described.BillingMode, 'PAY_PER_REQUEST')
    assert.deepEqual(described.KeySchema, [{ AttributeName: 'id', KeyType: 'HASH' }])
    assert.deepEqual(
      described.GlobalSecondaryIndexes?.map(({ IndexName, IndexStatus }) => [
        IndexName,
        IndexStatus,
      ]),
      [[INDEX, 'ACTIVE']],
    )
  })

  test('says that a table which does not exist is missing', async (table) => {
    const absent = newTable(table)
    await refused('missing', absent.describe())
    await refused('missing', absent.get('a'))
    await refused('missing', absent.put({ id: { S: 'a' } }))
    await refused('missing', absent.scanAll())
  })

  test('refuses to create a table twice, as in use', async (table) => {
    await refused('in-use', table.create(TABLE))
  })

  test('wants capacity of a provisioned table, and tells it back', async (table) => {
    const provisioned = newTable(table)
    const { BillingMode: _on, GlobalSecondaryIndexes: _by, ...bare } = TABLE
    const keyOnly = { ...bare, AttributeDefinitions: TABLE.AttributeDefinitions.slice(0, 1) }
    await refused('invalid', provisioned.create(keyOnly))
    const ProvisionedThroughput = { ReadCapacityUnits: 10, WriteCapacityUnits: 7 }
    await provisioned.create({ ...keyOnly, ProvisionedThroughput })
    const described = await provisioned.describe()
    assert.notEqual(described.BillingMode, 'PAY_PER_REQUEST')
    assert.equal(described.ProvisionedThroughput?.ReadCapacityUnits, 10)
    assert.equal(described.ProvisionedThroughput?.WriteCapacityUnits, 7)
  })

  test('takes tags, and wants them whole', async (table) => {
    const tagged = { ...TABLE, Tags: [{ Key: 'team', Value: 'millrace' }] }
    await newTable(table).create(tagged)
  })

  test(
    'keeps deletion protection as it was asked for',
    async (given) => {
      assert.equal((await given.describe()).DeletionProtectionEnabled, false)
      const table = newTable(given)
      await table.create({ ...TABLE, DeletionProtectionEnabled: true })
      assert.equal((await table.describe()).DeletionProtectionEnabled, true)
    },
    'deletionProtection',
  )

  test(
    'switches point-in-time recovery on, again and again, of a table that exists',
    async (table) => {
      const { updateContinuousBackups } = table.port
      assert.ok(updateContinuousBackups !== undefined, 'The port does not offer it')
      const on = { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }
      for (const _time of [1, 2]) {
        await updateContinuousBackups.call(table.port, { TableName: table.name, ...on })
      }
      await refused(
        'missing',
        updateContinuousBackups.call(table.port, { TableName: newTable(table).name, ...on }),
      )
    },
    'continuousBackups',
  )

  test('refuses keys and definitions that do not fit each other', async (table) => {
    const { GlobalSecondaryIndexes: _by, ...bare } = TABLE
    await refused('invalid', newTable(table).create(bare))
    const undefinedKey = { ...TABLE, AttributeDefinitions: TABLE.AttributeDefinitions.slice(0, 1) }
    await refused('invalid', newTable(table).create(undefinedKey))
  })

  test(
    'adds an index to a table that has rows, and they are in it',
    async (given) => {
      const table = newTable(given)
      const { GlobalSecondaryIndexes: indexes, ...bare } = TABLE
      const [Create] = indexes ?? []
      if (Create === undefined) throw new Error('The table has no index')
      await table.create({ ...bare, AttributeDefinitions: TABLE.AttributeDefinitions.slice(0, 1) })
      await table.put({ id: { S: 'a' }, holder: { S: 'w1' } })
      await table.put({ id: { S: 'b' } })
      const update = {
        TableName: table.name,
        AttributeDefinitions: TABLE.AttributeDefinitions,
        GlobalSecondaryIndexUpdates: [{ Create }],
      }
      await table.port.updateTable(update)
      await table.untilActive()
      assert.deepEqual(idsOf(await table.ownedBy('w1')), ['a'])
    },
    'indexOnExistingTable',
  )

  test(
    'says that a table to be updated which does not exist is missing',
    async (table) => {
      const [Create] = TABLE.GlobalSecondaryIndexes ?? []
      if (Create === undefined) throw new Error('The table has no index')
      await refused(
        'missing',
        table.port.updateTable({
          TableName: newTable(table).name,
          AttributeDefinitions: TABLE.AttributeDefinitions,
          GlobalSecondaryIndexUpdates: [{ Create }],
        }),
      )
    },
    'indexOnExistingTable',
  )
}
