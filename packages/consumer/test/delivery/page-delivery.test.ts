import assert from 'node:assert/strict'
import { nextTurn, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { HandlerFailedError, MalformedRecordError } from '../../src/errors.ts'
import type { HandlerFailure } from '../../src/record-processor.ts'
import { collecting, leaseAt, positions, ShardWorld, utf8 } from '../shard-fixture.ts'

const DAMAGED = Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), Buffer.alloc(40, 7)])

describe('PageDelivery of damaged aggregates', () => {
  it('delivers the stored bytes by default, and tells of it (R13)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      const number = await world.putBytes(DAMAGED)
      await world.put('b')
      const seen: string[] = []
      const served = world.serve(collecting(seen))
      await sleep(3000)
      assert.deepEqual(seen, ['a', utf8.decode(DAMAGED), 'b'])
      const [told] = served.events.filter(({ name }) => name === 'malformed')
      const reason = 'checksum'
      assert.deepEqual(told?.args, [
        { stream: 'flights', shardId: 'shardId-000000000000', sequenceNumber: number, reason },
      ])
      assert.equal(served.metrics.get('MalformedRecords'), 1)
      served.consumer.requestStop()
      await served.done
    }))

  it('skips when told to, and checkpoints past it even when nothing follows', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      const number = await world.putBytes(DAMAGED)
      const seen: string[] = []
      const served = world.serve(collecting(seen), { options: { onMalformed: 'skip' } })
      await sleep(5000)
      assert.deepEqual(seen, ['a'])
      assert.deepEqual(served.tenure.checkpoints.at(-1), positions([number, 0])[0])
      served.consumer.requestStop()
      await served.done
    }))

  it('stops when told to, after what comes before it was handled and stored', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const [first = ''] = await world.put('a')
      await world.putBytes(DAMAGED)
      const seen: string[] = []
      const served = world.serve(collecting(seen), { options: { onMalformed: () => 'stop' } })
      await assert.rejects(served.done, MalformedRecordError)
      assert.deepEqual(seen, ['a'])
      assert.deepEqual(served.tenure.checkpoints, positions([first, 0]))
    }))

  it('tries a function that throws, or answers nonsense, again, like a handler', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.putBytes(DAMAGED)
      await world.put('b')
      let asked = 0
      const seen: string[] = []
      const served = world.serve(collecting(seen), {
        options: {
          onMalformed: (record) => {
            assert.equal(Object.keys(record).includes('data'), false)
            assert.deepEqual(Buffer.from(record.data), DAMAGED)
            asked++
            if (asked < 2) throw new Error('store is down')
            if (asked < 3) return 'nonsense' as 'skip'
            return 'skip'
          },
        },
      })
      await sleep(5000)
      assert.equal(asked, 3)
      assert.deepEqual(seen, ['b'])
      assert.equal(served.events.filter(({ name }) => name === 'handlerFailed').length, 2)
      assert.equal(served.events.filter(({ name }) => name === 'malformed').length, 1)
      assert.equal(served.consumer.lastError, undefined)
      served.consumer.requestStop()
      await served.done
    }))
})

