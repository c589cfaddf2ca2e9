import assert from 'node:assert/strict'
import {
  type DynamoPort,
  dynamoFromSdk,
  isServiceError,
  type KinesisPort,
  kinesisFromSdk,
  ServiceError,
} from '@millrace/core'
import { nowMs, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { inProcessDynamo, inProcessKinesis } from '../../src/sdk/in-process-handler.ts'

const CLIENT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}
const LIST = { StreamName: 's' }

/** A service of which each test writes the one call that it needs. */
function kinesisOf(calls: Partial<KinesisPort>, nowMs?: () => number): KinesisPort {
  const requestHandler = inProcessKinesis(calls as KinesisPort, { nowMs })
  return kinesisFromSdk({ ...CLIENT, requestHandler })
}
function dynamoOf(calls: Partial<DynamoPort>): DynamoPort {
  return dynamoFromSdk({ ...CLIENT, requestHandler: inProcessDynamo(calls as DynamoPort) })
}

async function rejection(promise: Promise<unknown>): Promise<ServiceError> {
  const error = await promise.then(
    () => assert.fail('it did not reject'),
    (thrown: unknown) => thrown,
  )
  assert.ok(isServiceError(error), String(error))
  return error
}

describe('inProcessKinesis', () => {
  for (const awsName of [
    'ProvisionedThroughputExceededException',
    'LimitExceededException',
    'ExpiredIteratorException',
    'ResourceNotFoundException',
    'InternalFailure',
    'ServiceUnavailable',
    'TimeoutError',
    'ECONNRESET',
    'ECONNREFUSED',
    'AbortError',
  ]) {
    it(`brings ${awsName} through the SDK with its name and kind`, async () => {
      const given = new ServiceError('ListShards', awsName, 'words')
      const error = await rejection(
        kinesisOf({ listShards: () => Promise.reject(given) }).listShards(LIST),
      )
      assert.deepEqual(
        [error.awsName, error.kind, error.ambiguous],
        [awsName, given.kind, given.ambiguous],
      )
    })
  }

  it('has the SDK stumble over an answer that breaks off, as over a real one', async () => {
    const given = new ServiceError('ListShards', 'UnreadableAnswer', 'x', { kind: 'transient' })
    const error = await rejection(
      kinesisOf({ listShards: () => Promise.reject(given) }).listShards(LIST),
    )
    assert.deepEqual(
      [error.awsName, error.kind, error.ambiguous],
      ['UnreadableAnswer', 'transient', true],
    )
    assert.equal((error.cause as { statusCode?: number }).statusCode, 200)
  })

  it('hands deadline and signal on to the port', async () => {
    const seen: unknown[] = []
    const kinesis = kinesisOf({
      listShards: (_input, options) =>
        new Promise((_resolve, reject) => {
          seen.push(options?.timeoutMs)
          options?.signal?.addEventListener('abort', () => {
            seen.push('aborted')
            reject(new ServiceError('ListShards', 'AbortError', 'x'))
          })
          controller.abort()
        }),
    })
    const controller = new AbortController()
    const options = { timeoutMs: 1234, signal: controller.signal }
    assert.equal((await rejection(kinesis.listShards(LIST, options))).kind, 'aborted')
    assert.deepEqual(seen, [1234, 'aborted'])
  })

  it('dates its answers by the clock that it is given', async () => {
    const serviceMs = nowMs() - 100_000
    const kinesis = kinesisOf(
      { getShardIterator: async () => ({ ShardIterator: 'it' }) },
      () => serviceMs,
    )
    const { serviceTimeMs } = await kinesis.getShardIterator({
      ...LIST,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'LATEST',
    })
    // The header has whole seconds.
    assert.equal(serviceTimeMs, serviceMs - (serviceMs % 1000))
  })

  for (const [what, offMs, words] of [
    ['behind', 3_600_000, /Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(/],
    ['ahead', -3_600_000, /Signature not yet current/],
  ] as const) {
    it(`refuses a client whose clock is ${what}, which then corrects it`, async () => {
      let calls = 0
      const kinesis = kinesisOf(
        {
          listShards: async () => {
            calls++
            return { Shards: [] }
          },
        },
        () => nowMs() + offMs,
      )
      const error = await rejection(kinesis.listShards(LIST))
      assert.equal(error.kind, 'expired-credentials')
      assert.equal(error.retryable, true)
      assert.match(error.message, words)
      assert.match(error.hint, /clock/)
      assert.equal(calls, 0)
      await kinesis.listShards(LIST)
      assert.equal(calls, 1)
    })
  }

  it('refuses what the port does not have', async () => {
    const handler = inProcessKinesis({} as KinesisPort)
    const answer = await handler.handle({
      headers: {
        'x-amz-target': 'Kinesis_20131202.DeleteStream',
        'content-type': 'application/x-amz-json-1.1',
        authorization: 'any',
      },
      body: '{"StreamName":"s"}',
    })
    assert.equal(answer.response.statusCode, 400)
    assert.match(Buffer.from(answer.response.body).toString(), /UnknownOperationException/)
  })

  it('works in virtual time once the SDK has had its first call', async () => {
    const slow = (): KinesisPort =>
      kinesisOf({ listShards: () => sleep(60_000).then(() => ({ Shards: [] })) })
    await kinesisOf({ listShards: async () => ({ Shards: [] }) }).listShards(LIST)
    await runInVirtualTime(async (time) => {
      await slow().listShards(LIST, { timeoutMs: 90_000 })
      assert.equal(time.elapsedMs(), 60_000)
      const late = await rejection(slow().listShards(LIST, { timeoutMs: 30_000 }))
      assert.equal(late.awsName, 'TimeoutError')
      assert.equal(time.elapsedMs(), 90_000)
    })
  })
})

describe('inProcessDynamo', () => {
  const KEY = { k: { S: 'a' } }

  it('carries bytes at every depth, both ways', async () => {
    const Item = {
      ...KEY,
      b: { B: new Uint8Array([0, 255]) },
      set: { BS: [new Uint8Array([1]), new Uint8Array([2])] },
      deep: { M: { list: { L: [{ B: new Uint8Array([7]) }, { NULL: true }, { N: '5' }] } } },
    }
    let stored: unknown
    const dynamo = dynamoOf({
      putItem: async (input) => {
        stored = input.Item
      },
      getItem: async () => ({ Item }),
    })
    await dynamo.putItem({ TableName: 't', Item })
    const plain = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (_key, leaf: unknown) =>
          // A Buffer turns itself into an object before a replacer sees it.
          (leaf as { type?: string } | null)?.type === 'Buffer'
            ? [...(leaf as { data: number[] }).data]
            : leaf instanceof Uint8Array
              ? [...leaf]
              : leaf,
        ),
      )
    assert.deepEqual(plain(stored), plain(Item))
    assert.deepEqual(plain((await dynamo.getItem({ TableName: 't', Key: KEY })).Item), plain(Item))
  })

  it('brings the old item of a failed condition along', async () => {
    const item = { ...KEY, owner: { S: 'w2' } }
    const dynamo = dynamoOf({
      putItem: () =>
        Promise.reject(
          new ServiceError('PutItem', 'ConditionalCheckFailedException', 'no', { item }),
        ),
    })
    const error = await rejection(
      dynamo.putItem({
        TableName: 't',
        Item: KEY,
        ConditionExpression: 'attribute_not_exists(k)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    )
    assert.equal(error.kind, 'condition-failed')
    assert.deepEqual(error.item, item)
  })

  for (const awsName of ['ThrottlingException', 'InternalServerError', 'ValidationException']) {
    it(`brings ${awsName} through the SDK with its name and kind`, async () => {
      const given = new ServiceError('Scan', awsName, 'words')
      const dynamo = dynamoOf({ scan: () => Promise.reject(given) })
      const error = await rejection(dynamo.scan({ TableName: 't' }))
      assert.deepEqual([error.awsName, error.kind], [awsName, given.kind])
    })
  }

  it('refuses by name what it would have to leave out', async () => {
    const dynamo = dynamoOf({
      putItem: async () => {
        throw new Error('the port was called')
      },
    })
    const input = { TableName: 't', Item: KEY, Expected: { k: { Exists: false } } }
    const error = await rejection(dynamo.putItem(input))
    assert.equal(error.kind, 'invalid')
    assert.match(error.message, /Expected is not served here/)
  })
})
