import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime, type VirtualTime } from '@millrace/testing'
import type { ConsumerOptions } from '../../src/options.ts'
import type { RecordBatch } from '../../src/record.ts'
import type { Handler } from '../../src/record-processor.ts'
import { type ServedShard, ShardWorld, through, utf8 } from '../shard-fixture.ts'

interface Seen {
  readonly texts: readonly string[]
  readonly atMs: number
  readonly batch: RecordBatch<string>
}

interface Window {
  readonly world: ShardWorld
  readonly time: VirtualTime
  readonly seen: Seen[]
  serve(options: Partial<ConsumerOptions<string>>): ServedShard
  texts(): (readonly string[])[]
}

function inWindow(body: (window: Window) => Promise<void>): Promise<void> {
  return runInVirtualTime(async (time) => {
    const world = await new ShardWorld({ limits: false }).create()
    const seen: Seen[] = []
    const handler: Handler<string> = {
      eachBatch: (batch) => {
        const texts = batch.records.map(({ data }) => data)
        seen.push({ texts, atMs: time.elapsedMs(), batch })
      },
    }
    await body({
      world,
      time,
      seen,
      serve: (options) =>
        world.serve(handler, {
          options: {
            retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 200 },
            ...options,
          },
        }),
      texts: () => seen.map(({ texts }) => texts),
    })
  })
}

async function stop(served: ServedShard): Promise<void> {
  served.consumer.requestStop()
  assert.equal(await served.done, 'stopped')
}

describe('maxBatchWaitMs', () => {
  it('holds records across pages until there are maxRecordsPerBatch', () =>
    inWindow(async ({ world, serve, texts }) => {
      const served = serve({ maxBatchWaitMs: 60_000, maxRecordsPerBatch: 4 })
      for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) {
        await world.put(text)
        await sleep(500)
      }
      assert.deepEqual(texts(), [['a', 'b', 'c', 'd']])
      await world.put('g', 'h', 'i')
      await sleep(500)
      assert.deepEqual(texts(), [
        ['a', 'b', 'c', 'd'],
        ['e', 'f', 'g', 'h'],
      ])
      await stop(served)
    }))

  it('hands on what there is once the first record was held for so long, and not later', () =>
    inWindow(async ({ world, time, serve, seen, texts }) => {
      const served = serve({ maxBatchWaitMs: 3000 })
      await sleep(1000)
      await world.put('a')
      const putMs = time.elapsedMs()
      await sleep(1000)
      await world.put('b')
      await sleep(5000)
      await world.put('c')
      await sleep(4000)
      assert.deepEqual(texts(), [['a', 'b'], ['c']])
      const heldMs = (seen[0]?.atMs ?? 0) - putMs
      // From the page that brought it: up to 200 ms after it was put.
      assert.ok(heldMs >= 3000 && heldMs <= 3210, `${heldMs}`)
      await stop(served)
    }))

  it('does not let a page that comes at the deadline postpone it', () =>
    inWindow(async ({ world, serve, texts }) => {
      const served = serve({ maxBatchWaitMs: 1000 })
      for (let i = 0; i < 30; i++) {
        await world.put(`r${i}`)
        await sleep(100)
      }
      await sleep(2000)
      assert.ok(texts().length >= 3)
      assert.deepEqual(texts().flat().length, 30)
      await stop(served)
    }))

  it('holds nothing back at the end of the shard, and says so', () =>
    inWindow(async ({ world, time, serve, seen, texts }) => {
      await world.put('a', 'b')
      const served = serve({ maxBatchWaitMs: 300_000 })
      await sleep(5000)
      assert.deepEqual(texts(), [])
      await world.split()
      assert.equal(await served.done, 'shard-ended')
      assert.deepEqual(texts(), [['a', 'b']])
      assert.ok((seen[0]?.atMs ?? 0) < 10_000)
      assert.ok(time.elapsedMs() < 10_000)
    }))

  it('holds nothing back either at an end that is known only later', () =>
    inWindow(async ({ world, seen, texts }) => {
      await world.put('a', 'b')
      const kinesis = through(world, {
        getRecords: async (input, options) => {
          const { ChildShards: _, ...page } = await world.service.getRecords(input, options)
          return page
        },
      })
      const served = world.serve(
        {
          eachBatch: (batch) => {
            seen.push({ texts: batch.records.map(({ data }) => data), atMs: 0, batch })
          },
        },
        { kinesis, options: { maxBatchWaitMs: 300_000 } },
      )
      await sleep(1000)
      await world.split()
      assert.equal(await served.done, 'shard-ended')
      assert.deepEqual(texts(), [['a', 'b']])
    }))

  it('is over when so many bytes are held', () =>
    inWindow(async ({ world, serve, texts }) => {
      const retrieval = { mode: 'polling', maxPendingBytes: 30, maxRecords: 1 } as const
      const served = serve({ maxBatchWaitMs: 60_000, retrieval })
      await world.put('a'.repeat(20), 'b'.repeat(20), 'c'.repeat(20))
      await sleep(5000)
      assert.deepEqual(
        texts().map((batch) => batch.length),
        [2],
      )
      await stop(served)
    }))

  it('leaves what is held to the next owner when the shard is given away (S4)', () =>
    inWindow(async ({ world, time, serve, texts }) => {
      await world.put('a')
      const served = serve({ maxBatchWaitMs: 60_000 })
      await sleep(5000)
      const askedMs = time.elapsedMs()
      await stop(served)
      assert.ok(time.elapsedMs() - askedMs < 100)
      assert.deepEqual(texts(), [])
      assert.deepEqual(served.tenure.checkpoints, [])
      assert.equal(time.waitingEvents(), 0)
    }))

  it('ends before a value that does not decode, which is told of on its own', () =>
    inWindow(async ({ world, serve, texts }) => {
      const codec = {
        ...utf8,
        decode: (data: Uint8Array): string => {
          if (utf8.decode(data) === 'bad') throw new Error('refused')
          return utf8.decode(data)
        },
      }
      const served = serve({ maxBatchWaitMs: 2000, codec, onHandlerError: 'skip' })
      await world.put('a', 'bad', 'b')
      await sleep(1000)
      assert.deepEqual(texts(), [['a']])
      await sleep(3000)
      assert.deepEqual(texts(), [['a'], ['b']])
      await stop(served)
    }))

  it('waits on while the shard is paused', () =>
    inWindow(async ({ world, serve, texts }) => {
      const served = serve({ maxBatchWaitMs: 2000 })
      await world.put('a')
      await sleep(1000)
      served.consumer.pause()
      await sleep(20_000)
      assert.deepEqual(texts(), [])
      served.consumer.resume()
      await sleep(2500)
      assert.deepEqual(texts(), [['a']])
      await stop(served)
    }))

  it('gives the batch the distance of the newest page, records or not', () =>
    inWindow(async ({ world, seen }) => {
      let behindMs = 9000
      const kinesis = through(world, {
        getRecords: async (input, options) => {
          behindMs -= 1000
          const page = await world.service.getRecords(input, options)
          return { ...page, MillisBehindLatest: behindMs }
        },
      })
      const served = world.serve(
        { eachBatch: (batch) => void seen.push({ texts: [], atMs: 0, batch }) },
        { kinesis, options: { maxBatchWaitMs: 1100 } },
      )
      await world.put('a')
      await sleep(1500)
      const [first] = seen
      assert.ok((first?.batch.millisBehindLatest ?? 9000) <= 4000)
      await stop(served)
    }))
})
