import assert from 'node:assert/strict'
import { type KinesisPort, type kinesis, ServiceError } from '@millrace/core'
import { ControlPlane, silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { InvalidCheckpointError } from '../../src/errors.ts'
import type { Lease } from '../../src/lease/lease.ts'
import { PollingSource } from '../../src/retrieval/polling-source.ts'
import { ReadBudget, type ShardReads } from '../../src/retrieval/read-budget.ts'
import type { MissedRecords } from '../../src/retrieval/read-position.ts'
import { isShardEnd, type Page, type ShardEnd } from '../../src/retrieval/source.ts'
import { HALF, leaseAt, outage, SHARD, ShardWorld, STREAM, through } from '../shard-fixture.ts'

class Reader {
  readonly source: PollingSource
  readonly starts: number[] = []
  readonly failures: { error: unknown; failures: number }[] = []
  readonly refusals: Error[] = []
  readonly missed: MissedRecords[] = []
  readonly budget: ReadBudget
  readonly reads: ShardReads

  constructor(
    world: ShardWorld,
    given: { lease?: Lease; kinesis?: KinesisPort } = {},
    maxTotalBytes = 256 * 1024 * 1024,
  ) {
    this.budget = new ReadBudget(maxTotalBytes)
    this.reads = this.budget.forShard()
    const options = world.options()
    const service = given.kinesis ?? world.service
    this.source = new PollingSource({
      kinesis: service,
      control: new ControlPlane({ kinesis: service, stream: options.stream, logger: silentLogger }),
      stream: options.stream,
      shardId: SHARD,
      stored: given.lease ?? leaseAt('TRIM_HORIZON'),
      initialPosition: 'LATEST',
      polling: options.retrieval,
      random: options.random,
      reads: this.reads,
      onMissed: (missed) => this.missed.push(missed),
      recordStartTimestamp: async (startTimestampMs) => {
        const refusal = this.refusals.shift()
        if (refusal !== undefined) throw refusal
        this.starts.push(startTimestampMs)
      },
      onFailure: (error, failures) => this.failures.push({ error, failures }),
    })
  }

  async page(): Promise<Page> {
    const reading = await this.source.next()
    assert.ok(!isShardEnd(reading), 'the shard ended')
    return reading
  }

  async texts(): Promise<string[]> {
    return (await this.page()).records.map((record) => Buffer.from(record.Data).toString())
  }

  /** Reads to the end. */
  async rest(): Promise<{ texts: string[]; end: ShardEnd }> {
    const texts: string[] = []
    for (;;) {
      const reading = await this.source.next()
      if (isShardEnd(reading)) return { texts, end: reading }
      texts.push(...reading.records.map((record) => Buffer.from(record.Data).toString()))
    }
  }
}

describe('PollingSource', () => {
  it('waits 1,500 ms at the tip and 200 ms behind it', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      await world.put('a')
      const calls: number[] = []
      const behind = new Reader(world, {
        kinesis: through(world, {
          getRecords: async (input, options) => {
            calls.push(time.elapsedMs())
            const output = await world.service.getRecords(input, options)
            return { ...output, MillisBehindLatest: calls.length < 4 ? 1 : 0 }
          },
        }),
      })
      for (let i = 0; i < 7; i++) await behind.page()
      const gaps = calls.slice(1).map((at, i) => Math.round(at - (calls[i] ?? 0)))
      assert.deepEqual(gaps, [200, 200, 200, 1500, 1500, 1500])
    }))

  it('reads a shard five times a second at most, a former tenure and new iterators included', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      await world.put('a')
      const calls: number[] = []
      const kinesis = through(world, {
        getRecords: async (input, options) => {
          calls.push(time.elapsedMs())
          return await onePerPage(world)(input, options)
        },
      })
      await new Reader(world, { kinesis }).page()
      const next = new Reader(world, { kinesis })
      await next.page()
      world.service.injectFault({ operation: 'getRecords', kind: 'expire-iterators' })
      await world.put('b')
      await next.page()
      for (const [i, atMs] of calls.entries()) {
        assert.ok(i === 0 || atMs - (calls[i - 1] ?? 0) >= 200, calls.join(', '))
      }
      assert.ok(calls.length >= 4, 'the refused one included')
    }))

  it('asks for the full page and sends a deadline and a signal', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      let asked: unknown
      const reader = new Reader(world, {
        kinesis: through(world, {
          getRecords: (input, options) => {
            asked = {
              limit: input.Limit,
              timeoutMs: options?.timeoutMs,
              signal: options?.signal?.aborted,
            }
            return world.service.getRecords(input, options)
          },
        }),
      })
      await reader.page()
      assert.deepEqual(asked, { limit: 10_000, timeoutMs: 5000, signal: false })
    }))

  it('reads on behind the last record when the iterator has expired (R07, R08)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a', 'b')
      const reader = new Reader(world)
      assert.deepEqual(await reader.texts(), ['a', 'b'])
      await sleep(3_600_000)
      await world.put('c')
      assert.deepEqual(await reader.texts(), ['c'])
      world.service.injectFault({ operation: 'getRecords', kind: 'expire-iterators' })
      await world.put('d')
      assert.deepEqual(await reader.texts(), ['d'])
      assert.deepEqual(reader.failures, [])
    }))

  it('asks at once for an iterator when the old one has expired during an outage', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      const reader = new Reader(world)
      assert.deepEqual(await reader.texts(), ['a'])
      await world.put('b')
      world.service.injectFault({ operation: 'getRecords', kind: 'fail', times: 3 })
      world.service.injectFault({ operation: 'getRecords', kind: 'expire-iterators' })
      assert.deepEqual(await reader.texts(), ['b'])
      // The outage alone: the expiry is no failure, and adds no pause.
      assert.equal(reader.failures.length, 3)
    }))

  it('starts over from the stored position when nothing was read yet', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const [number = ''] = await world.put('a', 'b')
      const types: string[] = []
      const refused = new ServiceError('GetRecords', 'InvalidArgumentException', 'refused')
      world.service.injectFault({ operation: 'getRecords', kind: 'fail', error: refused, times: 2 })
      const reader = new Reader(world, {
        lease: leaseAt(number),
        kinesis: through(world, {
          getShardIterator: (input, options) => {
            types.push(input.ShardIteratorType)
            return world.service.getShardIterator(input, options)
          },
        }),
      })
      assert.deepEqual(await reader.texts(), ['a', 'b'])
      assert.deepEqual(types, Array(3).fill('AT_SEQUENCE_NUMBER'))
    }))

  it('reads from the oldest record when the stored number is one of another shard', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create(2)
      await world.put('a', 'b')
      const { SequenceNumber: foreign } = await world.service.putRecord({
        ...{ StreamName: STREAM, Data: Buffer.from('other'), PartitionKey: 'other' },
        ExplicitHashKey: HALF.toString(),
      })
      await world.put('c')
      const reader = new Reader(world, { lease: leaseAt(foreign) })
      // An iterator that expires before the first page leads to the same place.
      world.service.injectFault({ operation: 'getRecords', kind: 'expire-iterators' })
      assert.deepEqual(await reader.texts(), ['a', 'b', 'c'])
      await world.put('d')
      assert.deepEqual(await reader.texts(), ['d'])
      assert.equal(reader.failures.length, 1)
      const [told] = reader.failures.map(({ error }) => error)
      assert.ok(told instanceof InvalidCheckpointError)
      assert.match(told.message, new RegExp(`${SHARD}: the stored checkpoint ${foreign} is no`))
    }))

  it('never reads a stream created anew in place of the one that was read (R33)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const [number = ''] = await world.put('a')
      await world.service.deleteStream({ StreamName: STREAM })
      await sleep(60_000)
      await world.create()
      await world.put('b')
      const reader = new Reader(world, { lease: leaseAt(number) })
      let pages = 0
      reader.page().then(
        () => pages++,
        () => undefined,
      )
      await sleep(120_000)
      assert.equal(pages, 0)
      assert.ok(reader.failures.length > 10, 'it is loud')
      reader.source.close()
    }))

  it('records the start of LATEST before it reads, and never asks for LATEST again', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      await world.put('old')
      await sleep(1000)
      const types: string[] = []
      const reader = new Reader(world, {
        lease: leaseAt('LATEST'),
        kinesis: through(world, {
          getShardIterator: (input, options) => {
            types.push(input.ShardIteratorType)
            return world.service.getShardIterator(input, options)
          },
          getRecords: (input, options) => {
            assert.equal(reader.starts.length, 1)
            return world.service.getRecords(input, options)
          },
        }),
      })
      reader.refusals.push(outage(), outage('ResourceNotFoundException'))
      assert.deepEqual(await reader.texts(), [])
      const [start = 0] = reader.starts
      // The service answered a little after 1,000 ms; the writes that failed came later.
      const startMs = start - (time.nowMs() - time.elapsedMs())
      assert.ok(startMs >= 999 && startMs < 1100, `${startMs}`)
      assert.equal(reader.failures.length, 2)
      world.service.injectFault({ operation: 'getRecords', kind: 'expire-iterators' })
      await world.put('x')
      assert.deepEqual(await reader.texts(), ['x'])
      assert.deepEqual(types, ['LATEST', 'AT_TIMESTAMP'])
    }))

  it('moves only with a reply it got: a lost or late one is read again (R04)', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      await world.put('a', 'b')
      world.service.injectFault({ operation: 'getRecords', kind: 'lose-reply' })
      world.service.injectFault({
        operation: 'getRecords',
        kind: 'delay',
        delayMs: Number.POSITIVE_INFINITY,
      })
      const reader = new Reader(world)
      assert.deepEqual(await reader.texts(), ['a', 'b'])
      assert.ok(time.elapsedMs() >= 5000 && time.elapsedMs() < 10_000, `${time.elapsedMs()}`)
      assert.equal(reader.failures.length, 2)
    }))

  it('moves nowhere with a page for which there is no room, and reads it again (R02)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const reader = new Reader(world, {}, 70_000)
      const other = await reader.budget.forShard().reserve(new AbortController().signal)
      other.accept(10)
      for (let i = 0; i < 30; i++) reader.reads.learn(10)
      const texts = ['a'.repeat(40_000), 'b'.repeat(40_000)]
      for (const text of texts) await world.putBytes(Buffer.from(text))
      const next = reader.texts()
      await sleep(10_000)
      assert.equal(reader.budget.bytes, 10)
      other.release()
      assert.deepEqual(await next, texts)
      assert.deepEqual(reader.failures, [])
    }))

  it('goes on at the oldest record when retention has passed the checkpoint, and says so', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      const [first = ''] = await world.put('a', 'b')
      await sleep(1000)
      world.service.trim(STREAM, SHARD, time.nowMs())
      const [left] = await world.put('c')
      const reader = new Reader(world, { lease: leaseAt(first) })
      assert.deepEqual(await reader.texts(), ['c'])
      assert.deepEqual(
        reader.missed.map(({ after, resumedAt }) => [after, resumedAt]),
        [[first, left]],
      )
    }))

  it('is paced by throttles for a while after them', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      for (let i = 0; i < 40; i++) await world.put(`${i}`)
      const calls: number[] = []
      const reader = new Reader(world, {
        kinesis: through(world, {
          getRecords: (input, options) => {
            calls.push(time.elapsedMs())
            return onePerPage(world)(input, options)
          },
        }),
      })
      await reader.page()
      world.service.injectFault({ operation: 'getRecords', kind: 'throttle', times: 2 })
      for (let i = 0; i < 20; i++) await reader.page()
      const gaps = calls.slice(1).map((at, i) => Math.round(at - (calls[i] ?? 0)))
      const healed = gaps.slice(3)
      assert.ok((healed[0] ?? 0) >= 500, `${gaps}`)
      assert.equal(healed.at(-1), 200)
    }))

  it('gives up an iterator call that is never answered', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      await world.put('a')
      world.service.injectFault({
        operation: 'getShardIterator',
        kind: 'delay',
        delayMs: Number.POSITIVE_INFINITY,
      })
      const reader = new Reader(world)
      assert.deepEqual(await reader.texts(), ['a'])
      assert.ok(time.elapsedMs() < 35_000)
    }))

  it('stays below the idle rate while every call fails, and is back within the cap (R55)', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      await world.put('a')
      let calls = 0
      const fault = world.service.injectFault({
        operation: 'getRecords',
        kind: 'throttle',
        times: Number.POSITIVE_INFINITY,
      })
      const reader = new Reader(world, {
        kinesis: through(world, {
          getRecords: (input, options) => {
            calls++
            return world.service.getRecords(input, options)
          },
        }),
      })
      const page = reader.texts()
      await sleep(600_000)
      assert.ok(calls < 600 / 1.5, `${calls} calls in ten minutes`)
      assert.ok(calls > 600 / 5)
      fault.clear()
      const healedMs = time.elapsedMs()
      assert.deepEqual(await page, ['a'])
      assert.ok(time.elapsedMs() - healedMs <= 5000)
      assert.deepEqual(
        reader.failures.map(({ failures }) => failures),
        reader.failures.map((_, i) => i + 1),
      )
    }))

  it('stops at once when closed, whatever it waits for', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      const idle = new Reader(world)
      await idle.page()
      const waiting = idle.source.next()
      world.service.injectFault({
        operation: 'getRecords',
        kind: 'delay',
        delayMs: Number.POSITIVE_INFINITY,
      })
      const calling = new Reader(world).source
      const called = calling.next()
      await sleep(300)
      const closedMs = time.elapsedMs()
      idle.source.close()
      calling.close()
      for (const pending of [waiting, called, calling.next()]) {
        await assert.rejects(pending, { code: 'ERR_KINESIS_ABORTED' })
      }
      assert.ok(time.elapsedMs() - closedMs < 100)
    }))
})

