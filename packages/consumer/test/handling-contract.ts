/** What holds for every way of handling: one suite, a small driver each. */
import assert from 'node:assert/strict'
import { aggregate } from '@millrace/core/aggregation'
import { sleep } from '@millrace/core/internal'
import { MalformedRecordError } from '../src/errors.ts'
import {
  type Application,
  inApplication,
  numbered,
  type Probe,
  SHARD,
  STREAM,
  TABLE,
} from './application.ts'
import { type Item, LEAVE, type WayOfHandling } from './ways-of-handling.ts'

/** A consumer that handles in one way; each page is one record, so an item is one, too. */
class Handling {
  readonly probe: Probe
  readonly seen: string[] = []
  readonly items: Item[] = []
  readonly done: Promise<void>

  constructor(
    app: Application,
    way: WayOfHandling,
    workerId: string,
    work: (item: Item) => unknown = () => {},
    options: Parameters<Application['worker']>[1] = {},
  ) {
    this.probe = app.worker(workerId, {
      ...way.options,
      ...options,
      retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 500, maxRecords: 1 },
    })
    this.done = way.run(this.probe.consumer, async (item) => {
      this.seen.push(...item.records.map(({ data }) => data))
      this.items.push(item)
      return await work(item)
    })
    // A test that fails early must not add an unhandled rejection to its own failure.
    this.done.catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.probe.consumer.close()
    await this.done
  }
}

/** Holds the work on the record with this data until it is let go. */
function holding(data: string): { work: (item: Item) => Promise<void>; release: () => void } {
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  return {
    work: async ({ records }) => {
      if (records.some((record) => record.data === data)) await held
    },
    release: () => release(),
  }
}

function checkpointOf(app: Application, shardId = SHARD): string {
  const row = app.row(shardId)
  return `${row?.['checkpoint']?.S}/${row?.['checkpointSubSequenceNumber']?.N}`
}

/** Positions of the plain records with these data. */
function positionOf(app: Application, data: string): string {
  const found = app.kinesis
    .records(STREAM)
    .find(({ record }) => Buffer.from(record.Data).toString() === data)
  return `${found?.record.SequenceNumber}/0`
}

async function putAggregate(app: Application, texts: readonly string[]): Promise<string> {
  const [packed] = aggregate(texts.map((text) => ({ partitionKey: 'k', data: Buffer.from(text) })))
  const { SequenceNumber } = await app.kinesis.putRecord({
    StreamName: STREAM,
    Data: packed?.data ?? Buffer.alloc(0),
    PartitionKey: 'k',
  })
  return SequenceNumber
}

async function steal(app: Application): Promise<void> {
  await app.dynamo.updateItem({
    TableName: TABLE,
    Key: { leaseKey: { S: SHARD } },
    UpdateExpression: 'SET leaseOwner = :thief, leaseCounter = :next',
    ExpressionAttributeValues: {
      ':thief': { S: 'thief' },
      ':next': { N: String(Number(app.row(SHARD)?.['leaseCounter']?.N) + 1) },
    },
  })
}

