import assert from 'node:assert/strict'
import { inFleet } from './fleet.ts'

const SHARDS = 100
/** F/3, and the look itself. */
const LOOK_MS = 4000

describe('Worker, whose reads of single rows are too slow to be answered', () => {
  it('looks at the table all the same, and closes in time', () =>
    inFleet({ shards: SHARDS }, async (fleet) => {
      const { world } = fleet
      const options = { retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 5000 } } as const
      fleet.start('a', { options })
      await fleet.until('all at a', () => fleet.isSpread(SHARDS, 'a'), 300_000)
      fleet.kill('a')
      const times = Number.POSITIVE_INFINITY
      world.dynamo.injectFault({ operation: 'getItem', kind: 'delay', delayMs: 2500, times })
      fleet.start('b', { options })
      await fleet.until('all given to b', () => fleet.isSpread(SHARDS, 'b'), 120_000)
      for (let looks = 0; looks < 10; looks++) {
        const before = world.counted('call.dynamo.scan')
        await fleet.until('a look', () => world.counted('call.dynamo.scan') > before, LOOK_MS)
      }
      const fromMs = world.nowMs()
      await fleet.consumer('b').close({ timeoutMs: 30_000 })
      assert.ok(world.nowMs() - fromMs < 5000, `${world.nowMs() - fromMs}`)
      assert.deepEqual(fleet.leasesOf('b'), [])
      assert.equal(fleet.leader(), undefined)
      assert.equal(fleet.row('b'), undefined)
    }))
})
