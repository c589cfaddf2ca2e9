import assert from 'node:assert/strict'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { UserRecordFailedError } from '@millrace/producer'
import { STREAM, withProducer } from './virtual-producer.ts'

const RECORD_TTL_MS = 1000
/** Above what the shard takes in all the time that the records below live. */
const LARGE_BYTES = 500_000
const data = Buffer.from('data')

describe('records that expire inside an aggregate', () => {
  it('do so each at its own age, by promise and by event', () =>
    withProducer(
      1,
      { rateLimitPercent: 10, recordTtlMs: RECORD_TTL_MS, recordMaxBufferedTimeMs: 100 },
      async ({ service, client, producer }) => {
        await producer.put({ partitionKey: 'large', data: new Uint8Array(LARGE_BYTES) })
        const ages: number[] = []
        const lost: string[] = []
        producer.on('failed', ({ partitionKey, data }, { attempts }) => {
          lost.push(`${partitionKey} ${Buffer.from(data)} ${attempts[0]?.delayMs}`)
        })
        const puts: Promise<void>[] = []
        for (let i = 0; i < 5; i++) {
          const startMs = monotonicMs()
          const data = Buffer.from(`data ${i}`)
          const put = producer.put({ partitionKey: `key ${i}`, data })
          puts.push(
            assert.rejects(put, (error: unknown) => {
              assert.ok(error instanceof UserRecordFailedError)
              assert.deepEqual(
                error.attempts.map(({ delayMs, error: cause }) => [delayMs, cause?.code]),
                [[RECORD_TTL_MS, 'Expired']],
              )
              ages.push(monotonicMs() - startMs)
              return true
            }),
          )
          assert.equal(producer.tryPut({ partitionKey: `event ${i}`, data }), true)
          await sleep(7)
        }
        const requests = client.requests.length
        await Promise.all(puts)
        assert.deepEqual(ages, Array(5).fill(RECORD_TTL_MS))
        assert.deepEqual(
          lost,
          Array.from({ length: 5 }, (_, i) => `event ${i} data ${i} ${RECORD_TTL_MS}`),
        )
        assert.equal(client.requests.length, requests, 'none of them was sent')
        assert.equal(producer.outstandingRecords, 0)
        assert.equal(producer.bufferedBytes, 0)
        assert.equal(service.records(STREAM).length, 1)
      },
    ))

  it('do so at their own age also when the request returns that outlived the oldest', () =>
    withProducer(
      1,
      { recordTtlMs: RECORD_TTL_MS, recordMaxBufferedTimeMs: 100 },
      async ({ client, producer }) => {
        await producer.put({ partitionKey: 'first of all the shard map is loaded', data })
        client.putInstead = async ({ Records }) => {
          await sleep(RECORD_TTL_MS - 50)
          const refused = { ErrorCode: 'ProvisionedThroughputExceededException' }
          return { FailedRecordCount: Records.length, Records: Records.map(() => refused) }
        }
        const before = client.requests.length
        const startMs = monotonicMs()
        const ageAtEnd = (partitionKey: string): Promise<number> => {
          const putMs = monotonicMs()
          return producer.put({ partitionKey, data }).then(
            () => assert.fail('stored'),
            () => monotonicMs() - putMs,
          )
        }
        const older = [ageAtEnd('a'), ageAtEnd('b')]
        await sleep(90)
        const younger = [ageAtEnd('c'), ageAtEnd('d')]
        const ages = await Promise.all(older)
        assert.ok(ages.every((age) => age > RECORD_TTL_MS))
        assert.ok(monotonicMs() - startMs < RECORD_TTL_MS + 90, 'c and d live when it is refused')
        assert.deepEqual(await Promise.all(younger), [RECORD_TTL_MS, RECORD_TTL_MS])
        assert.equal(client.requests.length - before, 1, 'nothing was sent after its age')
      },
    ))
})
