import assert from 'node:assert/strict'
import { ServiceError } from '@millrace/core'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { Producer } from '@millrace/producer'
import { runInVirtualTime, SimulatedKinesis } from '@millrace/testing'
import { collectingLogger } from './collecting-logger.ts'
import { RecordingClient } from './recording-client.ts'
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

describe('what the log says of a shard map that cannot be loaded', () => {
  for (const [what, fault, text, withinMs] of [
    [
      'the policy denies it',
      { kind: 'fail', error: new ServiceError('ListShards', 'AccessDeniedException', 'no') },
      /kinesis:ListShards on stream orders is not allowed by the policy/,
      300,
    ],
    ['it is throttled', { kind: 'throttle' }, /kinesis:ListShards on stream orders failed/, 5300],
    [
      'it is never answered',
      { kind: 'delay', delayMs: Number.POSITIVE_INFINITY },
      /kinesis:ListShards on stream orders has not been answered for 5000 ms/,
      5300,
    ],
  ] as const) {
    it(`is one warning when ${what}; records go out alone after 5 s at most`, () =>
      runInVirtualTime(async () => {
        const service = new SimulatedKinesis()
        await service.createStream({ StreamName: STREAM, ShardCount: 2 })
        service.injectFault({ operation: 'listShards', times: Number.POSITIVE_INFINITY, ...fault })
        const { logger, warnings, errors } = collectingLogger()
        const producer = new Producer({ stream: STREAM, client: service, logger })
        const startMs = monotonicMs()
        await putAll(producer, 50, 'x')
        assert.ok(monotonicMs() - startMs < withinMs, `${monotonicMs() - startMs} ms`)
        assert.equal(service.records(STREAM).length, 50)
        for (let i = 0; i < 30; i++) {
          await putAll(producer, 1, `later${i}-`)
          await sleep(4000)
        }
        assert.equal(warnings.length, 1, warnings.join())
        assert.match(warnings[0] ?? '', text)
        assert.match(warnings[0] ?? '', /records travel alone/)
        assert.deepEqual(errors, [])
        await producer.close()
      }))
  }

  it('is said again only after a map was there in between', () =>
    runInVirtualTime(async () => {
      const service = new SimulatedKinesis()
      await service.createStream({ StreamName: STREAM, ShardCount: 1 })
      const { logger, warnings } = collectingLogger()
      const producer = new Producer({ stream: STREAM, client: service, logger })
      service.injectFault({ operation: 'listShards', kind: 'throttle', times: 4 })
      for (let i = 0; i < 20; i++) {
        await putAll(producer, 1, `a${i}-`)
        await sleep(2000)
      }
      assert.equal(warnings.length, 1)
      await service.splitShard({
        StreamName: STREAM,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: (1n << 127n).toString(),
      })
      service.injectFault({ operation: 'listShards', kind: 'throttle', times: 4 })
      for (let i = 0; i < 20; i++) {
        await putAll(producer, 2, `b${i}-`)
        await sleep(2000)
      }
      assert.equal(warnings.length, 2)
      await producer.close()
    }))
})

