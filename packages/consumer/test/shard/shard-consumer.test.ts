import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { HandlerFailedError } from '../../src/errors.ts'
import type { ShardContext } from '../../src/record.ts'
import type { ShardRecordProcessor } from '../../src/record-processor.ts'
import {
  collecting,
  FakeTenure,
  leaseAt,
  outage,
  positions,
  SHARD,
  ShardWorld,
  through,
} from '../shard-fixture.ts'

describe('ShardConsumer', () => {
  it('delivers the shard in order, checkpoints what is done and ends with SHARD_END', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const numbers = await world.put('a', 'b', 'c')
      const seen: string[] = []
      const served = world.serve(collecting(seen))
      await sleep(5000)
      assert.deepEqual(seen, ['a', 'b', 'c'])
      assert.deepEqual(served.tenure.checkpoints, positions([numbers[2] ?? '', 0]))
      assert.equal(served.consumer.state, 'processing')
      assert.equal(served.consumer.millisBehindLatest, 0)
      await world.put('d')
      await world.split()
      assert.equal(await served.done, 'shard-ended')
      assert.deepEqual(seen, ['a', 'b', 'c', 'd'])
      assert.deepEqual(served.tenure.checkpoints.at(-1), positions(['SHARD_END', 0])[0])
      assert.deepEqual(
        served.ended.map((children) => children.map((child) => child.shardId)),
        [['shardId-000000000001', 'shardId-000000000002']],
      )
      assert.equal(served.consumer.state, 'completed')
      assert.equal(served.metrics.get('RecordsProcessed'), 4)
      assert.equal(served.metrics.get('DataBytesProcessed'), 4)
      assert.ok(served.events.some(({ name }) => name === 'shardEnded'))
    }))

  it('starts no handler call once belief is gone, and leaves the rest to the next owner (S8)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a', 'b', 'c')
      const tenure = new FakeTenure(leaseAt('TRIM_HORIZON'))
      const seen: string[] = []
      const served = world.serve(
        collecting(seen, (record) => {
          // Belief ends by the clock; the signal follows in a later turn.
          if (record.data === 'b') tenure.believed = false
        }),
        { tenure },
      )
      assert.equal(await served.done, 'lease-lost')
      assert.deepEqual(seen, ['a', 'b'])
      assert.deepEqual(tenure.checkpoints, [])
    }))

  it('tries a failed record again from that record on, and passes nothing it failed on (R01)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const numbers = await world.put('a', 'b', 'c')
      const seen: string[] = []
      let isBroken = true
      const served = world.serve(
        collecting(seen, (record) => {
          if (record.data === 'b' && isBroken) throw new Error('broken')
        }),
      )
      await sleep(60_000)
      assert.equal(seen[0], 'a')
      assert.ok(seen.length > 5 && seen.slice(1).every((text) => text === 'b'))
      assert.deepEqual(served.tenure.checkpoints, positions([numbers[0] ?? '', 0]))
      assert.match(String(served.consumer.lastError), /broken/)
      isBroken = false
      await sleep(35_000)
      assert.equal(seen.at(-1), 'c')
      assert.deepEqual(served.tenure.checkpoints.at(-1), positions([numbers[2] ?? '', 0])[0])
      assert.equal(served.consumer.lastError, undefined)
      const failed = served.events.filter(({ name }) => name === 'handlerFailed')
      assert.deepEqual(
        failed.map(({ args }) => (args[0] as { attempts: number }).attempts),
        failed.map((_, i) => i + 1),
      )
      served.consumer.requestStop()
      assert.equal(await served.done, 'stopped')
    }))

  it('stops for a policy that says so, with what was done before stored', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const numbers = await world.put('a', 'b')
      const served = world.serve(
        collecting([], (record) => {
          if (record.data === 'b') throw new Error('broken')
        }),
        { options: { onHandlerError: 'stop' } },
      )
      await assert.rejects(served.done, HandlerFailedError)
      assert.deepEqual(served.tenure.checkpoints, positions([numbers[0] ?? '', 0]))
      assert.equal(served.consumer.state, 'completed')
    }))

  it('skips a failed call when told to, counted', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const numbers = await world.put('a', 'b', 'c')
      const seen: string[] = []
      const served = world.serve(
        collecting(seen, (record) => {
          if (record.data === 'b') throw new Error('broken')
        }),
        { options: { onHandlerError: async ({ attempts }) => (attempts < 3 ? 'retry' : 'skip') } },
      )
      await sleep(5000)
      assert.deepEqual(seen, ['a', 'b', 'b', 'b', 'c'])
      assert.equal(served.metrics.get('SkippedRecords'), 1)
      assert.deepEqual(served.tenure.checkpoints.at(-1), positions([numbers[2] ?? '', 0])[0])
      served.consumer.requestStop()
      await served.done
    }))

  it('finishes the running call on a stop, then checkpoints, and calls no more', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const numbers = await world.put('a', 'b')
      const seen: string[] = []
      const served = world.serve(collecting(seen, () => sleep(3000)))
      await sleep(1000)
      served.consumer.requestStop()
      assert.equal(await served.done, 'stopped')
      assert.deepEqual(seen, ['a'])
      assert.deepEqual(served.tenure.checkpoints, positions([numbers[0] ?? '', 0]))
    }))

  it('checkpoints nothing of a failed batch, even when the processor asks for it at the stop (S4)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const [first = ''] = await world.put('a')
      const served = world.serve({
        processor: () => ({
          processRecords: ({ records }) => {
            if (records.some((record) => record.data === 'b')) throw new Error('broken')
          },
          shutdownRequested: (shard) => shard.checkpoint(),
        }),
      })
      await sleep(1000)
      await world.put('b')
      await sleep(5000)
      served.consumer.requestStop()
      assert.equal(await served.done, 'stopped')
      assert.deepEqual(served.tenure.checkpoints, positions([first, 0]))
    }))

  it('leaves other work alone while a lost handler runs on, and goes on at once when abandoned (R49)', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      await world.put('a')
      const calls: string[] = []
      let shard: ShardContext | undefined
      const served = world.serve({
        processor: () => ({
          initialize: (input) => {
            shard = input.shard
          },
          processRecords: () => sleep(600_000),
          leaseLost: () => void calls.push('leaseLost'),
        }),
      })
      await sleep(1000)
      served.tenure.loseLease()
      await sleep(1)
      assert.equal(shard?.signal.aborted, true)
      const before = time.elapsedMs()
      served.consumer.abandon()
      assert.equal(await served.done, 'lease-lost')
      assert.ok(time.elapsedMs() - before < 10)
      assert.deepEqual(calls, [])
      await sleep(600_000)
      assert.deepEqual(calls, ['leaseLost'])
    }))

  it('delivers nothing while paused, and goes on where it was', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      const seen: string[] = []
      const served = world.serve(collecting(seen))
      await sleep(2000)
      served.consumer.pause()
      await world.put('b', 'c')
      await sleep(30_000)
      assert.deepEqual(seen, ['a'])
      served.consumer.resume()
      await sleep(3000)
      assert.deepEqual(seen, ['a', 'b', 'c'])
      served.consumer.pause()
      served.consumer.requestStop()
      assert.equal(await served.done, 'stopped')
    }))

  it('leaves no timer behind', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      await world.put('a')
      const served = world.serve(collecting([]))
      await sleep(2000)
      served.consumer.requestStop()
      await served.done
      await sleep(2000)
      assert.equal(time.waitingEvents(), 0)
    }))
})

