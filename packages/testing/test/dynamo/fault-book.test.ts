import assert from 'node:assert/strict'
import { type dynamo, isServiceError } from '@millrace/core'
import { type AppliedWrite, SimulatedDynamo } from '@millrace/testing'

const TableName = 'leases'
const KEY = { leaseKey: { S: 'k' } }
const TABLE: dynamo.CreateTableInput = {
  TableName,
  AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
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

describe('Faults of SimulatedDynamo', () => {
  const put = { TableName, Item: KEY }

  it('lose the reply of a call that was applied, or refused', async () => {
    const written: AppliedWrite[] = []
    const simulated = new SimulatedDynamo({ onWrite: (write) => written.push(write) })
    await simulated.createTable(TABLE)
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

  it('last until they are cleared, and come in the order in which they were injected', async () => {
    const simulated = new SimulatedDynamo()
    await simulated.createTable(TABLE)
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

  it('deny a call, which then is not applied', async () => {
    const simulated = new SimulatedDynamo()
    const tagged = { ...TABLE, Tags: [{ Key: 'team', Value: 'millrace' }] }
    simulated.injectFault({
      operation: 'createTable',
      kind: 'deny',
      when: (input) => (input as dynamo.CreateTableInput).Tags !== undefined,
    })
    assert.equal(await kindOf(simulated.createTable(tagged)), 'denied')
    assert.deepEqual(simulated.tableNames(), [])
    assert.equal(await kindOf(simulated.createTable(TABLE)), 'ok')
  })
})

describe('SimulatedDynamo.settings', () => {
  it('tells what a table was made with, and whether it can be restored', async () => {
    const simulated = new SimulatedDynamo()
    await simulated.createTable({
      ...TABLE,
      Tags: [{ Key: '__proto__', Value: 'of nobody' }],
      DeletionProtectionEnabled: true,
    })
    const { tags, ...rest } = simulated.settings(TableName)
    assert.deepEqual(Object.entries(tags), [['__proto__', 'of nobody']])
    assert.deepEqual(rest, { deletionProtection: true, pointInTimeRecovery: false })
    const on = { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }
    await simulated.updateContinuousBackups({ TableName, ...on })
    assert.equal(simulated.settings(TableName).pointInTimeRecovery, true)
    assert.throws(() => simulated.settings('absent'), { kind: 'missing' })
  })

  it('refuses a tag twice', async () => {
    const tag = { Key: 'team', Value: 'millrace' }
    const twice = new SimulatedDynamo().createTable({ ...TABLE, Tags: [tag, tag] })
    assert.equal(await kindOf(twice), 'invalid')
  })
})
