import assert from 'node:assert/strict'
import { type kinesis, ServiceError } from '@millrace/core'
import { monotonicMs } from '@millrace/core/internal'
import { type Producer, UserRecordFailedError } from '@millrace/producer'
import { STREAM, withProducer } from './virtual-producer.ts'

const FATAL = [
  ['AccessDeniedException', 'User is not authorized to perform: kinesis:PutRecords'],
  ['UnrecognizedClientException', 'The security token included in the request is invalid.'],
  ['ResourceNotFoundException', 'Stream orders not found.'],
  ['KMSDisabledException', 'The key is disabled.'],
  ['KMSAccessDeniedException', 'The ciphertext refers to a key that does not exist.'],
  ['KMSNotFoundException', 'No such key.'],
  ['KMSOptInRequired', 'Not signed up.'],
  ['KMSInvalidStateException', 'The key is pending deletion.'],
  ['InvalidArgumentException', 'StreamARN is not of this region.'],
  ['ValidationException', '1 validation error detected.'],
] as const

async function failures(puts: readonly Promise<unknown>[]): Promise<UserRecordFailedError[]> {
  const outcomes = await Promise.allSettled(puts)
  return outcomes.map((outcome) => {
    assert.ok(outcome.status === 'rejected')
    assert.ok(outcome.reason instanceof UserRecordFailedError)
    return outcome.reason
  })
}

function putMany(producer: Producer, count: number): Promise<unknown>[] {
  return Array.from({ length: count }, (_, i) =>
    producer.put({ partitionKey: `k${i}`, data: Buffer.from(`${i}`) }),
  )
}

describe('an answer that no other try will change', () => {
  for (const [name, message] of FATAL) {
    for (const where of ['the call', 'each entry'] as const) {
      it(`${name} for ${where} fails within two attempts and names action and stream`, () =>
        withProducer(2, { aggregation: false }, async ({ client, producer }) => {
          client.putInstead = async ({ Records }) => {
            if (where === 'the call') throw new ServiceError('PutRecords', name, message)
            return {
              FailedRecordCount: Records.length,
              Records: Records.map(() => ({ ErrorCode: name, ErrorMessage: message })),
            }
          }
          const startMs = monotonicMs()
          for (const error of await failures(putMany(producer, 60))) {
            assert.ok(error.attempts.length <= 2, `${error.attempts.length} attempts`)
            assert.ok(error.message.includes('kinesis:PutRecords on stream orders'), error.message)
            assert.ok(error.message.includes(`${name}: ${message}`), error.message)
            assert.equal(error.retryable, false)
            assert.equal(error.stream, STREAM)
            assert.ok(error.hint.length > 20)
          }
          assert.ok(monotonicMs() - startMs < 1000)
          assert.ok(client.requests.length <= 6, `${client.requests.length} calls`)
          assert.equal(producer.outstandingRecords, 0)
        }))
    }
  }

  it('names the ARN where the stream is known by it', () =>
    withProducer(1, {}, async ({ service, client, producer }) => {
      const summary = await service.describeStreamSummary({ StreamName: STREAM })
      const stream = summary.StreamDescriptionSummary.StreamARN
      client.putInstead = () => {
        throw new ServiceError('PutRecords', 'AccessDeniedException', 'no')
      }
      const put = producer.put({ stream, partitionKey: 'k', data: Buffer.from('x') })
      const [error] = await failures([put])
      assert.ok(error?.message.includes(`kinesis:PutRecords on ${stream}: `), error?.message)
    }))

  it('is told by whoever asked for it: a put to another stream is not touched', () =>
    withProducer(1, {}, async ({ service, producer }) => {
      await service.createStream({ StreamName: 'other', ShardCount: 1 })
      service.injectFault({
        operation: 'putRecords',
        kind: 'fail',
        streamName: STREAM,
        times: Number.POSITIVE_INFINITY,
        error: new ServiceError('PutRecords', 'KMSDisabledException', 'The key is disabled.'),
      })
      const put = producer.put({ partitionKey: 'k', data: Buffer.from('x') })
      const other = producer.put({ stream: 'other', partitionKey: 'k', data: Buffer.from('x') })
      await failures([put])
      assert.equal((await other).attempts.length, 1)
    }))
})

describe('one entry of 500 that is refused', () => {
  const isBad = ({ Data }: kinesis.PutRecordsEntry): boolean => Buffer.from(Data).equals(BAD)
  const BAD = Buffer.from('123')

  for (const [how, named] of [
    ['alone', false],
    ['with the whole call', false],
    ['with the whole call, by its place', true],
  ] as const) {
    it(`${how}, fails alone`, () =>
      withProducer(
        1,
        { aggregation: false, rateLimitPercent: 1000 },
        async ({ service, client, producer }) => {
          await producer.put({ partitionKey: 'warm', data: Buffer.from('up') })
          client.putInstead = async (input, options) => {
            const at = input.Records.findIndex(isBad)
            if (at < 0) return service.putRecords(input, options)
            if (how !== 'alone') {
              const text = named ? `Value at 'records.${at + 1}.member.data'` : 'is not taken'
              throw new ServiceError('PutRecords', 'ValidationException', text)
            }
            const good = input.Records.filter((entry) => !isBad(entry))
            const { Records } = await service.putRecords({ ...input, Records: good }, options)
            const refused = { ErrorCode: 'ValidationException', ErrorMessage: 'is not taken' }
            return { FailedRecordCount: 1, Records: Records.toSpliced(at, 0, refused) }
          }
          const outcomes = await Promise.allSettled(putMany(producer, 500))
          const lost = outcomes.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))
          assert.deepEqual(lost, [123])
          assert.equal(service.records(STREAM).length, 1 + 499)
        },
      ))
  }
})

describe('an answer that may have come too late', () => {
  for (const [what, fault, code] of [
    ['a lost reply', { kind: 'lose-reply' }, 'ECONNRESET'],
    ['a failure of the service', { kind: 'fail' }, 'InternalFailure'],
    ['a reply after the time-out', { kind: 'delay', delayMs: 60_000 }, 'TimeoutError'],
  ] as const) {
    it(`counts as unknown: ${what} is tried again and says that it may be stored`, () =>
      withProducer(1, {}, async ({ service, producer }) => {
        service.injectFault({ operation: 'putRecords', times: 1, ...fault })
        const { attempts } = await producer.put({ partitionKey: 'k', data: Buffer.from('x') })
        assert.deepEqual(
          attempts.map(({ error }) => [error?.code, error?.mayBeStored]),
          [
            [code, true],
            [undefined, undefined],
          ],
        )
      }))
  }

  it('is not one where the service refused: a throttled try stored nothing', () =>
    withProducer(1, {}, async ({ service, producer }) => {
      service.injectFault({ operation: 'putRecords', kind: 'throttle', times: 1 })
      const { attempts } = await producer.put({ partitionKey: 'k', data: Buffer.from('x') })
      assert.equal(attempts[0]?.error?.mayBeStored, undefined)
    }))
})
