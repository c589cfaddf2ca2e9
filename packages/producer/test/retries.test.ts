import assert from 'node:assert/strict'
import { type kinesis, ServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { Producer, type ProducerOptions, UserRecordFailedError } from '@millrace/producer'
import { type Fault, runInVirtualTime, SimulatedKinesis } from '@millrace/testing'
import { RecordingClient } from './recording-client.ts'
import { storedUserRecords } from './stored-records.ts'

const STREAM = 'orders'
/** Lie in the first and in the second of two shards. */
const [LOW, HIGH] = ['0', '340282366920938463463374607431768211455']

/** How often the source of jitter still throws. */
let faults = 0

interface Setting {
  readonly service: SimulatedKinesis
  readonly client: RecordingClient
  readonly producer: Producer
}

function withProducer(
  options: ProducerOptions,
  faults: readonly Fault[],
  body: (setting: Setting) => Promise<void>,
): Promise<void> {
  return runInVirtualTime(async () => {
    const service = new SimulatedKinesis()
    await service.createStream({ StreamName: STREAM, ShardCount: 2 })
    for (const fault of faults) service.injectFault(fault)
    const client = new RecordingClient(service)
    const producer = new Producer({ stream: STREAM, client, logger: false, ...options })
    await body({ service, client, producer })
    await producer.close()
    assert.equal(producer.outstandingRecords, 0)
  })
}

function record(explicitHashKey: string | undefined, text: string) {
  return { partitionKey: 'key', explicitHashKey, data: Buffer.from(text) }
}

async function failure(put: Promise<unknown>): Promise<UserRecordFailedError> {
  const error: unknown = await put.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof UserRecordFailedError)
  return error
}

