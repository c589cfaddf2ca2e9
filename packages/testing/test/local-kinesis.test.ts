import assert from 'node:assert/strict'
import { dynamoFromSdk, kinesisFromSdk } from '@millrace/core'
import { startLocalKinesis } from '../src/local-kinesis.ts'

const CLIENT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}

describe('startLocalKinesis', () => {
  it('serves Kinesis and DynamoDB, and closes twice without complaint', async () => {
    const local = await startLocalKinesis({ streams: [{ name: 'orders', shardCount: 3 }] })
    const kinesis = kinesisFromSdk({ ...CLIENT, endpoint: local.kinesisUrl })
    const dynamo = dynamoFromSdk({ ...CLIENT, endpoint: local.dynamodbUrl })
    try {
      assert.equal((await kinesis.listShards({ StreamName: 'orders' })).Shards.length, 3)
      await dynamo.createTable({
        TableName: 'leases',
        AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      })
      const { Table } = await dynamo.describeTable({ TableName: 'leases' })
      assert.equal(Table.TableName, 'leases')
      assert.equal(Table.BillingMode, 'PAY_PER_REQUEST')
    } finally {
      await Promise.all([local.close(), local.close()])
      kinesis.close()
      dynamo.close()
    }
  })

  it('passes the options of the simulated service on', async () => {
    const local = await startLocalKinesis({ iteratorLifetimeMs: 1, region: 'eu-north-1' })
    try {
      await local.kinesis.createStream({ StreamName: 's', ShardCount: 1 })
      const { StreamDescriptionSummary: summary } = await local.kinesis.describeStreamSummary({
        StreamName: 's',
      })
      assert.match(summary.StreamARN, /:eu-north-1:/)
    } finally {
      await local.close()
    }
  })

  it('names a wrong option', async () => {
    await assert.rejects(startLocalKinesis({ port: 70_000 }), { option: 'port' })
    await assert.rejects(startLocalKinesis({ host: '' }), { option: 'host' })
    await assert.rejects(startLocalKinesis({ limit: true } as object), { hint: /"limits"/ })
  })

  it('lets go of the first port when the second is taken', async () => {
    const other = await startLocalKinesis()
    const dynamodbPort = Number(new URL(other.dynamodbUrl).port)
    await assert.rejects(startLocalKinesis({ dynamodbPort }), { option: 'dynamodbPort' })
    const port = Number(new URL(other.kinesisUrl).port)
    await other.close()
    const again = await startLocalKinesis({ port })
    assert.equal(again.kinesisUrl, `http://127.0.0.1:${port}`)
    await again.close()
  })
})