describe('ShardConsumer before the first record', () => {
  it('waits for its parents, looking once a second', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      let open: readonly string[] = ['p1', 'p2']
      let looks = 0
      const seen: string[] = []
      const served = world.serve(collecting(seen), {
        parentsEnded: async () => {
          looks++
          if (looks === 2) throw outage()
          return open
        },
      })
      await sleep(3500)
      assert.equal(looks, 4)
      assert.deepEqual(served.consumer.waitingFor, ['p1', 'p2'])
      assert.equal(served.consumer.state, 'waiting-on-parents')
      assert.deepEqual(seen, [])
      open = []
      await sleep(1500)
      assert.deepEqual(seen, ['a'])
      assert.deepEqual(served.consumer.waitingFor, [])
    }))

  it('reads nothing while it waits for its parents, paused and resumed or not', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      let reads = 0
      const kinesis = through(world, {
        getShardIterator: async () => {
          reads++
          throw outage()
        },
      })
      const served = world.serve(collecting([]), { kinesis, parentsEnded: async () => ['p'] })
      served.consumer.pause()
      served.consumer.resume()
      await sleep(3000)
      assert.equal(reads, 0)
      served.consumer.requestStop()
      await served.done
    }))

  for (const [what, act, outcome] of [
    ['a stop', 'requestStop', 'stopped'],
    ['a lost lease', 'loseLease', 'lease-lost'],
  ] as const) {
    it(`lets ${what} win over parents, answered or not, and tells no processor (R40, R52)`, () =>
      runInVirtualTime(async (time) => {
        const asked: AbortSignal[] = []
        const neverAnswered = (halted: AbortSignal): Promise<never> => {
          asked.push(halted)
          return new Promise(() => {})
        }
        for (const parentsEnded of [async () => ['p'], neverAnswered]) {
          const world = await new ShardWorld().create()
          const calls: string[] = []
          const served = world.serve({ processor: () => spying(calls) }, { parentsEnded })
          await sleep(2500)
          const before = time.elapsedMs()
          if (act === 'requestStop') served.consumer.requestStop()
          else served.tenure.loseLease()
          assert.equal(await served.done, outcome)
          assert.ok(time.elapsedMs() - before < 10)
          assert.deepEqual(calls, [])
        }
        assert.deepEqual(
          asked.map(({ aborted }) => aborted),
          [true],
        )
      }))
  }

  it('calls initialize until it works, whatever the policy says of skipping', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      const calls: string[] = []
      let failures = 3
      const served = world.serve(
        {
          processor: () => ({
            ...spying(calls),
            initialize: (input) => {
              calls.push(`initialize ${input.position} ${String(input.pendingState?.[0])}`)
              if (failures-- > 0) throw new Error('not yet')
            },
          }),
        },
        {
          lease: leaseAt('TRIM_HORIZON', { pendingCheckpointState: Uint8Array.of(9) }),
          options: { onHandlerError: 'skip' },
        },
      )
      await sleep(10_000)
      assert.deepEqual(calls, [...Array(4).fill('initialize TRIM_HORIZON 9'), 'process a'])
      served.consumer.requestStop()
      await served.done
      assert.equal(calls.at(-1), 'shutdownRequested')
    }))

  it('calls nothing at all without belief', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      const tenure = new FakeTenure(leaseAt('TRIM_HORIZON'))
      tenure.believed = false
      const calls: string[] = []
      const served = world.serve({ processor: () => spying(calls) }, { tenure })
      assert.equal(await served.done, 'lease-lost')
      assert.deepEqual(calls, [])
    }))

  it('asks again when the first iterator fails, without moving on (R51)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      world.service.injectFault({ operation: 'getShardIterator', kind: 'fail', times: 3 })
      const seen: string[] = []
      const served = world.serve(collecting(seen))
      await sleep(10_000)
      assert.deepEqual(seen, ['a'])
      served.consumer.requestStop()
      await served.done
    }))

  it('makes LATEST durable before the first delivery, so that a restart misses nothing (R11)', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      await world.put('old')
      await sleep(1000)
      const seen: string[] = []
      const first = world.serve(collecting(seen), { lease: leaseAt('LATEST') })
      first.tenure.failures.push(outage(), outage())
      await sleep(5000)
      assert.equal(first.tenure.starts.length, 1)
      assert.ok((first.tenure.starts[0] ?? 0) <= time.nowMs() - 4000)
      first.tenure.loseLease()
      await first.done
      await world.put('x', 'y')
      await sleep(3_600_000)
      const second = world.serve(collecting(seen), { lease: first.tenure.lease })
      await sleep(2000)
      assert.deepEqual(seen, ['x', 'y'])
      second.consumer.requestStop()
      await second.done
    }))
})