describe('retries', () => {
  it('sends again only the entries that failed', () =>
    withProducer(
      {},
      [{ operation: 'putRecords', kind: 'throttle', shardId: 'shardId-000000000000', times: 1 }],
      async ({ service, client, producer }) => {
        const throttled: unknown[] = []
        producer.on('throttled', (info) => throttled.push(info))
        const [low, high] = await Promise.all([
          producer.put(record(LOW, 'low')),
          producer.put(record(HIGH, 'high')),
        ])
        assert.equal(high.attempts.length, 1)
        assert.equal(low.attempts.length, 2)
        assert.equal(low.attempts[0]?.error?.code, 'ProvisionedThroughputExceededException')
        assert.equal(low.attempts[1]?.error, undefined)
        assert.deepEqual(
          client.requests.map(({ input }) => input.Records.length),
          [2, 1],
        )
        assert.equal(storedUserRecords(service, STREAM).length, 2)
        assert.deepEqual(throttled, [{ stream: STREAM, shardId: 'shardId-000000000000' }])
      },
    ))

  it('keeps other shards going while one is throttled for good', () =>
    withProducer(
      { recordTtlMs: 5000 },
      [
        {
          operation: 'putRecords',
          kind: 'throttle',
          shardId: 'shardId-000000000000',
          times: Number.POSITIVE_INFINITY,
        },
      ],
      async ({ producer }) => {
        const stuck = Array.from({ length: 50 }, (_, i) =>
          failure(producer.put(record(LOW, `${i}`))),
        )
        for (let i = 0; i < 10; i++) {
          const { attempts } = await producer.put(record(HIGH, `${i}`))
          assert.equal(attempts.length, 1)
          assert.ok((attempts[0]?.delayMs ?? 999) <= 120)
        }
        for (const error of await Promise.all(stuck)) {
          assert.equal(error.attempts.at(-1)?.error?.code, 'Expired')
          assert.match(error.message, /ProvisionedThroughputExceededException/)
        }
      },
    ))

  it('stores again after a lost reply and says so in the attempts', () =>
    withProducer(
      {},
      [{ operation: 'putRecords', kind: 'lose-reply', times: 1 }],
      async ({ service, producer }) => {
        const { attempts, sequenceNumber } = await producer.put(record(LOW, 'x'))
        assert.deepEqual(
          attempts.map(({ error }) => error?.code),
          ['ECONNRESET', undefined],
        )
        const stored = storedUserRecords(service, STREAM)
        assert.equal(stored.length, 2)
        assert.equal(stored[1]?.sequenceNumber, sequenceNumber)
      },
    ))

  it('gives up a request that is not answered in time, and tries again', () =>
    withProducer(
      { requestTimeoutMs: 500 },
      [
        {
          operation: 'putRecords',
          kind: 'delay',
          delayMs: Number.POSITIVE_INFINITY,
          delayed: 'request',
          times: 2,
        },
      ],
      async ({ producer }) => {
        const { attempts } = await producer.put(record(LOW, 'x'))
        assert.deepEqual(
          attempts.map(({ durationMs, error }) => [durationMs, error?.code]),
          [
            [500, 'TimeoutError'],
            [500, 'TimeoutError'],
            [0, undefined],
          ],
        )
      },
    ))

  it('counts delay from admission, then from the end of the attempt before', () =>
    withProducer(
      { recordMaxBufferedTimeMs: 0, random: { next: () => 0.5, uuid: () => '' } },
      [],
      async ({ service, producer }) => {
        await producer.put(record(LOW, 'first of all the shard map is loaded'))
        service.injectFault({ operation: 'putRecords', kind: 'fail', times: 2 })
        const { attempts } = await producer.put(record(LOW, 'x'))
        assert.deepEqual(
          attempts.map(({ delayMs }) => delayMs),
          [0, 50, 100],
        )
      },
    ))

  it('fails a record that is not stored within its TTL, with the reason of its last try', () =>
    withProducer(
      { recordTtlMs: 3000 },
      [{ operation: 'putRecords', kind: 'fail', times: Number.POSITIVE_INFINITY }],
      async ({ producer }) => {
        const error = await failure(producer.put(record(LOW, 'x')))
        assert.equal(error.code, 'ERR_KINESIS_USER_RECORD_FAILED')
        const spentMs = error.attempts.reduce((sum, a) => sum + a.delayMs + a.durationMs, 0)
        assert.equal(spentMs, 3000)
        assert.match(error.message, /Expired.*InternalFailure/)
        assert.ok(error.retryable)
      },
    ))

  it('keeps a bounded list of tries, with all of their count and time', () =>
    withProducer(
      { recordTtlMs: 600_000 },
      [{ operation: 'putRecords', kind: 'fail', times: Number.POSITIVE_INFINITY }],
      async ({ client, producer }) => {
        const error = await failure(producer.put(record(LOW, 'x')))
        assert.ok(client.requests.length > 100)
        assert.equal(error.attempts.length, 21)
        assert.equal((error.attempts[10]?.folded ?? 0) + 20, client.requests.length + 1)
        const spentMs = error.attempts.reduce((sum, a) => sum + a.delayMs + a.durationMs, 0)
        assert.equal(spentMs, 600_000)
        assert.match(error.message, new RegExp(`after ${client.requests.length + 1} attempts`))
      },
    ))

  it('counts a success that comes after the TTL', () =>
    withProducer(
      { recordTtlMs: 1000 },
      [{ operation: 'putRecords', kind: 'delay', delayMs: 4000, times: 1 }],
      async ({ producer }) => {
        const { attempts } = await producer.put(record(LOW, 'x'))
        assert.equal(attempts[0]?.durationMs, 4000)
      },
    ))

  it('fails a throttled record at once if asked to', () =>
    withProducer(
      { failIfThrottled: true },
      [{ operation: 'putRecords', kind: 'throttle', shardId: 'shardId-000000000000', times: 1 }],
      async ({ producer }) => {
        const [error] = await Promise.all([
          failure(producer.put(record(LOW, 'x'))),
          producer.put(record(HIGH, 'y')),
        ])
        assert.equal(error.attempts.length, 1)
      },
    ))

  it('does not try again what the service denies, and says what to do', () =>
    withProducer(
      {},
      [
        {
          operation: 'putRecords',
          kind: 'fail',
          error: new ServiceError('PutRecords', 'AccessDeniedException', 'not yours'),
        },
      ],
      async ({ producer }) => {
        const error = await failure(producer.put(record(LOW, 'x')))
        assert.equal(error.attempts.length, 1)
        assert.equal(error.retryable, false)
        assert.ok(error.cause instanceof ServiceError)
        assert.equal(error.hint, error.cause.hint)
        assert.match(error.message, /AccessDeniedException: not yours/)
      },
    ))

  it('says at once that the stream does not exist', () =>
    withProducer({}, [], async ({ producer }) => {
      const error = await failure(producer.put({ ...record(LOW, 'x'), stream: 'nowhere' }))
      assert.match(error.message, /ResourceNotFoundException/)
      assert.equal(error.attempts.length, 1)
    }))

  it('recovers from a credential provider that fails twice', () =>
    withProducer(
      {},
      [
        {
          operation: 'putRecords',
          kind: 'fail',
          times: 2,
          error: new ServiceError('PutRecords', 'CredentialsProviderError', 'no keys'),
        },
      ],
      async ({ producer }) => {
        const { attempts } = await producer.put(record(LOW, 'x'))
        assert.equal(attempts.length, 3)
      },
    ))

  it('halves a request that the service calls invalid, until the bad entry is alone', () =>
    withProducer({ aggregation: false }, [], async ({ service, client, producer }) => {
      client.putInstead = (input, options) => {
        if (input.Records.some(({ Data }) => Data.length === 3)) {
          throw new ServiceError('PutRecords', 'ValidationException', 'too odd')
        }
        return service.putRecords(input, options)
      }
      const puts = Array.from({ length: 9 }, (_, i) =>
        producer.put(record(LOW, i === 5 ? 'bad' : 'ok')).then(
          () => 'stored',
          (error: Error) => error.message,
        ),
      )
      const outcomes = await Promise.all(puts)
      assert.match(outcomes[5] ?? '', /ValidationException/)
      assert.equal(outcomes.filter((outcome) => outcome === 'stored').length, 8)
    }))

  it('finds every bad entry of many when the service names entries', () =>
    withProducer({ aggregation: false }, [], async ({ service, client, producer }) => {
      client.putInstead = (input, options) => {
        const at = input.Records.findIndex(({ Data }) => Data.length === 3)
        if (at < 0) return service.putRecords(input, options)
        throw new ServiceError('PutRecords', 'ValidationException', `'records.${at + 1}.member'`)
      }
      const puts = Array.from({ length: 64 }, (_, i) =>
        producer.put(record(LOW, i % 4 === 0 ? 'bad' : 'ok')).then(
          () => 'stored',
          () => 'failed',
        ),
      )
      const outcomes = await Promise.all(puts)
      assert.equal(outcomes.filter((outcome) => outcome === 'stored').length, 48)
    }))

  it('does not halve on and on what no part of the request is to blame for', () =>
    withProducer({ aggregation: false }, [], async ({ client, producer }) => {
      client.putInstead = async () => {
        await sleep(20)
        throw new ServiceError('PutRecords', 'InvalidArgumentException', 'no such ARN')
      }
      const errors = await Promise.all(
        Array.from({ length: 500 }, (_, i) => failure(producer.put(record(LOW, `${i}`)))),
      )
      assert.ok(client.requests.length <= 15, `${client.requests.length} calls`)
      assert.match(errors[499]?.message ?? '', /no such ARN/)
    }))

  it('tries again when the answer does not fit the request', () =>
    withProducer({}, [], async ({ service, client, producer }) => {
      client.putInstead = () => {
        client.putInstead = undefined
        return Promise.resolve({ FailedRecordCount: 0, Records: [] })
      }
      const { attempts } = await producer.put(record(LOW, 'x'))
      assert.equal(attempts[0]?.error?.code, 'Record Count Mismatch')
      assert.equal(service.records(STREAM).length, 1)
    }))

  for (const [what, answer] of [
    ['nothing', undefined],
    ['no list', { FailedRecordCount: 0 }],
    ['a list of nothing', { FailedRecordCount: 0, Records: [null] }],
    ['a list of odd entries', { FailedRecordCount: 0, Records: [{ ErrorCode: 7 }] }],
  ] as const) {
    it(`tries again when the answer holds ${what}`, () =>
      withProducer({ maxConnections: 1 }, [], async ({ client, producer }) => {
        client.putInstead = () => {
          client.putInstead = undefined
          return Promise.resolve(answer as unknown as kinesis.PutRecordsOutput)
        }
        const { attempts } = await producer.put(record(LOW, 'x'))
        assert.equal(attempts.length, 2)
      }))
  }

  it('takes an entry with an error code for a failure, whatever else it holds', () =>
    withProducer({}, [], async ({ client, producer }) => {
      client.putInstead = () => {
        client.putInstead = undefined
        return Promise.resolve({
          FailedRecordCount: 1,
          Records: [{ SequenceNumber: '', ShardId: '', ErrorCode: 'InternalFailure' }],
        })
      }
      const { attempts } = await producer.put(record(LOW, 'x'))
      assert.deepEqual(
        attempts.map(({ error }) => error?.code),
        ['InternalFailure', undefined],
      )
    }))

  it('tries again what a fault of ours kept from being sent or settled', () =>
    withProducer(
      {
        maxConnections: 1,
        random: {
          next: () => {
            if (--faults < 0) return 0.5
            throw new Error('a fault')
          },
          uuid: () => '',
        },
      },
      [],
      async ({ service, producer }) => {
        await producer.put(record(LOW, 'first of all the shard map is loaded'))
        service.injectFault({ operation: 'putRecords', kind: 'fail', times: 1 })
        faults = 1
        const { attempts } = await producer.put(record(LOW, 'x'))
        assert.deepEqual(
          attempts.map(({ error }) => error?.code),
          ['Error', undefined],
        )
      },
    ))

  it('spreads the second tries of a whole aggregate no further than one aggregate', () =>
    withProducer(
      {},
      [{ operation: 'putRecords', kind: 'fail', times: 1 }],
      async ({ service, producer }) => {
        await Promise.all(Array.from({ length: 100 }, (_, i) => producer.put(record(LOW, `${i}`))))
        await sleep(1)
        assert.equal(service.records(STREAM).length, 1)
      },
    ))
})
