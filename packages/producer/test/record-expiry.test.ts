import assert from 'node:assert/strict'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { UserRecordFailedError } from '@millrace/producer'
import { STREAM, withProducer } from './virtual-producer.ts'

const RECORD_TTL_MS = 1000
/** Above what the shard takes in all the time that the records below live. */
const LARGE_BYTES = 500_000

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
})
