import assert from 'node:assert/strict'
import { InvalidOptionError, InvalidRecordError } from '@millrace/core'
import { Producer, type ProducerOptions, type UserRecord } from '@millrace/producer'
import { runInVirtualTime, SimulatedKinesis } from '@millrace/testing'
import { RecordingClient } from './recording-client.ts'

const STREAM = 'orders'
const MIB = 1024 * 1024
const data = Buffer.from('x')

/** Puts a record in all ways; what was sent, or the one error that all of them gave. */
async function put(record: unknown, options: ProducerOptions = {}) {
  let entry: { readonly PartitionKey?: string; readonly ExplicitHashKey?: string } = {}
  let refusal: InvalidRecordError | undefined
  await runInVirtualTime(async (time) => {
    const service = new SimulatedKinesis()
    await service.createStream({ StreamName: STREAM, ShardCount: 1 })
    const client = new RecordingClient(service)
    const producer = new Producer({ stream: STREAM, client, logger: false, ...options })
    const failed: unknown[] = []
    producer.on('failed', (...lost) => failed.push(lost))
    await producer.put({ partitionKey: 'warm', data })
    try {
      await producer.put(record as UserRecord)
      entry = client.requests.at(-1)?.input.Records[0] as typeof entry
      assert.equal(producer.tryPut(record as UserRecord), true)
    } catch (error) {
      assert.ok(error instanceof InvalidRecordError, String(error))
      refusal = error
      assert.equal(error.code, 'ERR_KINESIS_INVALID_RECORD')
      assert.ok(error.hint.length > 10)
      assert.throws(() => producer.tryPut(record as UserRecord), { message: error.message })
      const writable = producer.writable()
      const told = new Promise((resolve) => writable.on('error', resolve))
      writable.write(record)
      assert.equal(((await told) as Error).message, error.message)
      // Nothing of it is left anywhere.
      assert.equal(producer.outstandingRecords, 0)
      assert.equal(producer.bufferedBytes, 0)
      assert.equal(time.waitingEvents(), 0)
      assert.equal(client.requests.length, 1)
      assert.deepEqual(failed, [])
    }
    assert.deepEqual((await producer.close()).droppedRecords, 0)
  })
  return { entry, refusal }
}

describe('what KPL refuses in a record, and what it takes', () => {
  const refused: readonly (readonly [
    what: string,
    record: unknown,
    field: string,
    says: RegExp,
  ])[] = [
    ['no record', undefined, 'record', /undefined/],
    ['a record that is no object', 'text', 'record', /string/],
    ['an empty stream name', { stream: '', partitionKey: 'k', data }, 'stream', /""/],
    ['a stream name of blanks', { stream: '  ', partitionKey: 'k', data }, 'stream', /" {2}"/],
    [
      'a stream name of 129 characters',
      { stream: 's'.repeat(129), partitionKey: 'k', data },
      'stream',
      /s{129}/,
    ],
    [
      'an ARN of something else',
      { stream: 'arn:aws:s3:::bucket', partitionKey: 'k', data },
      'stream',
      /s3/,
    ],
    ['a stream that is no text', { stream: 7, partitionKey: 'k', data }, 'stream', /7/],
    ['no partition key', { data }, 'partitionKey', /no partition key/],
    ['a partition key of null', { partitionKey: null, data }, 'partitionKey', /null/],
    ['an empty partition key', { partitionKey: '', data }, 'partitionKey', /empty/],
    [
      'a partition key of 257 characters',
      { partitionKey: 'k'.repeat(257), data },
      'partitionKey',
      /257/,
    ],
    [
      'a lone surrogate in a partition key',
      { partitionKey: 'a\udc00b', data },
      'partitionKey',
      /surrogate/,
    ],
    [
      'a hash key of 2^128',
      { partitionKey: 'k', explicitHashKey: String(2n ** 128n), data },
      'explicitHashKey',
      /340282366920938463463374607431768211456/,
    ],
    [
      'a hash key below 0',
      { partitionKey: 'k', explicitHashKey: '-1', data },
      'explicitHashKey',
      /-1/,
    ],
    [
      'a hash key that is no whole number',
      { partitionKey: 'k', explicitHashKey: '1.5', data },
      'explicitHashKey',
      /1\.5/,
    ],
    [
      'a hash key of no digits',
      { partitionKey: 'k', explicitHashKey: ' ', data },
      'explicitHashKey',
      /" "/,
    ],
    [
      'a hash key in hexadecimal',
      { partitionKey: 'k', explicitHashKey: '0x1', data },
      'explicitHashKey',
      /0x1/,
    ],
    [
      'a hash key that is a number',
      { partitionKey: 'k', explicitHashKey: 5, data },
      'explicitHashKey',
      /number/,
    ],
    ['no data', { partitionKey: 'k' }, 'data', /undefined/],
    ['data of null', { partitionKey: 'k', data: null }, 'data', /null/],
    ['text for data', { partitionKey: 'k', data: 'x' }, 'data', /string/],
    [
      'a record of one byte over 1 MiB with its key',
      { partitionKey: 'k', data: new Uint8Array(MIB) },
      'data',
      /1048577 bytes.*the limit is 1048576/,
    ],
  ]
  for (const [what, record, field, says] of refused) {
    it(`refuses ${what}, and nothing is left of it`, async () => {
      const { refusal } = await put(record)
      assert.equal(refusal?.field, field)
      assert.match(refusal.message, says)
    })
  }

  it('refuses a record that names no stream where the producer has none', async () => {
    const producer = new Producer({ client: new SimulatedKinesis(), logger: false })
    await assert.rejects(producer.put({ partitionKey: 'k', data }), { field: 'stream' })
    await producer.close()
  })

  const taken: readonly (readonly [what: string, record: object, hashKey: string | undefined])[] = [
    ['a key of 256 characters of three bytes', { partitionKey: '\u20ac'.repeat(256) }, undefined],
    [
      'a key of 256 characters beyond the 16-bit ones',
      { partitionKey: '\u{1f600}'.repeat(256) },
      undefined,
    ],
    ['a hash key with a plus', { explicitHashKey: '+5' }, '5'],
    ['a hash key with zeros in front', { explicitHashKey: '0005' }, '5'],
    ['a hash key of minus nothing', { explicitHashKey: '-0' }, '0'],
    ['a hash key with blanks around', { explicitHashKey: ' 7\t' }, '7'],
    ['the largest hash key', { explicitHashKey: String(2n ** 128n - 1n) }, String(2n ** 128n - 1n)],
    ['no bytes of data', { data: new Uint8Array(0) }, undefined],
    ['1 MiB with its key', { data: new Uint8Array(MIB - 1) }, undefined],
  ]
  for (const [what, record, hashKey] of taken) {
    it(`takes ${what}`, async () => {
      const { entry, refusal } = await put({ partitionKey: 'k', data, ...record })
      assert.equal(refusal, undefined)
      if (hashKey !== undefined) assert.equal(entry.ExplicitHashKey, hashKey)
    })
  }
})

