import assert from 'node:assert/strict'
import { monotonicMs, nextTurn, sleep } from '@millrace/core/internal'
import { runInVirtualTime, type VirtualTime } from '@millrace/testing'
import { HandlerFailedError, MalformedRecordError } from '../../src/errors.ts'
import type { ConsumerOptions } from '../../src/options.ts'
import type { ConsumerRecord, ShardContext } from '../../src/record.ts'
import { FakeTenure, leaseAt, type ServedShard, ShardWorld, utf8 } from '../shard-fixture.ts'

/** A record whose text is `key` and a number, such as `a1`. */
class Keyed {
  readonly world: ShardWorld
  readonly time: VirtualTime
  readonly begun: string[] = []
  readonly done: string[] = []
  running = 0
  mostRunning = 0

  constructor(world: ShardWorld, time: VirtualTime) {
    this.world = world
    this.time = time
  }

  async put(...texts: readonly string[]): Promise<string[]> {
    const numbers: string[] = []
    for (const text of texts) {
      const { SequenceNumber } = await this.world.service.putRecord({
        StreamName: 'flights',
        Data: Buffer.from(text),
        PartitionKey: text.slice(0, 1),
        ExplicitHashKey: '0',
      })
      numbers.push(SequenceNumber)
    }
    return numbers
  }

  serve(
    handle: (text: string, record: ConsumerRecord<string>, shard: ShardContext) => unknown,
    options: Partial<ConsumerOptions<string>> = {},
    tenure = new FakeTenure(leaseAt('TRIM_HORIZON')),
  ): ServedShard {
    return this.world.serve(
      {
        eachRecord: async (record, shard) => {
          this.begun.push(record.data)
          this.mostRunning = Math.max(this.mostRunning, ++this.running)
          try {
            await handle(record.data, record, shard)
            this.done.push(record.data)
          } finally {
            this.running--
          }
        },
      },
      { tenure, options: { concurrencyPerShard: 3, ...options } },
    )
  }
}

function inShard(body: (keyed: Keyed) => Promise<void>): Promise<void> {
  return runInVirtualTime(async (time) => {
    await body(new Keyed(await new ShardWorld({ limits: false }).create(), time))
  })
}

async function stop(served: ServedShard): Promise<void> {
  served.consumer.requestStop()
  assert.equal(await served.done, 'stopped')
}