describe('PageDelivery of values that the codec refuses', () => {
  const codec = (refused: Set<string>): typeof utf8 => ({
    ...utf8,
    decode: (data) => {
      const text = utf8.decode(data)
      if (refused.has(text)) throw new Error(`${text} is refused`)
      return text
    },
  })

  it('counts them as failures of the handler, and goes on once they decode', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const refused = new Set(['b'])
      const [first = ''] = await world.put('a', 'b', 'c')
      const seen: string[] = []
      const served = world.serve(collecting(seen), { options: { codec: codec(refused) } })
      await sleep(60_000)
      assert.deepEqual(seen, ['a'])
      assert.deepEqual(served.tenure.checkpoints, positions([first, 0]))
      assert.ok(served.consumer.lastError instanceof MalformedRecordError)
      refused.clear()
      await sleep(31_000)
      assert.deepEqual(seen, ['a', 'b', 'c'])
      assert.equal(served.events.filter(({ name }) => name === 'malformed').length, 1)
      served.consumer.requestStop()
      await served.done
    }))

  it('hands the raw record to onHandlerError, beside a batch that it cuts in two', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const [, second = '', , fourth] = await world.put('a', 'b', 'c', 'd')
      const batches: string[][] = []
      const letters: HandlerFailure<string>[] = []
      const served = world.serve(
        { eachBatch: ({ records }) => void batches.push(records.map(({ data }) => data)) },
        {
          options: {
            codec: codec(new Set(['b', 'd'])),
            onHandlerError: async (failure) => {
              await sleep(10)
              letters.push(failure)
              return failure.attempts < 2 ? 'retry' : 'skip'
            },
          },
        },
      )
      await sleep(5000)
      assert.deepEqual(batches, [['a'], ['c']])
      assert.deepEqual(
        letters.map(({ attempts }) => attempts),
        [1, 2, 1, 2],
      )
      const [first, again] = letters
      assert.deepEqual(first?.records, [])
      assert.equal(utf8.decode(first?.rawRecord?.data ?? Buffer.alloc(0)), 'b')
      assert.deepEqual(
        [first?.rawRecord?.sequenceNumber, first?.rawRecord?.partitionKey],
        [second, 'b'],
      )
      assert.ok(first?.error instanceof MalformedRecordError)
      assert.equal(again?.firstError, first.error)
      assert.equal(served.metrics.get('SkippedRecords'), 2)
      // The last of the page is passed over, and that is stored as well.
      assert.deepEqual(served.tenure.checkpoints.at(-1)?.sequenceNumber, fourth)
      served.consumer.requestStop()
      await served.done
    }))

  it('obeys skip and stop of either policy', () =>
    runInVirtualTime(async () => {
      const policies = [
        { onHandlerError: 'skip' },
        { onMalformed: 'skip' },
        { onHandlerError: 'stop' },
        { onMalformed: 'stop' },
      ] as const
      for (const policy of policies) {
        const world = await new ShardWorld().create()
        await world.put('a', 'b', 'c')
        const seen: string[] = []
        const served = world.serve(collecting(seen), {
          options: { ...policy, codec: codec(new Set(['b'])) },
        })
        if (Object.values(policy)[0] === 'skip') {
          await sleep(5000)
          assert.deepEqual(seen, ['a', 'c'])
          served.consumer.requestStop()
          await served.done
        } else {
          const expected = 'onMalformed' in policy ? MalformedRecordError : HandlerFailedError
          await assert.rejects(served.done, expected)
          assert.deepEqual(seen, ['a'])
        }
      }
    }))
})

describe('PageDelivery of large aggregates', () => {
  it('hands out as many records at once as it is told', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.putAggregate(['a', 'b', 'c', 'd', 'e'])
      const batches: string[][] = []
      const served = world.serve(
        { eachBatch: ({ records }) => void batches.push(records.map(({ data }) => data)) },
        { options: { maxRecordsPerBatch: 2 } },
      )
      await sleep(3000)
      assert.deepEqual(batches, [['a', 'b'], ['c', 'd'], ['e']])
      served.consumer.requestStop()
      await served.done
    }))

  it('hands them out in batches of 10,000 at most, and lets the event loop in between', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld({ limits: false }).create()
      const texts = Array.from({ length: 25_000 }, (_, i) => `${i}`)
      const number = await world.putAggregate(texts.map((text) => `k${text}`))
      await world.put('last')
      const sizes: number[] = []
      const turnsBefore: number[] = []
      let turns = 0
      const served = world.serve({
        eachBatch: ({ records }) => {
          sizes.push(records.length)
          turnsBefore.push(turns)
          nextTurn(() => turns++)
        },
      })
      await sleep(3000)
      assert.deepEqual(sizes, [10_000, 10_000, 5001])
      assert.deepEqual(turnsBefore, [0, 1, 2])
      assert.equal(served.tenure.checkpoints.length, 1)
      served.consumer.requestStop()
      await served.done
      // A restart from the middle of the aggregate is owed exactly the rest.
      const seen: string[] = []
      const middle = leaseAt(number, {
        checkpoint: { sequenceNumber: number, subSequenceNumber: 24_997 },
      })
      const second = world.serve(collecting(seen), { lease: middle })
      await sleep(3000)
      assert.deepEqual(seen, ['k24998', 'k24999', 'last'])
      second.consumer.requestStop()
      await second.done
    }))
})