describe('PollingSource at the end', () => {
  it('hands out the last page first, then the children (R06)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a', 'b')
      await world.split()
      const reader = new Reader(world)
      const page = await reader.page()
      assert.equal(page.records.length, 2)
      assert.equal(page.atShardEnd, true)
      const { end } = await reader.rest()
      assert.deepEqual(
        end.children.map(({ shardId }) => shardId),
        ['shardId-000000000001', 'shardId-000000000002'],
      )
      assert.deepEqual(await reader.source.next(), end)
    }))

  it('finds the children in the shard list where replies leave them out', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      await world.split()
      const reader = new Reader(world, {
        kinesis: through(world, {
          getRecords: async (input, options) => {
            const { ChildShards: _, ...output } = await world.service.getRecords(input, options)
            return output
          },
        }),
      })
      const { texts, end } = await reader.rest()
      assert.deepEqual(texts, ['a'])
      assert.deepEqual(
        end.children.map(({ parentShardIds }) => parentShardIds),
        [[SHARD], [SHARD]],
      )
    }))

  for (const isClosed of [false, true]) {
    it(`does not believe a lost iterator while the ${isClosed ? 'closed shard has more' : 'shard is open'} (R26)`, () =>
      runInVirtualTime(async () => {
        const world = await new ShardWorld().create()
        await world.put('a', 'b', 'c')
        if (isClosed) await world.split()
        const reader = new Reader(world, {
          kinesis: through(world, { getRecords: onePerPage(world) }),
        })
        const seen: string[] = []
        for (let i = 0; i < 3; i++) {
          world.service.injectFault({ operation: 'getRecords', kind: 'null-iterator' })
          seen.push(...(await reader.texts()))
        }
        assert.deepEqual(seen, ['a', 'b', 'c'])
        if (!isClosed) {
          world.service.injectFault({ operation: 'getRecords', kind: 'null-iterator' })
          assert.deepEqual(await reader.texts(), [])
          await world.put('d')
          assert.deepEqual(await reader.texts(), ['d'])
          await world.split()
        }
        assert.equal((await reader.rest()).end.children.length, 2)
      }))
  }

  it('reads what was put between an empty reply without iterator and the end of the shard (R26)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      world.service.injectFault({ operation: 'getRecords', kind: 'null-iterator' })
      const reader = new Reader(world)
      assert.deepEqual(await reader.texts(), [])
      await world.put('a', 'b')
      await world.split()
      const { texts, end } = await reader.rest()
      assert.deepEqual(texts, ['a', 'b'])
      assert.equal(end.children.length, 2)
    }))

  it('takes a shard that was trimmed away as ended, its children from the list (R29)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld({ retentionHours: 1 }).create()
      await world.put('a')
      await world.split()
      await sleep(3_700_000)
      const listing = through(world, {
        getShardIterator: async () => {
          throw new ServiceError('GetShardIterator', 'ResourceNotFoundException', 'no such shard')
        },
        listShards: async (input, options) => {
          const page = await world.service.listShards(input, options)
          return { ...page, Shards: page.Shards.filter(({ ShardId }) => ShardId !== SHARD) }
        },
      })
      const { end } = await new Reader(world, { kinesis: listing }).rest()
      assert.equal(end.children.length, 2)
    }))

  it('never takes a listed shard, or a stream that is not there, for an ended shard', () =>
    runInVirtualTime(async () => {
      for (const [isClosed, ...operations] of [
        [false, 'getRecords'],
        [true, 'getRecords'],
        [false, 'getRecords', 'listShards'],
      ] as const) {
        const world = await new ShardWorld().create()
        await world.put('a')
        if (isClosed) await world.split()
        const faults = operations.map((operation) =>
          world.service.injectFault({
            operation,
            kind: 'fail',
            times: Number.POSITIVE_INFINITY,
            error: new ServiceError(operation, 'ResourceNotFoundException', 'gone'),
          }),
        )
        const reader = new Reader(world)
        const texts = reader.texts()
        await sleep(60_000)
        assert.ok(reader.failures.length > 10, 'it is loud')
        for (const fault of faults) fault.clear()
        assert.deepEqual(await texts, ['a'])
      }
    }))
})

function onePerPage(world: ShardWorld): KinesisPort['getRecords'] {
  return (input: kinesis.GetRecordsInput, options) =>
    world.service.getRecords({ ...input, Limit: 1 }, options)
}
