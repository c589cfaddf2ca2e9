import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime, type VirtualTime } from '@millrace/testing'
import type { ConsumerOptions } from '../../src/options.ts'
import type { RecordBatch } from '../../src/record.ts'
import type { Handler } from '../../src/record-processor.ts'
import { type ServedShard, SHARD, ShardWorld, through, utf8 } from '../shard-fixture.ts'

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

  it('holds nothing back either when the whole shard has left the stream meanwhile', () =>
    inWindow(async ({ world, serve, texts }) => {
      await world.put('a', 'b')
      const served = serve({ maxBatchWaitMs: 300_000 })
      await sleep(1000)
      // Before it can be read to its end.
      world.service.injectFault({ operation: 'getRecords', kind: 'fail', times: 3 })
      await world.split()
      world.service.expire('flights', SHARD)
      assert.equal(await served.done, 'shard-ended')
      assert.deepEqual(texts(), [['a', 'b']])
    }))

  it('keeps the memory of held pages charged until their batch is handled, and no longer (S16)', () =>
    inWindow(async ({ world, serve, texts }) => {
      const served = serve({ maxBatchWaitMs: 4000, maxRecordsPerBatch: 3 })
      const { budget } = served
      const idleBytes = async (): Promise<number> => {
        // Between two reads nothing is reserved for the next page.
        await sleep(50)
        return budget.bytes
      }
      await world.put('a'.repeat(100))
      await sleep(1000)
      await world.put('b'.repeat(100))
      await sleep(1000)
      assert.deepEqual(texts(), [])
      assert.equal(await idleBytes(), 200)
      await world.put('c'.repeat(100), 'd'.repeat(50))
      await sleep(1000)
      assert.equal(texts().length, 1)
      assert.equal(await idleBytes(), 150)
      await sleep(4000)
      assert.equal(texts().length, 2)
      assert.equal(await idleBytes(), 0)
      await world.put('e')
      await sleep(1000)
      await stop(served)
      assert.equal(budget.bytes, 0)
    }))

  it('gives back the memory of a page that came while the last batch was handled', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld({ limits: false }).create()
      let running = 0
      const served = world.serve(
        {
          eachBatch: async () => {
            running++
            // The next page is asked for already.
            await world.put('b')
            await sleep(5000)
          },
        },
        {
          options: { maxBatchWaitMs: 500, retrieval: { mode: 'polling', maxPendingBatches: 0 } },
        },
      )
      await world.put('a')
      await sleep(4000)
      assert.equal(running, 1)
      assert.ok(served.budget.bytes > 1)
      await stop(served)
      assert.equal(served.budget.bytes, 0)
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

  it('is over when the memory of all shards is used up', () =>
    inWindow(async ({ world, serve, texts }) => {
      const served = serve({ maxBatchWaitMs: 60_000 })
      await world.put('a')
      await sleep(3000)
      assert.deepEqual(texts(), [])
      const another = await served.budget.forShard().reserve(new AbortController().signal)
      another.accept(200 * 1024 * 1024)
      await sleep(1000)
      assert.deepEqual(texts(), [['a']])
      another.release()
      await world.put('b')
      await sleep(3000)
      assert.deepEqual(texts(), [['a']])
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
