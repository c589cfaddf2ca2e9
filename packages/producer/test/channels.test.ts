import assert from 'node:assert/strict'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import {
  PRODUCER_CHANNELS,
  type RecordSettleMessage,
  type RequestEndMessage,
  type RequestStartMessage,
} from '@millrace/producer'
import { putAll, STREAM, withProducer } from './virtual-producer.ts'

const SHARD = 'shardId-000000000000'
const SECRET = 'a secret'

interface Told {
  readonly starts: RequestStartMessage[]
  readonly ends: RequestEndMessage[]
  readonly settled: RecordSettleMessage[]
}

/** Runs `body` while somebody listens to all channels. */
async function listening(body: (told: Told) => Promise<void>): Promise<void> {
  const told: Told = { starts: [], ends: [], settled: [] }
  const listeners = [
    [PRODUCER_CHANNELS.requestStart, told.starts],
    [PRODUCER_CHANNELS.requestEnd, told.ends],
    [PRODUCER_CHANNELS.recordSettle, told.settled],
  ] as const
  const running = listeners.map(([name, list]) => {
    const listener = (message: unknown): void => void (list as unknown[]).push(message)
    subscribe(name, listener)
    return () => unsubscribe(name, listener)
  })
  try {
    await body(told)
  } finally {
    for (const stop of running) stop()
  }
}

