import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { settledWithin } from '../../src/worker/settled-within.ts'

describe('settledWithin', () => {
  it('waits for the last, and counts failures as settled', () =>
    runInVirtualTime(async (time) => {
      const failing = sleep(3000).then(() => Promise.reject(new Error('no')))
      assert.equal(await settledWithin([sleep(1000), failing], 5000), true)
      assert.equal(time.elapsedMs(), 3000)
      assert.equal(time.waitingEvents(), 0)
    }))

  it('waits no longer than that', () =>
    runInVirtualTime(async (time) => {
      assert.equal(await settledWithin([sleep(1000), new Promise(() => {})], 5000), false)
      assert.equal(time.elapsedMs(), 5000)
    }))

  it('has nothing to wait for when there is nothing', () =>
    runInVirtualTime(async (time) => {
      assert.equal(await settledWithin([], 5000), true)
      assert.equal(time.elapsedMs(), 0)
      assert.equal(time.waitingEvents(), 0)
    }))
})
