import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sleep } from '@millrace/core/internal'
import { BufferFullError, Producer, type ProducerOptions } from '@millrace/producer'
import { runInVirtualTime, SimulatedKinesis } from '@millrace/testing'
import { RecordingClient } from './recording-client.ts'
import { storedUserRecords } from './stored-records.ts'

const STREAM = 'orders'
const KIB = 1024

interface Setting {
  readonly service: SimulatedKinesis
  readonly client: RecordingClient
  readonly producer: Producer
}

function withProducer(
  options: ProducerOptions,
  body: (setting: Setting) => Promise<void>,
): Promise<void> {
  return runInVirtualTime(async () => {
    const service = new SimulatedKinesis()
    await service.createStream({ StreamName: STREAM, ShardCount: 1 })
    const client = new RecordingClient(service)
    const producer = new Producer({ stream: STREAM, client, logger: false, ...options })
    await body({ service, client, producer })
    await producer.close()
  })
}

function record(i: number, size = 10) {
  return { partitionKey: `k${i}`, data: new Uint8Array(size) }
}

describe('the bounds of the buffer', () => {
  it('tryPut() says false without accepting, and "drain" says when to go on', () =>
    withProducer({ maxOutstandingRecords: 100 }, async ({ service, producer }) => {
      let drains = 0
      producer.on('drain', () => drains++)
      let accepted = 0
      while (producer.tryPut(record(accepted))) accepted++
      assert.equal(accepted, 100)
      assert.equal(producer.outstandingRecords, 100)
      await sleep(500)
      assert.equal(drains, 1)
      assert.equal(producer.tryPut(record(accepted)), true)
      await producer.flush()
      assert.equal(storedUserRecords(service, STREAM).length, 101)
    }))

  it('counts bytes of data and partition key', () =>
    withProducer(
      { maxBufferedBytes: 100 * KIB, maxRecordBytes: 60 * KIB },
      async ({ producer }) => {
        assert.equal(producer.tryPut(record(1, 60 * KIB - 2)), true)
        assert.equal(producer.tryPut(record(2, 40 * KIB - 1)), false)
        assert.equal(producer.tryPut(record(2, 40 * KIB - 2)), true)
        assert.equal(producer.tryPut(record(3, 0)), false)
      },
    ))

  it('put() waits for room and is served in order', () =>
    withProducer({ maxOutstandingRecords: 3 }, async ({ producer }) => {
      const order: number[] = []
      let most = 0
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          await producer.put(record(i))
          most = Math.max(most, producer.outstandingRecords)
          order.push(i)
        }),
      )
      assert.deepEqual(
        order,
        Array.from({ length: 50 }, (_, i) => i),
      )
      assert.ok(most <= 3)
    }))

  it('tryPut() does not overtake a put() that waits', () =>
    withProducer(
      { maxBufferedBytes: 100 * KIB, maxRecordBytes: 60 * KIB },
      async ({ producer }) => {
        const puts = [producer.put(record(1, 50 * KIB)), producer.put(record(2, 59 * KIB))]
        assert.equal(producer.tryPut(record(3)), false)
        await Promise.all(puts)
        assert.equal(producer.tryPut(record(3)), true)
      },
    ))

  it('rejects one put() more than may wait', () =>
    withProducer({ maxOutstandingRecords: 2, maxWaitingPuts: 3 }, async ({ producer }) => {
      const puts = Array.from({ length: 5 }, (_, i) => producer.put(record(i)))
      await assert.rejects(producer.put(record(6)), (error) => {
        assert.ok(error instanceof BufferFullError)
        assert.equal(error.code, 'ERR_KINESIS_BUFFER_FULL')
        assert.equal(error.waitingPuts, 3)
        return true
      })
      await Promise.all(puts)
    }))

  it('stays bounded for minutes of far more than the shard takes, and every record settles', () =>
    withProducer(
      { maxBufferedBytes: 4 * 1024 * KIB, maxOutstandingRecords: 500 },
      async ({ service, client, producer }) => {
        let most = 0
        let outcomes = 0
        let failures = 0
        const writer = async (id: number): Promise<void> => {
          for (let i = 0; i < 15; i++) {
            await producer
              .put({ partitionKey: `w${id}`, data: new Uint8Array(40 * KIB) })
              .catch(() => {
                failures++
              })
            outcomes++
            most = Math.max(most, producer.outstandingRecords)
          }
        }
        await Promise.all(Array.from({ length: 200 }, (_, id) => writer(id)))
        assert.equal(outcomes, 200 * 15)
        assert.equal(failures, 0)
        assert.ok(most <= (4 * 1024) / 40, `${most}`)
        // 120 MB at 1 MiB/s.
        const spentMs = (client.requests.at(-1)?.atMs ?? 0) - (client.requests[0]?.atMs ?? 0)
        assert.ok(spentMs > 110_000, `${spentMs}`)
        assert.ok(spentMs < 130_000, `${spentMs}`)
        assert.equal(service.streamNames().length, 1)
      },
    ))
})