describe('concurrencyPerShard', () => {
  it('runs records of different keys side by side, up to the bound, and those of one in order', () =>
    inShard(async (keyed) => {
      await keyed.put('a1', 'a2', 'a3', 'b1', 'c1', 'd1', 'e1')
      const served = keyed.serve(() => sleep(1000))
      await sleep(1500)
      assert.deepEqual(keyed.done.sort(), ['a1', 'b1', 'c1'])
      await sleep(1000)
      assert.deepEqual(keyed.done.slice(3).sort(), ['a2', 'd1', 'e1'])
      await sleep(1000)
      assert.deepEqual(keyed.done.slice(6), ['a3'])
      assert.equal(keyed.mostRunning, 3)
      await stop(served)
    }))

  it('goes on across pages while one record takes its time', () =>
    inShard(async (keyed) => {
      const retrieval = { mode: 'polling', maxRecords: 1, maxPendingBatches: 1 } as const
      await keyed.put('a1', 'b1', 'b2', 'c1', 'a2')
      const served = keyed.serve((text) => sleep(text === 'a1' ? 20_000 : 10), { retrieval })
      await sleep(10_000)
      assert.deepEqual(keyed.done, ['b1', 'b2', 'c1'])
      assert.deepEqual(served.tenure.checkpoints, [])
      await sleep(12_000)
      assert.deepEqual(keyed.done, ['b1', 'b2', 'c1', 'a1', 'a2'])
      await stop(served)
    }))

  it('checkpoints up to the first record that is not done, and not beyond (S4)', () =>
    inShard(async (keyed) => {
      const [first, , , last] = await keyed.put('a1', 'b1', 'c1', 'd1')
      const served = keyed.serve((text) => sleep(text === 'b1' ? 30_000 : 10))
      await sleep(20_000)
      assert.deepEqual(keyed.done, ['a1', 'c1', 'd1'])
      assert.deepEqual(
        served.tenure.checkpoints.map(({ sequenceNumber }) => sequenceNumber),
        [first],
      )
      await sleep(12_000)
      assert.equal(served.tenure.checkpoints.at(-1)?.sequenceNumber, last)
      await stop(served)
    }))

  it('lets other keys go on while a record fails, and takes no slot for its back-off', () =>
    inShard(async (keyed) => {
      await keyed.put('a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'd1')
      let isBroken = true
      const served = keyed.serve(
        (text) => {
          if (isBroken && 'ab'.includes(text[0] ?? '')) throw new Error(`${text} fails`)
        },
        { concurrencyPerShard: 2 },
      )
      await sleep(60_000)
      assert.deepEqual(keyed.done.sort(), ['c1', 'c2', 'd1'])
      assert.ok(!keyed.begun.includes('a2') && !keyed.begun.includes('b2'))
      assert.match(String(served.consumer.lastError), /[ab]1 fails/)
      isBroken = false
      await sleep(31_000)
      assert.deepEqual(keyed.done.slice(3).sort(), ['a1', 'a2', 'b1', 'b2'])
      assert.equal(served.consumer.lastError, undefined)
      await stop(served)
    }))

  it('goes no further beyond a failing record than a bound of bytes', () =>
    inShard(async (keyed) => {
      const retrieval = { mode: 'polling', maxRecords: 2, maxPendingBytes: 8 } as const
      const others = Array.from({ length: 20 }, (_, i) => `b${i % 10}`)
      await keyed.put('a1', ...others)
      let isBroken = true
      const served = keyed.serve(
        (text) => {
          if (isBroken && text === 'a1') throw new Error('poison')
        },
        { retrieval },
      )
      await sleep(60_000)
      // Pages of 4 bytes: one with the poison and one beyond it; the third is begun on by no call.
      assert.deepEqual(keyed.done.length, 3)
      // With the page that waits to be begun on, and one that is read ahead (S16).
      assert.equal(served.budget.bytes, 16)
      isBroken = false
      await sleep(40_000)
      assert.equal(keyed.done.length, 21)
      await stop(served)
      assert.equal(served.budget.bytes, 0)
    }))

  it('remembers nothing of empty pages while a record fails', () =>
    inShard(async (keyed) => {
      await keyed.put('a1')
      let isBroken = true
      const served = keyed.serve(
        (text) => {
          if (isBroken && text === 'a1') throw new Error('poison')
        },
        { retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 200 } },
      )
      // More than 10,000 reads.
      await sleep(2_400_000)
      await keyed.put('b1')
      await sleep(1000)
      assert.deepEqual(keyed.done, ['b1'])
      isBroken = false
      await sleep(31_000)
      assert.deepEqual(keyed.done, ['b1', 'a1'])
      await stop(served)
    }))

  it('asks onHandlerError about one record, which is done when it is skipped', () =>
    inShard(async (keyed) => {
      const numbers = await keyed.put('a1', 'b1', 'a2', 'c1')
      const asked: string[] = []
      const served = keyed.serve(
        async (text) => {
          await sleep(5)
          if (text === 'a1') throw new Error('poison')
        },
        {
          onHandlerError: async ({ records, attempts }) => {
            await sleep(50)
            asked.push(`${records.map(({ data }) => data)} ${attempts}`)
            return attempts < 2 ? 'retry' : 'skip'
          },
        },
      )
      await sleep(5000)
      assert.deepEqual(asked, ['a1 1', 'a1 2'])
      assert.deepEqual(keyed.done.sort(), ['a2', 'b1', 'c1'])
      assert.equal(served.tenure.checkpoints.at(-1)?.sequenceNumber, numbers[3])
      assert.equal(served.metrics.get('SkippedRecords'), 1)
      await stop(served)
    }))

  it('stops when the policy says so, once running calls have settled, with what is done stored', () =>
    inShard(async (keyed) => {
      const [first] = await keyed.put('a1', 'b1', 'c1', 'd1')
      const served = keyed.serve(
        async (text) => {
          if (text === 'b1') {
            await sleep(1000)
            throw new Error('no')
          }
          await sleep(text === 'c1' ? 3000 : 100)
        },
        { onHandlerError: 'stop' },
      )
      await assert.rejects(served.done, HandlerFailedError)
      assert.equal(keyed.time.elapsedMs() >= 3000, true)
      assert.equal(keyed.running, 0)
      assert.deepEqual(keyed.done, ['a1', 'd1', 'c1'])
      assert.deepEqual(
        served.tenure.checkpoints.map(({ sequenceNumber }) => sequenceNumber),
        [first],
      )
    }))

  it('handles all that comes before a value that does not decode, before it is told of', () =>
    inShard(async (keyed) => {
      const codec = {
        ...utf8,
        decode: (data: Uint8Array): string => {
          if (utf8.decode(data) === 'x1') throw new Error('refused')
          return utf8.decode(data)
        },
      }
      const [, second] = await keyed.put('a1', 'a2', 'x1', 'c1')
      const served = keyed.serve(() => sleep(1000), { codec, onMalformed: 'stop' })
      await assert.rejects(served.done, MalformedRecordError)
      assert.deepEqual(keyed.done, ['a1', 'a2'])
      assert.equal(served.tenure.checkpoints.at(-1)?.sequenceNumber, second)
    }))

  it('starts no call once it is stopped or belief is gone, and lets running ones settle (S8)', () =>
    inShard(async (keyed) => {
      for (const halt of ['stop', 'lose'] as const) {
        const texts = ['a1', 'b1', 'c1', 'd1', 'a2']
        const numbers = await keyed.put(...texts)
        keyed.begun.length = keyed.done.length = 0
        const aborted: boolean[] = []
        const served = keyed.serve(async (_text, _record, shard) => {
          await sleep(1000)
          aborted.push(shard.signal.aborted)
        })
        await sleep(500)
        if (halt === 'stop') served.consumer.requestStop()
        else served.tenure.loseLease()
        assert.equal(await served.done, halt === 'stop' ? 'stopped' : 'lease-lost')
        assert.equal(keyed.running, 0)
        assert.deepEqual(keyed.begun, ['a1', 'b1', 'c1'])
        assert.deepEqual(
          aborted,
          [halt, halt, halt].map((how) => how === 'lose'),
        )
        const last = served.tenure.checkpoints.at(-1)?.sequenceNumber
        assert.equal(last, halt === 'stop' ? numbers[2] : undefined)
        assert.equal(served.budget.bytes, 0)
        assert.equal(keyed.time.waitingEvents(), 0)
      }
    }))

  it('starts nothing while the shard is paused, and goes on with all of it', () =>
    inShard(async (keyed) => {
      await keyed.put('a1', 'a2', 'b1', 'c1', 'd1')
      const served = keyed.serve(() => sleep(1000))
      await sleep(500)
      served.consumer.pause()
      await sleep(10_000)
      assert.deepEqual(keyed.begun, ['a1', 'b1', 'c1'])
      served.consumer.resume()
      await sleep(3000)
      assert.equal(keyed.done.length, 5)
      served.consumer.pause()
      await keyed.put('e1')
      await stop(served)
    }))

  it('goes on after a pause also with what was begun on before, when nothing new comes', () =>
    inShard(async (keyed) => {
      await keyed.put('a1', 'a2', 'b1')
      const served = keyed.serve(() => sleep(1000))
      await sleep(500)
      served.consumer.pause()
      await sleep(5000)
      assert.deepEqual(keyed.begun, ['a1', 'b1'])
      served.consumer.resume()
      await sleep(1500)
      assert.deepEqual(keyed.done.slice(2), ['a2'])
      await stop(served)
    }))

  it('can be stopped while it is paused with calls that are ready', () =>
    inShard(async (keyed) => {
      await keyed.put('a1', 'a2', 'b1')
      const served = keyed.serve(() => sleep(1000))
      await sleep(500)
      served.consumer.pause()
      await sleep(5000)
      await stop(served)
      assert.deepEqual(keyed.begun, ['a1', 'b1'])
    }))

  it('waits for a dead letter that is being written when it is stopped', () =>
    inShard(async (keyed) => {
      const [number] = await keyed.put('a1')
      const letters: string[] = []
      const served = keyed.serve(
        () => {
          throw new Error('poison')
        },
        {
          onHandlerError: async ({ records }) => {
            await sleep(3000)
            letters.push(...records.map(({ data }) => data))
            return 'skip'
          },
        },
      )
      await sleep(1000)
      await stop(served)
      assert.deepEqual(letters, ['a1'])
      assert.equal(served.tenure.checkpoints.at(-1)?.sequenceNumber, number)
    }))

  it('ends the shard once the last record is done', () =>
    inShard(async (keyed) => {
      await keyed.put('a1', 'b1', 'c1')
      await keyed.world.split()
      const served = keyed.serve((text) => sleep(text === 'a1' ? 30_000 : 10))
      await sleep(20_000)
      assert.equal(served.ended.length, 0)
      assert.equal(await served.done, 'shard-ended')
      assert.equal(served.tenure.lease.checkpoint.sequenceNumber, 'SHARD_END')
      assert.equal(keyed.done.length, 3)
    }))

  it('gives the event loop its turn between handlers that settle at once', async () => {
    const world = await new ShardWorld({ limits: false }).create()
    await world.put(...Array.from({ length: 30 }, (_, i) => `r${i}`))
    const turnsBefore: number[] = []
    let turns = 0
    const served = world.serve(
      {
        eachRecord: () => {
          nextTurn(() => turns++)
          turnsBefore.push(turns)
          const endMs = monotonicMs() + 3
          while (monotonicMs() < endMs);
        },
      },
      { options: { concurrencyPerShard: 4 } },
    )
    while (turnsBefore.length < 30) await sleep(5)
    assert.ok((turnsBefore.at(-1) ?? 0) > 0)
    await stop(served)
  })

  it('lets a handler checkpoint what is done without a gap, and refuses what is beyond (S4)', () =>
    inShard(async (keyed) => {
      const [first] = await keyed.put('a1', 'b1', 'c1')
      const refused: unknown[] = []
      const served = keyed.serve(
        async (text, record, shard) => {
          if (text === 'b1') await sleep(10_000)
          if (text !== 'c1') return
          await sleep(1000)
          await shard.checkpoint()
          await shard.checkpoint(record).catch((cause: unknown) => refused.push(cause))
        },
        { checkpoint: 'manual' },
      )
      await sleep(5000)
      assert.deepEqual(
        served.tenure.checkpoints.map(({ sequenceNumber }) => sequenceNumber),
        [first],
      )
      assert.equal(refused.length, 1)
      await stop(served)
    }))
})