export function itHandlesByContract(way: WayOfHandling): void {
  it('hands over each record once, those of a shard in order, those of aggregates too', () =>
    inApplication(
      async (app) => {
        const put: string[] = []
        for (let i = 0; i < 10; i++) {
          await app.put(...numbered(3, `plain-${i}-`))
          await putAggregate(app, numbered(3, `packed-${i}-`))
          put.push(...numbered(3, `plain-${i}-`), ...numbered(3, `packed-${i}-`))
        }
        const handling = new Handling(app, way, 'a')
        await app.until('all records', () => handling.seen.length >= put.length)
        await sleep(5000)
        assert.deepEqual([...handling.seen].sort(), [...put].sort())
        for (const shardId of new Set(handling.items.map(({ shard }) => shard.shardId))) {
          const numbers = handling.items
            .filter(({ shard }) => shard.shardId === shardId)
            .flatMap(({ records }) => records)
            .map(({ sequenceNumber, subSequenceNumber: sub }) => [BigInt(sequenceNumber), sub])
          assert.deepEqual(numbers, [...numbers].sort(byPosition))
        }
        await handling.close()
        assert.equal(app.time.waitingEvents(), 0)
      },
      { shards: 3 },
    ))

  it('counts an item as done when its work is, and not before: then the checkpoint follows', () =>
    inApplication(async (app) => {
      await app.put('a', 'b', 'c')
      const { work, release } = holding('b')
      const handling = new Handling(app, way, 'a', work)
      await app.until('the second', () => handling.seen.includes('b'))
      await sleep(10_000)
      assert.equal(checkpointOf(app), positionOf(app, 'a'))
      assert.deepEqual(handling.seen, way.overtakes ? ['a', 'b', 'c'] : ['a', 'b'])
      release()
      await app.until('the checkpoint', () => checkpointOf(app) === positionOf(app, 'c'), 5000)
      await handling.close()
    }))

  it('hands an item whose work fails over again, exactly once, and nothing before it', () =>
    inApplication(async (app) => {
      await app.put('a', 'b', 'c')
      let failures = 0
      const work = ({ records: [record] }: Item): void => {
        if (record?.data === 'b' && failures++ === 0) throw new Error('broken')
      }
      const first = new Handling(app, way, 'a', work)
      if (way.pulls) {
        await assert.rejects(first.done, /broken/)
        await first.probe.consumer.close()
        assert.equal(first.probe.consumer.state, 'stopped')
        assert.equal(checkpointOf(app), positionOf(app, 'a'))
      }
      const then = way.pulls ? new Handling(app, way, 'b', work) : first
      await app.until('the last', () => then.seen.includes('c'))
      await sleep(3000)
      await then.close()
      const seen = way.pulls ? [...first.seen, ...then.seen] : first.seen
      assert.deepEqual(seen, ['a', 'b', 'b', 'c'])
      assert.equal(checkpointOf(app), positionOf(app, 'c'))
    }))

  if (way.pulls) {
    it('gives the current item back at a break, to be handed over exactly once more', () =>
      inApplication(async (app) => {
        await app.put('a', 'b', 'c')
        const leaving = new Handling(app, way, 'a', ({ records: [record] }) =>
          record?.data === 'b' ? LEAVE : undefined,
        )
        await leaving.done
        assert.equal(leaving.probe.consumer.state, 'stopped')
        assert.equal(checkpointOf(app), positionOf(app, 'a'))
        assert.equal(app.row(SHARD)?.['leaseOwner'], undefined)
        const next = new Handling(app, way, 'b')
        await app.until('the rest', () => next.seen.includes('c'))
        await sleep(3000)
        await next.close()
        assert.deepEqual([...leaving.seen, ...next.seen], ['a', 'b', 'b', 'c'])
        assert.equal(app.time.waitingEvents(), 0)
      }))
  }

  it('lets the item that is out be finished by close(), stores it, and hands over no other', () =>
    inApplication(async (app) => {
      await app.put('a', 'b', 'c')
      const { work, release } = holding('b')
      const handling = new Handling(app, way, 'a', work)
      await app.until('the second', () => handling.seen.includes('b'))
      await sleep(3000)
      const closing = handling.probe.consumer.close()
      await sleep(2000)
      assert.equal(app.row(SHARD)?.['leaseOwner']?.S, 'a')
      release()
      await closing
      await handling.done
      // What a stream has read ahead is handed over by then, and worked on.
      const done = way.readsAhead ? ['a', 'b', 'c'] : ['a', 'b']
      assert.deepEqual(handling.seen, done)
      assert.equal(checkpointOf(app), positionOf(app, done.at(-1) ?? ''))
      assert.equal(app.row(SHARD)?.['leaseOwner'], undefined)
      assert.equal(app.time.waitingEvents(), 0)
    }))

  it('does not let close() wait for ever for the item that is out: it is handed over elsewhere', () =>
    inApplication(async (app) => {
      await app.put('a', 'b')
      const { work, release } = holding('b')
      const handling = new Handling(app, way, 'a', work)
      await app.until('the second', () => handling.seen.includes('b'))
      await handling.probe.consumer.close({ timeoutMs: 3000 })
      assert.equal(app.row(SHARD)?.['leaseOwner'], undefined)
      assert.equal(checkpointOf(app), positionOf(app, 'a'))
      assert.equal(handling.items.at(-1)?.shard.signal.aborted, true)
      const next = new Handling(app, way, 'b')
      await app.until('it again', () => next.seen.includes('b'))
      await next.close()
      release()
      await handling.done
      assert.equal(checkpointOf(app), positionOf(app, 'b'))
    }))

  it('aborts the signal of an item whose lease is lost; its end then moves no checkpoint', () =>
    inApplication(async (app) => {
      await app.put('a', 'b', 'c')
      const { work, release } = holding('b')
      const handling = new Handling(app, way, 'a', work)
      await app.until('the first stored', () => checkpointOf(app) === positionOf(app, 'a'))
      await app.until('the second', () => handling.seen.includes('b'))
      await steal(app)
      await app.until('the loss', () => handling.probe.heard('leaseLost').length === 1)
      assert.equal(handling.items.at(-1)?.shard.signal.aborted, true)
      release()
      await sleep(5000)
      assert.equal(checkpointOf(app), positionOf(app, 'a'))
      // The loop, or the handler, lives on: the thief is dead, and the lease comes back.
      await app.until('the lease again', () => handling.probe.heard('leaseAcquired').length === 2)
      await app.until('the rest', () => checkpointOf(app) === positionOf(app, 'c'))
      assert.deepEqual(handling.probe.heard('error'), [])
      const rest = handling.seen.slice(handling.seen.lastIndexOf('b'))
      assert.deepEqual(rest, ['b', 'c'])
      await handling.close()
    }))

  it('stores SHARD_END after the work on the last item, and then goes on with the children', () =>
    inApplication(async (app) => {
      await app.put('a', 'b')
      await app.kinesis.splitShard({
        StreamName: STREAM,
        ShardToSplit: SHARD,
        NewStartingHashKey: (1n << 127n).toString(),
      })
      await app.put('child')
      const { work, release } = holding('b')
      const handling = new Handling(app, way, 'a', work)
      await app.until('the last', () => handling.seen.includes('b'))
      await sleep(20_000)
      assert.equal(checkpointOf(app), positionOf(app, 'a'))
      assert.deepEqual(handling.seen, ['a', 'b'])
      release()
      await app.until('the child', () => handling.seen.includes('child'))
      assert.equal(checkpointOf(app), 'SHARD_END/0')
      assert.equal(handling.probe.heard('shardEnded').length, 1)
      await handling.close()
    }))

  if (!way.overtakes) {
    it('reads no further than it may hold while the work is slow, and renews on', () =>
      inApplication(async (app) => {
        await app.put(...numbered(100))
        const { work, release } = holding('r000')
        let reads = 0
        const client = watching(app.kinesis, (method) => {
          if (method === 'getRecords') reads++
        })
        const handling = new Handling(app, way, 'a', work, { client })
        await app.until('the first', () => handling.seen.length > 0)
        await sleep(30_000)
        const [before, counter] = [reads, Number(app.row(SHARD)?.['leaseCounter']?.N)]
        // Pages held, one more under way, and what a stream holds ready.
        assert.ok(before <= 8 + 16, `${before} reads`)
        await sleep(60_000)
        assert.equal(reads, before)
        assert.ok(Number(app.row(SHARD)?.['leaseCounter']?.N) >= counter + 10)
        assert.deepEqual(handling.seen, ['r000'])
        release()
        await app.until('all records', () => handling.seen.length === 100)
        await handling.close()
      }))
  }

  it('goes on inside an aggregate, right after what was done of it', () =>
    inApplication(async (app) => {
      await app.put('before')
      const number = await putAggregate(app, numbered(5))
      const { work, release } = holding('r002')
      const first = new Handling(app, way, 'a', work)
      await app.until('the third', () => first.seen.includes('r002'))
      const isWhole = way.unit === 'batch'
      const before = positionOf(app, 'before')
      await app.until(
        'a checkpoint',
        () => checkpointOf(app) === (isWhole ? before : `${number}/1`),
      )
      const subs = first.items.at(-1)?.records.map((record) => record.subSequenceNumber)
      assert.deepEqual(subs, isWhole ? [0, 1, 2, 3, 4] : [2])
      first.probe.consumer.destroy()
      release()
      const next = new Handling(app, way, 'b')
      await app.until('the rest', () => next.seen.includes('r004'))
      await sleep(3000)
      assert.deepEqual(next.seen, isWhole ? numbered(5) : ['r002', 'r003', 'r004'])
      assert.equal(checkpointOf(app), `${number}/4`)
      await next.close()
    }))

  it('hands over nothing more of a shard that is paused, and the rest once it is resumed', () =>
    inApplication(async (app) => {
      await app.put('a', 'b', 'c')
      const { work, release } = holding('a')
      const handling = new Handling(app, way, 'a', work)
      await app.until('the first', () => handling.seen.includes('a'))
      await sleep(3000)
      handling.probe.consumer.pause([SHARD])
      release()
      await sleep(10_000)
      // What a stream has read ahead is handed over already.
      assert.deepEqual(handling.seen, way.readsAhead ? ['a', 'b', 'c'] : ['a'])
      handling.probe.consumer.resume()
      await app.until('all records', () => handling.seen.length === 3)
      await handling.close()
      assert.deepEqual(handling.seen, ['a', 'b', 'c'])
    }))

  it('ends with the cause when the consumer fails', () =>
    inApplication(async (app) => {
      await app.put('a')
      const damaged = Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), Buffer.alloc(40, 7)])
      await app.kinesis.putRecord({ StreamName: STREAM, Data: damaged, PartitionKey: 'k' })
      const handling = new Handling(app, way, 'a', () => {}, { onMalformed: 'stop' })
      await assert.rejects(handling.done, MalformedRecordError)
      await handling.probe.consumer.close()
      assert.equal(handling.probe.consumer.state, 'failed')
      assert.equal(checkpointOf(app), positionOf(app, 'a'))
      assert.equal(app.time.waitingEvents(), 0)
    }))

  it('ends with the reason of destroy()', () =>
    inApplication(async (app) => {
      await app.put('a')
      const handling = new Handling(app, way, 'a')
      await app.until('a record', () => handling.seen.length === 1)
      handling.probe.consumer.destroy(new Error('enough'))
      await assert.rejects(handling.done, /enough/)
      await handling.probe.consumer.close()
      assert.equal(app.time.waitingEvents(), 0)
    }))
}

/** The port, with a word before each call. */
function watching<T extends object>(port: T, onCall: (method: string) => void): T {
  return new Proxy(port, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown
      return (...args: unknown[]) => {
        onCall(String(name))
        return method.apply(target, args)
      }
    },
  })
}

function byPosition(a: readonly unknown[], b: readonly unknown[]): number {
  const [first, second] = [a as [bigint, number], b as [bigint, number]]
  if (first[0] !== second[0]) return first[0] < second[0] ? -1 : 1
  return first[1] - second[1]
}