describe('ShardConsumer at the end of the shard', () => {
  it('ends a shard that was empty while initialize still ran (R21)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.split()
      const calls: string[] = []
      const served = world.serve({
        processor: () => ({ ...spying(calls), initialize: () => sleep(30_000) }),
      })
      assert.equal(await served.done, 'shard-ended')
      assert.deepEqual(calls, ['shardEnded'])
      assert.deepEqual(served.tenure.checkpoints, positions(['SHARD_END', 0]))
    }))

  it('stores SHARD_END for a handler that never checkpoints (R17)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      await world.split()
      const served = world.serve({ processor: () => spying([]) })
      assert.equal(await served.done, 'shard-ended')
      assert.deepEqual(served.tenure.checkpoints, positions(['SHARD_END', 0]))
    }))

  it('stores SHARD_END after a processor that checkpointed its last record twice (R16)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      const [number = ''] = await world.put('a')
      await world.split()
      const served = world.serve({
        processor: () => ({
          processRecords: ({ records, shard }) => shard.checkpoint(records.at(-1)),
          shardEnded: async (shard) => {
            await shard.checkpoint()
            await shard.checkpoint({ sequenceNumber: number })
            await shard.checkpoint({ sequenceNumber: 'SHARD_END' })
          },
        }),
      })
      assert.equal(await served.done, 'shard-ended')
      assert.deepEqual(served.tenure.checkpoints, positions([number, 0], ['SHARD_END', 0]))
    }))

  it('never writes behind SHARD_END (R15)', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a', 'b')
      await world.split()
      let shard: ShardContext | undefined
      const served = world.serve({
        processor: () => ({
          processRecords: (batch) => {
            shard = batch.shard
          },
        }),
      })
      assert.equal(await served.done, 'shard-ended')
      await shard?.checkpoint()
      await shard?.prepareCheckpoint()
      assert.deepEqual(served.tenure.checkpoints, positions(['SHARD_END', 0]))
      assert.deepEqual(served.tenure.prepared, [])
    }))

  it('creates the children first, however often that is blocked or fails', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      await world.split()
      const order: string[] = []
      const tenure = new FakeTenure(leaseAt('TRIM_HORIZON'))
      const served = world.serve(
        {
          processor: () => ({ ...spying(order), shardEnded: () => void order.push('shardEnded') }),
        },
        {
          tenure,
          endShard: async () => {
            order.push('endShard')
            assert.deepEqual(tenure.checkpoints, [])
            if (order.length === 2) throw outage()
            return order.length < 4 ? 'blocked' : 'ended'
          },
        },
      )
      // The write of SHARD_END fails twice as well.
      await sleep(1)
      tenure.failures.push(outage(), outage())
      assert.equal(await served.done, 'shard-ended')
      assert.deepEqual(order, ['process a', 'endShard', 'endShard', 'endShard', 'shardEnded'])
      assert.deepEqual(tenure.checkpoints, positions(['SHARD_END', 0]))
    }))

  it('ends a lease at SHARD_END again, without a word to the handler', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.put('a')
      await world.split()
      const calls: string[] = []
      const served = world.serve(
        { processor: () => spying(calls) },
        { lease: leaseAt('SHARD_END') },
      )
      assert.equal(await served.done, 'shard-ended')
      assert.deepEqual(
        served.ended[0]?.map((child) => child.parentShardIds),
        [[SHARD], [SHARD]],
      )
      assert.deepEqual(calls, [])
      assert.deepEqual(served.tenure.checkpoints, [])
    }))

  it('never makes children again that the row names: they may have been tidied away', () =>
    runInVirtualTime(async () => {
      const world = await new ShardWorld().create()
      await world.split()
      const served = world.serve(
        { processor: () => spying([]) },
        { lease: leaseAt('SHARD_END', { childShardIds: ['shardId-000000000001'] }) },
      )
      assert.equal(await served.done, 'shard-ended')
      assert.deepEqual(served.ended, [])
    }))
})

function spying(calls: string[]): ShardRecordProcessor<string> {
  return {
    initialize: () => {},
    processRecords: ({ records }) =>
      void calls.push(`process ${records.map((r) => r.data).join()}`),
    leaseLost: () => void calls.push('leaseLost'),
    shardEnded: () => void calls.push('shardEnded'),
    shutdownRequested: () => void calls.push('shutdownRequested'),
  }
}
