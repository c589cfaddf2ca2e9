import assert from 'node:assert/strict'
import { InvalidOptionError, InvalidRecordError, KinesisError } from '@millrace/core'
import { Producer, type ProducerOptions, type UserRecord } from '@millrace/producer'
import { SimulatedKinesis } from '@millrace/testing'

function optionError(options: unknown): InvalidOptionError {
  try {
    new Producer(options as ProducerOptions)
  } catch (error) {
    assert.ok(error instanceof InvalidOptionError)
    return error
  }
  assert.fail('accepted')
}

async function recordError(record: unknown, options: ProducerOptions = {}): Promise<KinesisError> {
  const producer = new Producer({ stream: 'orders', client: new SimulatedKinesis(), ...options })
  try {
    await producer.put(record as UserRecord)
  } catch (error) {
    assert.equal(producer.outstandingRecords, 0)
    assert.ok(KinesisError.isKinesisError(error))
    return error
  } finally {
    await producer.close()
  }
  assert.fail('accepted')
}

const data = new Uint8Array(3)

describe('Producer options', () => {
  it('refuses an unknown name with the nearest known one', () => {
    const error = optionError({ stream: 's', agregation: false })
    assert.equal(error.code, 'ERR_KINESIS_INVALID_OPTION')
    assert.match(error.hint, /aggregation/)
  })

  it('refuses a nested unknown name, a wrong range and a wrong type', () => {
    assert.equal(optionError({ collection: { maxRecord: 3 } }).option, 'collection.maxRecord')
    assert.equal(optionError({ collection: { maxRecords: 501 } }).option, 'collection.maxRecords')
    assert.equal(
      optionError({ collection: { maxBytes: 11_000_000 } }).option,
      'collection.maxBytes',
    )
    assert.equal(optionError({ recordTtlMs: '5' }).option, 'recordTtlMs')
    assert.equal(optionError({ client: {} }).option, 'client')
    assert.match(optionError({ metricsLevel: 'debug' }).hint, /none, summary, detailed/)
    assert.match(optionError({ metricsGranularity: 'record' }).hint, /global, stream, shard/)
    assert.equal(optionError({ metrics: {} }).option, 'metrics')
    assert.equal(optionError({ stream: 'a b' }).option, 'stream')
  })

  it('refuses options that contradict each other', () => {
    const client = new SimulatedKinesis()
    assert.equal(optionError({ client, region: 'eu-west-1' }).option, 'region')
    assert.equal(optionError({ client, maxBufferedBytes: 100 }).option, 'maxBufferedBytes')
    assert.equal(
      optionError({ client, aggregation: { maxBytes: 2_000_000 } }).option,
      'aggregation.maxBytes',
    )
  })

  it('refuses a region that is not the one of the stream', async () => {
    const arnIn = (region: string) => `arn:aws:kinesis:${region}:123456789012:stream/orders`
    assert.equal(optionError({ stream: arnIn('eu-west-1'), region: 'us-east-1' }).option, 'region')
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const producer = new Producer({ stream: arnIn('eu-west-1'), credentials, logger: false })
    await assert.rejects(
      producer.put({ stream: arnIn('us-east-1'), partitionKey: 'k', data }),
      (error) => error instanceof InvalidRecordError && error.field === 'stream',
    )
    assert.equal(producer.outstandingRecords, 0)
    await producer.close()
  })

  it('refuses a TTL that ends while records are still buffered', () => {
    for (const options of [
      { recordTtlMs: 100 },
      { recordTtlMs: 120 },
      { recordTtlMs: 1000, recordMaxBufferedTimeMs: 1000, aggregation: false },
    ]) {
      const error = optionError({ stream: 's', ...options })
      assert.equal(error.option, 'recordTtlMs')
      assert.match(error.hint, /recordMaxBufferedTimeMs/)
    }
  })

  it('makes the AWS client itself when none is given', async () => {
    const producer = new Producer({ stream: 'orders', region: 'eu-west-1' })
    await producer.close()
  })
})

describe('put() of a wrong record', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['an empty partition key', { partitionKey: '', data }, 'partitionKey'],
    ['a partition key of 257 characters', { partitionKey: 'k'.repeat(257), data }, 'partitionKey'],
    ['half a surrogate pair', { partitionKey: 'a\ud800', data }, 'partitionKey'],
    ['no partition key', { data }, 'partitionKey'],
    [
      'a hash key of 2^128',
      {
        partitionKey: 'a',
        explicitHashKey: '340282366920938463463374607431768211456',
        data,
      },
      'explicitHashKey',
    ],
    ['text for data', { partitionKey: 'a', data: 'text' }, 'data'],
    ['no data', { partitionKey: 'a' }, 'data'],
    ['a stream name with a blank', { stream: 'a b', partitionKey: 'a', data }, 'stream'],
    ['no record', undefined, 'record'],
  ]
  for (const [what, record, field] of cases) {
    it(`refuses ${what}`, async () => {
      const error = await recordError(record)
      assert.ok(error instanceof InvalidRecordError)
      assert.equal(error.code, 'ERR_KINESIS_INVALID_RECORD')
      assert.equal(error.field, field)
    })
  }

  it('refuses a record over the limit with its size', async () => {
    const error = await recordError({ partitionKey: 'ab', data: new Uint8Array(1024 * 1024 - 1) })
    assert.match(error.message, /1048577/)
  })

  it('refuses a record without a stream', async () => {
    const error = await recordError({ partitionKey: 'a', data }, { stream: undefined })
    assert.ok(error instanceof InvalidRecordError)
    assert.equal(error.field, 'stream')
  })

  it('refuses records once closed', async () => {
    const producer = new Producer({ stream: 'orders', client: new SimulatedKinesis() })
    await producer.close()
    await assert.rejects(producer.put({ partitionKey: 'a', data }), { code: 'ERR_KINESIS_CLOSED' })
    assert.throws(() => producer.tryPut({ partitionKey: 'a', data }), {
      code: 'ERR_KINESIS_CLOSED',
    })
  })

  it('names options as they were given, with what leaving them out means', () => {
    assert.match(optionError({ maxRecordBytes: 1 }).hint, /\(default the stream's own limit\)/)
    assert.equal(optionError({ endpoint: 'localhost:4567' }).option, 'endpoint')
    assert.equal(optionError({ region: 'EU WEST' }).option, 'region')
  })
})