describe('the diagnostics channels of the producer', () => {
  it('have names of their own, which stay', () => {
    assert.deepEqual(PRODUCER_CHANNELS, {
      requestStart: 'millrace:producer:request:start',
      requestEnd: 'millrace:producer:request:end',
      recordSettle: 'millrace:producer:record:settle',
    })
  })

  it('tell of each request, when it begins and how it ended', () =>
    listening(({ starts, ends }) =>
      withProducer(1, {}, async ({ service, client, producer }) => {
        service.injectFault({ operation: 'putRecords', kind: 'throttle', shardId: SHARD })
        service.injectFault({ operation: 'putRecords', kind: 'fail' })
        await putAll(producer, 10, 'a')
        assert.equal(starts.length, client.requests.length)
        assert.equal(new Set(starts.map(({ requestId }) => requestId)).size, starts.length)
        for (const [i, start] of starts.entries()) {
          const { input } = client.requests[i] ?? assert.fail()
          assert.equal(start.stream, STREAM)
          assert.equal(start.userRecords, 10)
          assert.equal(start.kinesisRecords, input.Records.length)
          const bytes = input.Records.reduce((sum, { Data }) => sum + Data.length, 0)
          assert.equal(start.dataBytes, bytes)
          assert.equal(ends[i]?.requestId, start.requestId)
        }
        const outcomes = ends.map(({ refusedRecords, errorCode }) => errorCode ?? refusedRecords)
        assert.deepEqual(outcomes.sort(), [0, 1, 'InternalFailure'])
      }),
    ))

  it('tell how long a request took', () =>
    listening(({ ends }) =>
      withProducer(1, {}, async ({ client, producer }) => {
        client.putInstead = async (input) => {
          client.putInstead = undefined
          await sleep(300)
          return client.putRecords(input)
        }
        await putAll(producer, 1, 'a')
        assert.equal(ends[0]?.durationMs, 300)
      }),
    ))

  it('tell where each record was stored, after how many attempts', () =>
    listening(({ settled }) =>
      withProducer(1, {}, async ({ service, producer }) => {
        service.injectFault({ operation: 'putRecords', kind: 'throttle', shardId: SHARD })
        const results = [...(await putAll(producer, 3, 'a')).values()]
        assert.deepEqual(
          settled.map(({ shardId, sequenceNumber, subSequenceNumber, attempts }) => ({
            shardId,
            sequenceNumber,
            subSequenceNumber,
            attempts,
          })),
          results.map((result) => ({ ...result, attempts: result.attempts.length })),
        )
        for (const [i, { dataBytes, ageMs, errorCode }] of settled.entries()) {
          const { attempts } = results[i] ?? assert.fail()
          const took = attempts.reduce((sum, a) => sum + a.delayMs + a.durationMs, 0)
          assert.deepEqual([dataBytes, ageMs, errorCode], [2, took, undefined])
        }
      }),
    ))

  it('tell why a record failed', () =>
    listening(({ settled }) =>
      withProducer(1, { recordTtlMs: 1000 }, async ({ service, producer }) => {
        await putAll(producer, 1, 'a')
        const times = 1000
        service.injectFault({ operation: 'putRecords', kind: 'throttle', shardId: SHARD, times })
        const put = producer.put({ partitionKey: 'k', data: new Uint8Array(5) })
        await assert.rejects(put)
        const failed = settled.at(-1) ?? assert.fail()
        assert.equal(failed.errorCode, 'Expired')
        assert.equal(failed.shardId, SHARD)
        assert.ok(failed.attempts > 1)
        assert.equal(failed.dataBytes, 5)
        assert.ok(failed.ageMs >= 1000)
        assert.equal(settled.length, 2)
      }),
    ))

  it('tell each outcome once, also of records that were dropped', () =>
    listening(({ settled }) =>
      withProducer(1, {}, async ({ producer }) => {
        for (let i = 0; i < 20; i++) producer.tryPut({ partitionKey: 'k', data: new Uint8Array(1) })
        producer.destroy()
        await sleep(1000)
        assert.equal(settled.length, 20)
        assert.ok(settled.every(({ errorCode }) => errorCode === 'Closed'))
      }),
    ))

  it('may be used to destroy the producer: what is stored is told so, once', () =>
    listening(({ settled }) =>
      withProducer(1, {}, async ({ client, service, producer }) => {
        await putAll(producer, 1, 'the shard map is loaded')
        service.injectFault({ operation: 'putRecords', kind: 'throttle', shardId: SHARD })
        const retried = producer.put({ partitionKey: 'k', data: Buffer.from('retried') })
        void producer.flush()
        await sleep(1)
        assert.equal(client.requests.length, 2)
        const puts = Array.from({ length: 10 }, (_, i) =>
          producer.put({ partitionKey: `k${i}`, data: Buffer.from(`${i}`) }),
        )
        const destroy = (): void => {
          if (settled.length === 5) producer.destroy()
        }
        subscribe(PRODUCER_CHANNELS.recordSettle, destroy)
        try {
          await Promise.all(puts)
        } finally {
          unsubscribe(PRODUCER_CHANNELS.recordSettle, destroy)
        }
        await Promise.allSettled([retried])
        assert.equal(settled.length, 12)
        assert.equal(producer.outstandingRecords, 0)
        assert.equal(producer.bufferedBytes, 0)
      }),
    ))

  it('carry no data, no keys and no messages of the service', () =>
    listening((told) =>
      withProducer(1, { recordTtlMs: 1000 }, async ({ client, producer }) => {
        await producer.put({ partitionKey: SECRET, data: Buffer.from(SECRET) })
        client.putInstead = () =>
          Promise.reject(new ServiceError('PutRecords', 'ValidationException', `not ${SECRET}`))
        const put = producer.put({ partitionKey: SECRET, data: Buffer.from(SECRET) })
        await assert.rejects(put)
        assert.equal(told.settled.length, 2)
        assert.ok(told.ends.some(({ errorCode }) => errorCode === 'ValidationException'))
        const text = JSON.stringify(told)
        assert.ok(!text.includes(SECRET))
        assert.ok(!text.includes(Buffer.from(SECRET).toString('base64')))
      }),
    ))

  it('are silent, and publish is not even called, while nobody listens', async () => {
    const channels = Object.values(PRODUCER_CHANNELS).map((name) => channel(name))
    let published = 0
    for (const each of channels) {
      each.publish = () => {
        published++
      }
    }
    try {
      await withProducer(1, {}, async ({ producer }) => {
        await putAll(producer, 10, 'a')
      })
    } finally {
      for (const each of channels) Reflect.deleteProperty(each, 'publish')
    }
    assert.equal(published, 0)
  })
})