describe("KPL's ranges of options", () => {
  const make = (options: object): Producer =>
    new Producer({ client: new SimulatedKinesis(), logger: false, ...options })

  const ranges: readonly (readonly [
    option: string,
    of: (value: unknown) => object,
    taken: readonly number[],
    refused: readonly unknown[],
  ])[] = [
    [
      'aggregation.maxRecords',
      (maxRecords) => ({ aggregation: { maxRecords } }),
      [1, 2 ** 32],
      [0, 1.5],
    ],
    [
      'aggregation.maxBytes',
      (maxBytes) => ({ aggregation: { maxBytes }, maxRecordBytes: 10 * MIB }),
      [64, 10 * MIB],
      [63, 10 * MIB + 1],
    ],
    ['collection.maxRecords', (maxRecords) => ({ collection: { maxRecords } }), [1, 500], [0, 501]],
    [
      'collection.maxBytes',
      (maxBytes) => ({ collection: { maxBytes } }),
      [52_224, 10 * MIB],
      [52_223, 10 * MIB + 1],
    ],
    [
      'maxRecordBytes',
      (maxRecordBytes) => ({ maxRecordBytes, aggregation: false }),
      [64, 10 * MIB],
      [63, 10 * MIB + 1],
    ],
    ['recordMaxBufferedTimeMs', (ms) => ({ recordMaxBufferedTimeMs: ms }), [0, 1000], [-1, '5']],
    [
      'recordTtlMs',
      (ms) => ({ recordTtlMs: ms, recordMaxBufferedTimeMs: 0 }),
      [100, 3_600_000],
      [99, Number.POSITIVE_INFINITY],
    ],
    ['rateLimitPercent', (percent) => ({ rateLimitPercent: percent }), [1, 150], [0, Number.NaN]],
    ['requestTimeoutMs', (ms) => ({ requestTimeoutMs: ms }), [100, 600_000], [99, 600_001]],
    ['maxConnections', (connections) => ({ maxConnections: connections }), [1, 256], [0, 257]],
    ['maxOutstandingRecords', (records) => ({ maxOutstandingRecords: records }), [1], [0]],
    ['maxWaitingPuts', (puts) => ({ maxWaitingPuts: puts }), [0], [-1]],
    ['failIfThrottled', (value) => ({ failIfThrottled: value }), [], [1, 'yes']],
  ]
  for (const [option, of, taken, refused] of ranges) {
    it(`hold for ${option}`, () => {
      for (const value of taken) assert.doesNotThrow(() => make(of(value)))
      for (const value of refused) {
        assert.throws(
          () => make(of(value)),
          (error) => {
            assert.ok(error instanceof InvalidOptionError)
            assert.equal(error.option, option)
            assert.ok(error.message.startsWith(`${option} is `), error.message)
            assert.ok(error.hint.length > 5)
            return true
          },
        )
      }
    })
  }

  it('and its defaults', () => {
    for (const [defaults, beyond] of [
      [{ aggregation: { maxBytes: 51_200 } }, { maxRecordBytes: 51_199 }],
      [{ recordTtlMs: 30_000 }, { recordMaxBufferedTimeMs: 29_950 }],
    ]) {
      assert.doesNotThrow(() => make({ ...defaults }))
      assert.throws(() => make({ ...beyond }), InvalidOptionError)
    }
  })

  it('hold against each other', () => {
    for (const [option, options] of [
      ['recordTtlMs', { recordTtlMs: 1000, recordMaxBufferedTimeMs: 1000 }],
      ['aggregation.maxBytes', { aggregation: { maxBytes: 2 * MIB } }],
      ['aggregation.maxBytes', { maxRecordBytes: 50_000 }],
      ['maxBufferedBytes', { maxRecordBytes: 2 * MIB, maxBufferedBytes: MIB }],
      ['maxBufferedBytes', { maxBufferedBytes: MIB - 1 }],
      ['region', { region: 'eu-west-1' }],
      ['endpoint', { endpoint: 'http://localhost' }],
      ['credentials', { credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }],
    ] as const) {
      assert.throws(() => make(options), { option })
    }
  })
})