describe('the listing of shards', () => {
  it('is read page by page, and once for all records of a stream', () =>
    runInVirtualTime(async () => {
      const service = new SimulatedKinesis({ listShardsPageSize: 3, limits: false })
      await service.createStream({ StreamName: STREAM, ShardCount: 10 })
      const client = new RecordingClient(service)
      const producer = new Producer({ stream: STREAM, client, logger: false })
      for (let i = 0; i < 20; i++) assertReadable(service, await putAll(producer, 100, `w${i}-`))
      assert.equal(client.listings.length, 4)
      assert.ok(service.records(STREAM).length <= 200)
      await producer.close()
    }))

  it('is asked for by producers that see one reshard at different times', () =>
    runInVirtualTime(async () => {
      const service = new SimulatedKinesis({ limits: false })
      await service.createStream({ StreamName: STREAM, ShardCount: 1 })
      const clients = Array.from({ length: 40 }, () => new RecordingClient(service))
      const producers = clients.map(
        (client) => new Producer({ stream: STREAM, client, logger: false }),
      )
      await Promise.all(producers.map((producer) => putAll(producer, 2, 'warm')))
      await service.splitShard({
        StreamName: STREAM,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: (1n << 127n).toString(),
      })
      await sleep(10_000)
      await Promise.all(producers.map((producer) => putAll(producer, 20, 'x')))
      const seconds = clients.map(({ listings }) => listings[1] ?? 0)
      const spreadMs = Math.max(...seconds) - Math.min(...seconds)
      assert.ok(spreadMs > 100, `${spreadMs} ms`)
      assert.ok(spreadMs <= 300, `${spreadMs} ms`)
      await Promise.all(producers.map((producer) => producer.close()))
    }))

  it('is asked for again by what was sent while it was on its way, and is not in it', () =>
    withProducer(2, {}, async ({ service, client, producer }) => {
      const quarter = 1n << 126n
      const splitAt = (shard: number, at: bigint) =>
        service.splitShard({
          StreamName: STREAM,
          ShardToSplit: `shardId-00000000000${shard}`,
          NewStartingHashKey: at.toString(),
        })
      const putAround = (at: bigint) =>
        [at - 1n, at].map((key) =>
          producer.put({
            partitionKey: 'k',
            explicitHashKey: key.toString(),
            data: new Uint8Array(1),
          }),
        )
      await putAll(producer, 10, 'warm')
      const listed = new Promise<void>((resolve) => {
        client.listShards = async (input, options) => {
          const page = await service.listShards(input, options)
          resolve()
          await sleep(1000)
          return page
        }
      })
      await splitAt(0, quarter)
      const first = putAround(quarter)
      await listed
      await sleep(850)
      await splitAt(1, 3n * quarter)
      client.putInstead = async (input, options) => {
        const answer = await service.putRecords(input, options)
        await sleep(300)
        return answer
      }
      const sentMs = monotonicMs()
      const second = putAround(3n * quarter)
      await producer.flush()
      await Promise.all([...first, ...second])
      // Waiting out the time that a place may be judged in, 5 s, would be the way without.
      assert.ok(monotonicMs() - sentMs < 4000, `${monotonicMs() - sentMs} ms`)
    }))

  it('stays under once a second, and spread, while it is throttled for 5 minutes (R57)', () =>
    runInVirtualTime(async () => {
      const service = new SimulatedKinesis({ limits: false })
      await service.createStream({ StreamName: STREAM, ShardCount: 1 })
      service.injectFault({ operation: 'listShards', kind: 'throttle', times: 100_000 })
      const clients = Array.from({ length: 30 }, () => new RecordingClient(service))
      const producers = clients.map(
        (client) => new Producer({ stream: STREAM, client, logger: false }),
      )
      const startMs = monotonicMs()
      const feed = async (producer: Producer, i: number): Promise<void> => {
        await sleep(i * 97)
        for (let n = 0; n < 100; n++) {
          await putAll(producer, 1, `${n}-`)
          await sleep(2900)
        }
      }
      await Promise.all(producers.map(feed))
      const perSecond = new Map<number, number>()
      for (const { listings } of clients) {
        const gaps = listings.slice(1).map((atMs, i) => atMs - (listings[i] ?? 0))
        assert.ok(Math.min(...gaps) >= 1000, `${Math.min(...gaps)} ms`)
        for (const atMs of listings) {
          if (atMs < startMs + 30_000) continue
          const second = Math.floor(atMs / 1000)
          perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
        }
      }
      const most = Math.max(...perSecond.values())
      assert.ok(most > 0 && most <= 15, `${most} of 30 in one second`)
      await Promise.all(producers.map((producer) => producer.close()))
    }))
})