describe('writable()', () => {
  it('takes a stream of records to its end, holding back while the buffer is full', () =>
    withProducer({ maxOutstandingRecords: 40 }, async ({ service, producer }) => {
      let most = 0
      function* source(): Generator<{ partitionKey: string; data: Uint8Array }> {
        for (let i = 0; i < 1000; i++) {
          most = Math.max(most, producer.outstandingRecords)
          yield record(i)
        }
      }
      await pipeline(Readable.from(source()), producer.writable())
      assert.equal(storedUserRecords(service, STREAM).length, 1000)
      assert.equal(producer.outstandingRecords, 0)
      assert.ok(most <= 40)
    }))

  it('is destroyed with the error of a record that fails for good', () =>
    withProducer({ failIfThrottled: true }, async ({ service, producer }) => {
      service.injectFault({ operation: 'putRecords', kind: 'throttle', times: 1 })
      await assert.rejects(pipeline(Readable.from([record(1)]), producer.writable()), {
        code: 'ERR_KINESIS_USER_RECORD_FAILED',
      })
    }))

  it('is destroyed by a record that is wrong', () =>
    withProducer({}, async ({ producer }) => {
      const wrong = [record(1), { partitionKey: '', data: new Uint8Array(1) }]
      await assert.rejects(pipeline(Readable.from(wrong), producer.writable()), {
        code: 'ERR_KINESIS_INVALID_RECORD',
      })
    }))
})

describe('the shard limit of the producer', () => {
  it('never sends what expired while it waited', () =>
    withProducer(
      { rateLimitPercent: 1, recordTtlMs: 1000, recordMaxBufferedTimeMs: 600 },
      async ({ service, producer }) => {
        const outcomes: Promise<string>[] = []
        const put = (name: string, size: number): void => {
          const stored = producer.put({ partitionKey: name, data: new Uint8Array(size) })
          outcomes.push(
            stored.then(
              () => name,
              () => 'expired',
            ),
          )
        }
        put('first', 14_500)
        await sleep(700)
        put('early', 300)
        await sleep(300)
        put('late', 300)
        assert.deepEqual(await Promise.all(outcomes), ['first', 'expired', 'late'])
        const stored = storedUserRecords(service, STREAM)
        assert.deepEqual(
          stored.map(({ partitionKey, aggregated }) => [partitionKey, aggregated]),
          [
            ['first', false],
            ['late', false],
          ],
        )
      },
    ))

  it('at 100 percent uses the shard to 90 % or more and is never throttled', () =>
    withProducer({ rateLimitPercent: 100, recordTtlMs: 120_000 }, async ({ client, producer }) => {
      let throttled = 0
      producer.on('throttled', () => throttled++)
      const puts = Array.from({ length: 800 }, (_, i) => producer.put(record(i, 50_000)))
      await Promise.all(puts)
      const first = client.requests[0]?.atMs ?? 0
      const spentSeconds = ((client.requests.at(-1)?.atMs ?? 0) - first) / 1000
      const rate = (800 * 50_000) / spentSeconds / (KIB * KIB)
      assert.ok(rate >= 0.9 && rate <= 1.05, `${rate} MiB/s`)
      assert.equal(throttled, 0)
    }))
})
