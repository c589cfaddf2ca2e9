import assert from 'node:assert/strict'
import { ServiceError } from '@millrace/core'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { assertReadable, putAll, STREAM, withProducer } from './virtual-producer.ts'

describe('the description of the stream', () => {
  for (const [what, delayMs] of [
    ['is slow', 8000],
    ['never comes', Number.POSITIVE_INFINITY],
  ] as const) {
    it(`does not keep the map waiting when it ${what}`, () =>
      withProducer(2, {}, async ({ service, producer }) => {
        service.injectFault({
          operation: 'describeStreamSummary',
          kind: 'delay',
          delayMs,
          times: Number.POSITIVE_INFINITY,
        })
        const startMs = monotonicMs()
        await putAll(producer, 100, 'x')
        assert.equal(service.records(STREAM).length, 2)
        assert.ok(monotonicMs() - startMs < 500)
      }))
  }

  it('counts when it comes after the map', () =>
    withProducer(2, {}, async ({ service, client, producer }) => {
      client.describeStreamSummary = async (input, options) => {
        await sleep(3000)
        const { StreamDescriptionSummary } = await service.describeStreamSummary(input, options)
        return {
          StreamDescriptionSummary: {
            ...StreamDescriptionSummary,
            RecordDistributionStrategy: 'AUTO',
          },
        }
      }
      await putAll(producer, 50, 'x')
      assert.equal(service.records(STREAM).length, 2)
      await sleep(4000)
      await putAll(producer, 50, 'x')
      assert.equal(service.records(STREAM).length, 52)
    }))
})

describe('a stream that does not exist', () => {
  it('is not listed while no record is outstanding, and keeps no timer', () =>
    withProducer(2, {}, async ({ client, producer, time }) => {
      await assert.rejects(
        producer.put({ stream: 'typo', partitionKey: 'k', data: Buffer.from('x') }),
      )
      await sleep(100)
      assert.equal(time.waitingEvents(), 0)
      assert.ok(client.listings.length <= 2)
    }))

  it('is listed again for the next record, once it exists', () =>
    withProducer(2, {}, async ({ service, producer }) => {
      const put = () => producer.put({ stream: 'soon', partitionKey: 'k', data: Buffer.from('x') })
      await assert.rejects(put())
      await sleep(60_000)
      await service.createStream({ StreamName: 'soon', ShardCount: 1 })
      await put()
      await sleep(1000)
      const records = service.records('soon').length
      await Promise.all(Array.from({ length: 20 }, put))
      assert.equal(service.records('soon').length, records + 1)
    }))
})

describe('without a shard map', () => {
  it('holds records while the first map loads, then aggregates them', () =>
    withProducer(2, {}, async ({ service, producer }) => {
      service.injectFault({ operation: 'listShards', kind: 'delay', delayMs: 2000 })
      const acked = await putAll(producer, 100, 'x')
      assert.equal(service.records(STREAM).length, 2)
      assertReadable(service, acked)
    }))

  it('sends records alone while their TTL still allows it', () =>
    withProducer(2, { recordTtlMs: 2000 }, async ({ service, producer }) => {
      service.injectFault({ operation: 'listShards', kind: 'delay', delayMs: 3000 })
      const acked = await putAll(producer, 20, 'x')
      assertReadable(service, acked)
    }))

  it('sends records alone after 5 s without one', () =>
    withProducer(2, {}, async ({ service, producer }) => {
      service.injectFault({ operation: 'listShards', kind: 'throttle', times: 1000 })
      const startMs = monotonicMs()
      await putAll(producer, 100, 'x')
      assert.equal(service.records(STREAM).length, 100)
      assert.ok(monotonicMs() - startMs < 5300)
    }))

  it('does not wait for what the policy denies, and says so once', () =>
    withProducer(2, {}, async ({ service, producer }) => {
      const told: Error[] = []
      producer.on('error', (error) => told.push(error))
      service.injectFault({
        operation: 'listShards',
        kind: 'fail',
        times: 1000,
        error: new ServiceError('ListShards', 'AccessDeniedException', 'no'),
      })
      const startMs = monotonicMs()
      await putAll(producer, 20, 'x')
      assert.ok(monotonicMs() - startMs < 300)
      await sleep(60_000)
      assert.equal(told.length, 1)
    }))

  it('asks for one less than once a second while it is refused', () =>
    withProducer(2, {}, async ({ service, client, producer }) => {
      service.injectFault({ operation: 'listShards', kind: 'throttle', times: 10_000 })
      for (let i = 0; i < 300; i++) {
        await putAll(producer, 1, 'x')
        await sleep(1000)
      }
      assert.ok(client.listings.length > 5)
      const gaps = client.listings.slice(1).map((atMs, i) => atMs - (client.listings[i] ?? 0))
      assert.ok(Math.min(...gaps) >= 1000, `${Math.min(...gaps)} ms`)
    }))

  it('predicts nothing on a stream that places records by itself', () =>
    withProducer(2, {}, async ({ service, client, producer }) => {
      const describeStreamSummary = client.describeStreamSummary.bind(client)
      client.describeStreamSummary = async (input, options) => {
        const { StreamDescriptionSummary } = await describeStreamSummary(input, options)
        return {
          StreamDescriptionSummary: {
            ...StreamDescriptionSummary,
            RecordDistributionStrategy: 'AUTO',
          },
        }
      }
      await putAll(producer, 50, 'x')
      assert.equal(service.records(STREAM).length, 50)
    }))
})
