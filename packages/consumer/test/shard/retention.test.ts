import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import type { RetentionPassedInfo } from '../../src/events.ts'
import {
  collecting,
  leaseAt,
  type ServedShard,
  SHARD,
  ShardWorld,
  STREAM,
} from '../shard-fixture.ts'

function toldBy(served: ServedShard): Partial<RetentionPassedInfo>[] {
  return served.events
    .filter(({ name }) => name === 'retentionPassed')
    .map(({ args }) => args[0] as RetentionPassedInfo)
}

describe('ShardConsumer behind retention', () => {
  it('goes on at the oldest record and says that others are gone, once', () =>
    runInVirtualTime(async (time) => {
      const world = await new ShardWorld().create()
      const [stored = ''] = await world.put('a', 'b', 'c')
      await sleep(1000)
      world.service.trim(STREAM, SHARD, time.nowMs())
      const resumedMs = time.nowMs()
      const [oldest] = await world.put('d', 'e')
      const seen: string[] = []
      const served = world.serve(collecting(seen), { lease: leaseAt(stored) })
      await sleep(5000)
      assert.deepEqual(seen, ['d', 'e'])
      const told = toldBy(served)
      assert.equal(told.length, 1)
      const [{ resumedArrivalMs = 0, ...rest } = {}] = told
      const after = { after: stored, resumedAt: oldest, missedMs: undefined }
      assert.deepEqual(rest, { stream: STREAM, shardId: SHARD, ...after })
      assert.ok(resumedArrivalMs >= resumedMs)
      assert.equal(served.metrics.get('RetentionPassed'), 1)
      served.consumer.requestStop()
      await served.done
    }))

  it('says how much is gone when it was paused for longer than retention is', () =>
    runInVirtualTime(
      async (time) => {
        const world = await new ShardWorld().create()
        await world.put('a')
        const seen: string[] = []
        const served = world.serve(collecting(seen))
        await sleep(3000)
        served.consumer.pause()
        const day = 86_400_000
        await world.put('b')
        await sleep(day)
        world.service.trim(STREAM, SHARD, time.nowMs())
        await world.put('c')
        served.consumer.resume()
        await sleep(5000)
        // What was read ahead before the pause is still handed on.
        assert.equal(seen.at(-1), 'c')
        const [{ missedMs = 0 } = {}] = toldBy(served)
        assert.ok(missedMs >= day && missedMs < day + 10_000, `${missedMs}`)
        served.consumer.requestStop()
        await served.done
      },
      { maxVirtualMs: 90_000_000 },
    ))
})
