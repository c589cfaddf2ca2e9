import assert from 'node:assert/strict'
import { ClosedError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { Consumer } from '../../src/consumer.ts'
import type { PulledRecord } from '../../src/pulling/pulled-record.ts'
import { type Application, inApplication, numbered, SHARD, STREAM } from '../application.ts'
import { utf8 } from '../shard-fixture.ts'

describe('Consumer, pulled from', () => {
  it('starts at the first pull, and then acknowledges with each', () =>
    inApplication(async (app) => {
      await app.put('a', 'b')
      const consumer = app.consumer('a')
      const records = consumer[Symbol.asyncIterator]()
      await sleep(5000)
      assert.equal(consumer.state, 'created')
      assert.deepEqual(app.dynamo.tableNames(), [])
      const { value: first } = await records.next()
      assert.equal(first?.data, 'a')
      assert.equal(first?.shard.shardId, SHARD)
      assert.deepEqual(Object.keys({ ...first }).includes('shard'), false)
      await sleep(3000)
      assert.equal(app.row(SHARD)?.['checkpoint']?.S, 'TRIM_HORIZON')
      const { value: second } = await records.next()
      await sleep(3000)
      assert.equal(app.row(SHARD)?.['checkpoint']?.S, first?.sequenceNumber)
      // The record at hand can be stored by name, before it is acknowledged.
      await second?.shard.checkpoint(second)
      assert.equal(app.row(SHARD)?.['checkpoint']?.S, second?.sequenceNumber)
      await consumer.close({ timeoutMs: 1000 })
    }))

  it('answers pulls in their order when they do not wait for one another', () =>
    inApplication(async (app) => {
      await app.put(...numbered(3))
      const consumer = app.consumer('a')
      const records = consumer[Symbol.asyncIterator]()
      const pulled = await Promise.all([records.next(), records.next(), records.next()])
      assert.deepEqual(
        pulled.map(({ value }) => value?.data),
        numbered(3),
      )
      assert.equal(pulled[2]?.value?.shard.signal.aborted, false)
      await records.return?.()
      assert.equal(pulled[2]?.value?.shard.signal.aborted, true)
      assert.equal(app.row(SHARD)?.['checkpoint']?.S, pulled[1]?.value?.sequenceNumber)
      assert.deepEqual(await records.next(), { done: true, value: undefined })
    }))

  it('ends a pull that waits when it is left, or closed', () =>
    inApplication(async (app) => {
      for (const end of ['return', 'close', 'throw'] as const) {
        const consumer = app.consumer(end)
        const records = consumer[Symbol.asyncIterator]()
        const waiting = records.next()
        await app.until('running', () => consumer.state === 'running')
        if (end === 'close') await consumer.close()
        else if (end === 'return') await records.return?.()
        else await assert.rejects(async () => await records.throw?.(new Error('mine')), /mine/)
        assert.equal(consumer.state, 'stopped')
        assert.deepEqual(await waiting, { done: true, value: undefined })
        assert.equal(app.time.waitingEvents(), 0)
      }
    }))

  it('closes when the signal given to batches() fires', () =>
    inApplication(async (app) => {
      await app.put('a')
      const controller = new AbortController()
      const consumer = app.consumer('a')
      const seen: string[] = []
      for await (const { records } of consumer.batches({ signal: controller.signal })) {
        seen.push(...records.map(({ data }) => data))
        controller.abort()
      }
      assert.deepEqual(seen, ['a'])
      assert.equal(consumer.state, 'stopped')
      assert.equal(app.row(SHARD)?.['checkpoint']?.S, lastNumber(app.kinesis.records(STREAM)))
    }))

  it('is done without a start when it was closed before, and rejects once it was destroyed', () =>
    inApplication(async (app) => {
      const closed = app.consumer('a')
      const batches = closed.batches()
      await closed.close()
      for await (const batch of batches) assert.fail(`${batch.records.length} records`)
      const destroyed = app.consumer('b')
      const records = destroyed[Symbol.asyncIterator]()
      destroyed.destroy()
      await assert.rejects(records.next(), ClosedError)
      assert.deepEqual(await records.next(), { done: true, value: undefined })
      assert.deepEqual(app.dynamo.tableNames(), [])
    }))

  it('rejects with what the start failed with', () =>
    inApplication(async (app) => {
      const consumer = app.consumer('a', { stream: 'ordesr' })
      await assert.rejects(async () => {
        for await (const record of consumer) assert.fail(record.data)
      }, /ordesr/)
      assert.equal(consumer.state, 'failed')
    }))

  it('handles records in one way only, and says which', () =>
    inApplication(async (app) => {
      const ways = {
        'run()': (consumer) => consumer.run({ eachRecord: () => {} }),
        'batches()': async (consumer) => void consumer.batches(),
        'readable()': async (consumer) => void consumer.readable(),
        'the async iterator': async (consumer) => void consumer[Symbol.asyncIterator](),
      } satisfies Record<string, (consumer: ReturnType<typeof app.consumer>) => Promise<void>>
      for (const [first, take] of Object.entries(ways)) {
        const consumer = app.consumer('a')
        const running = take(consumer)
        for (const takeToo of Object.values(ways)) {
          await assert.rejects(takeToo(consumer), (cause) => {
            assert.ok(cause instanceof ClosedError)
            assert.ok(cause.message.includes(`handles records by ${first}`), cause.message)
            assert.match(cause.hint ?? '', /create another/)
            return true
          })
        }
        await consumer.close()
        await running
      }
    }))

  it('takes turns between shards', () =>
    inApplication(
      async (app) => {
        await app.put(...numbered(60))
        const consumer = app.consumer('a')
        const shards: string[] = []
        for await (const record of consumer) {
          shards.push(record.shard.shardId)
          // So that every shard has something to offer.
          await sleep(shards.length < 5 ? 3000 : 1)
          if (shards.length === 20) break
        }
        const later = shards.slice(8)
        for (const shard of new Set(shards)) {
          const times = later.filter((id) => id === shard).length
          assert.ok(times >= 4, `${shard}: ${times} of ${later.length}`)
        }
      },
      { shards: 3 },
    ))

  it('leaves what nobody has pulled yet where it is, while a shard is paused', () =>
    inApplication(
      async (app) => {
        const { consumer, records, waitsIn } = await twoShardsWithOneOut(app)
        const failures: unknown[] = []
        consumer.on('handlerFailed', (failure) => failures.push(failure))
        consumer.pause([waitsIn])
        const waiting = records.next()
        await sleep(5000)
        assert.equal(await Promise.race([waiting, Promise.resolve('nothing')]), 'nothing')
        const beforeMs = app.time.elapsedMs()
        consumer.resume()
        assert.equal((await waiting).value?.shard.shardId, waitsIn)
        assert.ok(app.time.elapsedMs() - beforeMs < 50)
        await records.return?.()
        assert.deepEqual(failures, [])
      },
      { shards: 2 },
    ))

  it('lets go at once of a shard of which nothing is out, while close() waits for another', () =>
    inApplication(
      async (app) => {
        const { consumer, records, waitsIn, isOutOf } = await twoShardsWithOneOut(app)
        const closing = consumer.close()
        await sleep(1000)
        assert.equal(app.row(waitsIn)?.['leaseOwner'], undefined)
        assert.equal(app.row(waitsIn)?.['checkpoint']?.S, 'TRIM_HORIZON')
        assert.equal(app.row(isOutOf)?.['leaseOwner']?.S, 'a')
        assert.equal((await records.next()).done, true)
        await closing
        assert.notEqual(app.row(isOutOf)?.['checkpoint']?.S, 'TRIM_HORIZON')
      },
      { shards: 2 },
    ))

  it('refuses what no way that takes records one by one would read', () =>
    inApplication(async (app) => {
      const consumer = app.consumer('a', { maxBatchWaitMs: 100, codec: utf8 })
      assert.throws(() => consumer.readable(), /readable\(\) takes records one by one/)
      assert.throws(() => consumer[Symbol.asyncIterator](), /the async iterator takes/)
      consumer.batches()
      await consumer.close()
    }))
})

/** A record of one shard is worked on; one of the other waits to be pulled. */
async function twoShardsWithOneOut(app: Application): Promise<{
  readonly consumer: Consumer<string>
  readonly records: AsyncIterator<PulledRecord<string>, undefined>
  readonly isOutOf: string
  readonly waitsIn: string
}> {
  const shards = app.kinesis.shards(STREAM)
  for (const { ShardId, HashKeyRange } of shards) {
    await app.kinesis.putRecord({
      StreamName: STREAM,
      Data: Buffer.from(ShardId),
      PartitionKey: 'k',
      ExplicitHashKey: HashKeyRange.StartingHashKey,
    })
  }
  const consumer = app.consumer('a')
  const records = consumer[Symbol.asyncIterator]()
  const { value } = await records.next()
  await sleep(5000)
  const isOutOf = value?.shard.shardId ?? ''
  const waitsIn = shards.find(({ ShardId }) => ShardId !== isOutOf)?.ShardId ?? ''
  return { consumer, records, isOutOf, waitsIn }
}

function lastNumber(records: readonly { readonly record: { readonly SequenceNumber: string } }[]) {
  return records.at(-1)?.record.SequenceNumber
}
