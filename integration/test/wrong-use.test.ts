import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Consumer, type ConsumerOptions } from '@millrace/consumer'
import { type dynamo, dynamoFromSdk, KinesisError, type SdkDynamo } from '@millrace/core'
import { Producer, type ProducerOptions, type UserRecord } from '@millrace/producer'
import { type LocalKinesis, startLocalKinesis } from '@millrace/testing'
import { withoutAwsSettings } from '../harness/without-aws-settings.ts'

const AWS = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
} as const
const STREAM = 'orders'

interface Expected {
  readonly code: string
  readonly message: RegExp
  readonly hint: RegExp
}

/** A check for assert.rejects and assert.throws. */
function error(expected: Expected): (cause: unknown) => true {
  return (cause) => {
    assert.ok(KinesisError.isKinesisError(cause), String(cause))
    assert.equal(cause.code, expected.code)
    assert.match(cause.message, expected.message)
    assert.match(cause.hint, expected.hint)
    return true
  }
}

describe('wrong use', () => {
  let local: LocalKinesis
  before(async () => {
    local = await startLocalKinesis({ streams: [{ name: STREAM, shardCount: 2 }] })
  })
  after(() => local.close())

  function producer(options: Partial<ProducerOptions> = {}): Producer {
    const endpoint = local.kinesisUrl
    return new Producer({ ...AWS, stream: STREAM, endpoint, logger: false, ...options })
  }
  function consumer(options: Partial<ConsumerOptions> = {}): Consumer {
    return new Consumer({
      ...AWS,
      applicationName: 'wrong-use',
      stream: STREAM,
      endpoint: local.kinesisUrl,
      dynamodbEndpoint: local.dynamodbUrl,
      logger: false,
      ...options,
    })
  }

  describe('of options', () => {
    const options: readonly (readonly [string, () => unknown, Expected])[] = [
      [
        'an unknown one of the producer, with the nearest known name',
        () => producer({ agregation: false } as Partial<ProducerOptions>),
        {
          code: 'ERR_KINESIS_INVALID_OPTION',
          message: /Unknown option agregation/,
          hint: /Did you mean "aggregation"\?/,
        },
      ],
      [
        'an unknown one of the consumer, inside a group',
        () => consumer({ lease: { failoverTimeMillis: 1 } } as Partial<ConsumerOptions>),
        {
          code: 'ERR_KINESIS_INVALID_OPTION',
          message: /Unknown option lease\.failoverTimeMillis/,
          hint: /Use "lease.failoverTimeMs" \(KCL: failoverTimeMillis\)/,
        },
      ],
      [
        'a value out of range',
        () => producer({ collection: { maxRecords: 501 } }),
        {
          code: 'ERR_KINESIS_INVALID_OPTION',
          message: /collection\.maxRecords is 501/,
          hint: /from 1 to 500/,
        },
      ],
      [
        'one that contradicts another',
        () => consumer({ lease: { failoverTimeMs: 1000, observationIntervalMs: 2000 } }),
        {
          code: 'ERR_KINESIS_INVALID_OPTION',
          message: /observationIntervalMs \(2000\) is above lease\.failoverTimeMs/,
          hint: /at least once/,
        },
      ],
    ]
    for (const [what, make, expected] of options) {
      it(`refuses ${what}`, () => {
        assert.throws(make, error(expected))
      })
    }
  })

  describe('of records', () => {
    const data = new Uint8Array(3)
    const records: readonly (readonly [string, UserRecord, RegExp, RegExp])[] = [
      ['an empty partition key', { partitionKey: '', data }, /partition key is empty/, /1 to 256/],
      [
        'a partition key that is too long',
        { partitionKey: 'é'.repeat(257), data },
        /partition key has 257 characters/,
        /1 to 256/,
      ],
      [
        'half of a surrogate pair in a partition key',
        { partitionKey: 'order-\ud83d', data },
        /half of a surrogate pair/,
        /toWellFormed/,
      ],
      [
        'a hash key of 2^128',
        { partitionKey: 'k', explicitHashKey: String(2n ** 128n), data },
        /explicit hash key is "340282366920938463463374607431768211456"/,
        /from 0 to 340282366920938463463374607431768211455/,
      ],
      [
        'a record over the limit, with its size',
        { partitionKey: 'key', data: new Uint8Array(1_048_576) },
        /has 1048579 bytes \(1048576 of data, 3 of partition key\); the limit is 1048576/,
        /maxRecordBytes/,
      ],
      [
        'data that is no bytes',
        { partitionKey: 'k', data: 'text' as unknown as Uint8Array },
        /data is of type string/,
        /codec/,
      ],
    ]
    for (const [what, record, message, hint] of records) {
      it(`refuses ${what}, accepting nothing`, async () => {
        const expected = error({ code: 'ERR_KINESIS_INVALID_RECORD', message, hint })
        const stored = local.kinesis.records(STREAM).length
        const one = producer()
        await assert.rejects(one.put(record), expected)
        assert.throws(() => one.tryPut(record), expected)
        assert.equal(one.outstandingRecords, 0)
        await one.close()
        assert.equal(local.kinesis.records(STREAM).length, stored)
      })
    }

    it('refuses one that names no stream', async () => {
      const one = producer({ stream: undefined })
      await assert.rejects(
        one.put({ partitionKey: 'k', data }),
        error({ code: 'ERR_KINESIS_INVALID_RECORD', message: /names no stream/, hint: /stream/ }),
      )
      assert.equal(one.outstandingRecords, 0)
      one.destroy()
    })

    it('refuses one after close()', async () => {
      const one = producer()
      await one.close()
      const expected = { code: 'ERR_KINESIS_CLOSED', message: /closed/, hint: /new Producer/ }
      await assert.rejects(one.put({ partitionKey: 'k', data }), error(expected))
      assert.equal(one.outstandingRecords, 0)
    })
  })

  describe('of the surroundings', () => {
    const cases: readonly (readonly [
      string,
      Partial<ConsumerOptions & ProducerOptions>,
      RegExp,
      RegExp,
    ])[] = [
      [
        'a stream that does not exist',
        { stream: 'nowhere' },
        /stream nowhere .*not found/,
        /create/,
      ],
      ['no region', { region: undefined }, /no AWS region is known/, /AWS_REGION/],
      [
        'no credentials',
        { credentials: undefined },
        /no AWS credentials were found/,
        /AWS_ACCESS_KEY_ID/,
      ],
    ]
    for (const [what, options, message, hint] of cases) {
      it(`fails a put with ${what}, and nothing stays outstanding`, () =>
        withoutAwsSettings(async () => {
          const one = producer(options)
          const expected = { code: 'ERR_KINESIS_USER_RECORD_FAILED', message, hint }
          const put = one.put({ partitionKey: 'k', data: new Uint8Array(3) })
          await assert.rejects(put, error(expected))
          assert.equal(one.outstandingRecords, 0)
          await one.close()
        }))

      it(`fails run() with ${what}`, () =>
        withoutAwsSettings(async () => {
          const one = consumer(options)
          const expected = { code: 'ERR_KINESIS_SERVICE', message, hint }
          await assert.rejects(one.run({ eachRecord: () => undefined }), error(expected))
          assert.equal(one.state, 'failed')
        }))
    }
  })

  describe('of a table', () => {
    let tables: SdkDynamo
    before(() => {
      tables = dynamoFromSdk({ ...AWS, endpoint: local.dynamodbUrl })
    })
    after(() => tables.close())

    it('refuses one that is not a lease table, untouched', async () => {
      await createTable(tables, 'orders-by-id', 'orderId')
      await tables.putItem({ TableName: 'orders-by-id', Item: { orderId: { S: '7' } } })
      await refusedUntouched('orders-by-id', /not a lease table/, /another applicationName/)
    })

    it('refuses one of KCL 2.x, untouched', async () => {
      await leaseTable('kcl-2x', 'goldenphase1.json', 'phase1')
      await refusedUntouched('kcl-2x', /belongs to KCL 2\.x/, /KCL 3\.x first/)
    })

    it('refuses one on its way from KCL 2.x, untouched', async () => {
      await leaseTable('half-migrated', 'golden2x.json', 'balanced-two-workers')
      await refusedUntouched('half-migrated', /UPGRADE_FROM_2X/, /KCL 3\.x first/)
    })

    it('refuses one whose coordinator state is still in a table of its own, untouched', async () => {
      await leaseTable('kcl-30', 'goldenlegacy.json', 'legacy-tables')
      await createTable(tables, 'kcl-30-CoordinatorState', 'key')
      await refusedUntouched('kcl-30', /kcl-30-CoordinatorState exists/, /KCL 3\.5/)
    })

    async function leaseTable(name: string, file: string, moment: string): Promise<void> {
      await createTable(tables, name, 'leaseKey')
      for (const Item of recordedRows(file, moment)) {
        await tables.putItem({ TableName: name, Item })
      }
    }

    async function refusedUntouched(name: string, message: RegExp, hint: RegExp): Promise<void> {
      const before = await everythingOf(tables, name)
      const one = consumer({ applicationName: name })
      const run = one.run({ eachRecord: () => undefined })
      await assert.rejects(run, error({ code: 'ERR_KINESIS_LEASE_TABLE', message, hint }))
      assert.equal(one.state, 'failed')
      assert.deepEqual(await everythingOf(tables, name), before)
    }
  })
})

async function createTable(tables: SdkDynamo, name: string, key: string): Promise<void> {
  await tables.createTable({
    TableName: name,
    AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
    KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  })
  for (;;) {
    const { Table } = await tables.describeTable({ TableName: name })
    if (Table.TableStatus === 'ACTIVE') return
  }
}

/** What the Java KCL wrote, as it was recorded. */
function recordedRows(file: string, moment: string): readonly dynamo.Item[] {
  const path = new URL(`../golden/kcl/${file}`, import.meta.url)
  const { moments } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly moments: readonly { readonly moment: string; readonly items: dynamo.Item[] }[]
  }
  return moments.find((one) => one.moment === moment)?.items ?? []
}

/** Rows, key, indexes, settings. */
async function everythingOf(tables: SdkDynamo, name: string): Promise<unknown> {
  const { Items } = await tables.scan({ TableName: name, ConsistentRead: true })
  assert.ok(Items.length > 0)
  return { Items, table: (await tables.describeTable({ TableName: name })).Table }
}
