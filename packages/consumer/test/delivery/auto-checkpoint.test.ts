import assert from 'node:assert/strict'
import { sleep, systemRandom } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import {
  AutoCheckpoint,
  type AutoCheckpointPolicy,
  dueInMs,
} from '../../src/delivery/auto-checkpoint.ts'
import { LeaseLostError } from '../../src/errors.ts'
import { outage } from '../shard-fixture.ts'

const NEVER = Number.POSITIVE_INFINITY

class Stores {
  readonly atMs: number[] = []
  readonly failures: Error[] = []
  readonly reported: number[] = []
  readonly controller = new AbortController()
  readonly auto: AutoCheckpoint

  constructor(policy: AutoCheckpointPolicy, elapsedMs: () => number, tookMs = 0) {
    this.auto = new AutoCheckpoint({
      policy,
      store: async () => {
        this.atMs.push(Math.round(elapsedMs()))
        if (tookMs > 0) await sleep(tookMs)
        const failure = this.failures.shift()
        if (failure !== undefined) throw failure
      },
      signal: this.controller.signal,
      random: systemRandom,
      onFailure: (_error, failures) => this.reported.push(failures),
    })
  }
}

describe('dueInMs', () => {
  it('counts records and milliseconds, whichever comes first', () => {
    const policy = { everyMs: 1000, everyRecords: 10 }
    assert.equal(dueInMs(policy, { records: 9, elapsedMs: 400 }), 600)
    assert.equal(dueInMs(policy, { records: 10, elapsedMs: 400 }), 0)
    assert.equal(dueInMs(policy, { records: 1, elapsedMs: 5000 }), 0)
    assert.equal(
      dueInMs({ everyMs: NEVER, everyRecords: 2 }, { records: 1, elapsedMs: 9e9 }),
      NEVER,
    )
  })
})

describe('AutoCheckpoint', () => {
  it('stores at most once in the interval, and the last work too when nothing follows it', () =>
    runInVirtualTime(async (time) => {
      const stores = new Stores({ everyMs: 1000, everyRecords: NEVER }, () => time.elapsedMs())
      for (let i = 0; i < 25; i++) {
        stores.auto.worked(1)
        await sleep(100)
      }
      await sleep(60_000)
      assert.deepEqual(stores.atMs, [1000, 2000, 3000])
      assert.equal(time.waitingEvents(), 0)
    }))

  it('stores after so many records', () =>
    runInVirtualTime(async (time) => {
      const stores = new Stores({ everyMs: NEVER, everyRecords: 10 }, () => time.elapsedMs())
      for (let i = 0; i < 39; i++) {
        stores.auto.worked(1)
        await sleep(1)
      }
      assert.equal(stores.atMs.length, 3)
    }))

  it('has one write in flight, and then stores what was done meanwhile', () =>
    runInVirtualTime(async (time) => {
      const stores = new Stores({ everyMs: 100, everyRecords: NEVER }, () => time.elapsedMs(), 1000)
      for (let i = 0; i < 20; i++) {
        stores.auto.worked(1)
        await sleep(50)
      }
      await sleep(5000)
      assert.deepEqual(stores.atMs, [100, 1100])
    }))

  it('tries again with back-off until it is stored', () =>
    runInVirtualTime(async (time) => {
      const stores = new Stores({ everyMs: 100, everyRecords: NEVER }, () => time.elapsedMs())
      stores.failures.push(outage(), outage(), outage())
      stores.auto.worked(1)
      await sleep(30_000)
      assert.equal(stores.atMs.length, 4)
      assert.deepEqual(stores.reported, [1, 2, 3])
    }))

  it('ends quietly with the lease, at once, and loudly by anything unforeseen', () =>
    runInVirtualTime(async (time) => {
      for (const loses of ['before', 'while it waits', 'while it stores', 'never'] as const) {
        const policy = { everyMs: 100, everyRecords: NEVER }
        const stores = new Stores(policy, () => time.elapsedMs(), 20)
        const isLost = loses !== 'never'
        stores.failures.push(isLost ? new LeaseLostError('shard', 'taken') : new Error('a bug'))
        if (loses === 'before') stores.controller.abort()
        stores.auto.worked(1)
        await sleep(loses === 'while it waits' ? 50 : 110)
        if (isLost) stores.controller.abort()
        if (loses !== 'while it stores') assert.equal(time.waitingEvents(), isLost ? 0 : 1)
        await sleep(1000)
        stores.auto.worked(1)
        await sleep(1000)
        const isStored = loses === 'while it stores' || loses === 'never'
        assert.equal(stores.atMs.length, isStored ? 1 : 0, loses)
        assert.equal(stores.reported.length, isLost ? 0 : 1, loses)
      }
    }))

  it('flushes at once, and stops for good', () =>
    runInVirtualTime(async (time) => {
      const stores = new Stores({ everyMs: 60_000, everyRecords: NEVER }, () => time.elapsedMs())
      stores.auto.worked(1)
      stores.failures.push(outage())
      await stores.auto.flush()
      assert.equal(stores.atMs.length, 2)
      stores.auto.worked(1)
      stores.auto.stop()
      await sleep(120_000)
      assert.equal(stores.atMs.length, 2)
      assert.equal(time.waitingEvents(), 0)
    }))
})
