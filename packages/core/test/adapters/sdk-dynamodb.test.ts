import assert from 'node:assert/strict'
import { dynamoFromSdk, type SdkDynamo } from '../../src/adapters/sdk-dynamodb.ts'
import { isServiceError } from '../../src/service-errors.ts'
import { ScriptedServer, TEST_CREDENTIALS } from './scripted-server.ts'

describe('dynamoFromSdk', () => {
  let server: ScriptedServer
  let dynamo: SdkDynamo

  beforeEach(async () => {
    server = new ScriptedServer()
    await server.listen()
    dynamo = dynamoFromSdk({
      region: 'us-east-1',
      endpoint: server.url,
      credentials: TEST_CREDENTIALS,
    })
  })
  afterEach(async () => {
    dynamo.close()
    await server.close()
  })

  it('carries the condition and brings back the item that failed it', async () => {
    const Item = { leaseKey: { S: 'shard-1' }, leaseCounter: { N: '5' } }
    server.error(400, 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', 'no', {
      Item,
    })
    const failed = dynamo.updateItem({
      TableName: 'leases',
      Key: { leaseKey: { S: 'shard-1' } },
      UpdateExpression: 'SET leaseCounter = :next',
      ConditionExpression: 'leaseCounter = :seen',
      ExpressionAttributeValues: { ':next': { N: '5' }, ':seen': { N: '4' } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    await assert.rejects(failed, (error: unknown) => {
      assert.ok(isServiceError(error))
      assert.equal(error.kind, 'condition-failed')
      assert.deepEqual(error.item, Item)
      return true
    })
    const sent = JSON.parse(server.requests[0]?.body ?? '')
    assert.equal(server.requests[0]?.target, 'DynamoDB_20120810.UpdateItem')
    assert.equal(sent.ConditionExpression, 'leaseCounter = :seen')
  })

  it('tells an absent item from an item', async () => {
    server.json(200, {})
    assert.equal((await dynamo.getItem({ TableName: 't', Key: { k: { S: 'a' } } })).Item, undefined)
    server.json(200, { Item: { k: { S: 'a' } } })
    assert.deepEqual((await dynamo.getItem({ TableName: 't', Key: { k: { S: 'a' } } })).Item, {
      k: { S: 'a' },
    })
  })

  it('returns a page and the key to go on from', async () => {
    server.json(200, { Items: [{ k: { S: 'a' } }], LastEvaluatedKey: { k: { S: 'a' } } })
    const page = await dynamo.scan({ TableName: 't', Segment: 0, TotalSegments: 2 })
    assert.deepEqual(page.Items, [{ k: { S: 'a' } }])
    assert.deepEqual(page.LastEvaluatedKey, { k: { S: 'a' } })
  })

  it('reads the billing mode where the service puts it', async () => {
    server.json(200, {
      Table: {
        TableName: 't',
        TableStatus: 'ACTIVE',
        KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }],
        BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      },
    })
    const { Table } = await dynamo.describeTable({ TableName: 't' })
    assert.equal(Table.TableStatus, 'ACTIVE')
    assert.equal(Table.BillingMode, 'PAY_PER_REQUEST')
  })

  it('switches point-in-time recovery on, and says when the service is not ready for it', async () => {
    server.json(200, { ContinuousBackupsDescription: { ContinuousBackupsStatus: 'ENABLED' } })
    const input = {
      TableName: 't',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    }
    assert.equal(await dynamo.updateContinuousBackups(input), undefined)
    const [sent] = server.requests
    assert.equal(sent?.target, 'DynamoDB_20120810.UpdateContinuousBackups')
    assert.deepEqual(JSON.parse(sent.body), input)
    server.error(400, 'ContinuousBackupsUnavailableException', 'Backups are being enabled')
    await assert.rejects(dynamo.updateContinuousBackups(input), { kind: 'in-use' })
  })

  it('makes one attempt, on one socket that it keeps', async () => {
    server.error(500, 'InternalServerError', 'x')
    for (let i = 0; i < 3; i++) {
      await assert.rejects(dynamo.describeTable({ TableName: 't' }), { kind: 'transient' })
    }
    assert.equal(server.requests.length, 3)
    assert.equal(server.sockets.size, 1)
  })

  it('throws when a renewal hangs', async () => {
    server.answer = () => {}
    const renewal = dynamo.putItem({ TableName: 't', Item: { k: { S: 'a' } } }, { timeoutMs: 30 })
    await assert.rejects(renewal, { kind: 'network' })
  })
})
