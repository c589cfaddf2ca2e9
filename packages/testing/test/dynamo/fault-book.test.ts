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
})
