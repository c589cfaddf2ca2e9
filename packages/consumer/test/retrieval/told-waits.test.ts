import assert from 'node:assert/strict'
import { AbortedError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { ReadBudget } from '../../src/retrieval/read-budget.ts'
import { toldWaits } from '../../src/retrieval/told-waits.ts'

const NEVER = new AbortController().signal

describe('toldWaits', () => {
  it('tells of a wait that lasts, once, and of no other', () =>
    runInVirtualTime(async (time) => {
      const budget = new ReadBudget(1000)
      const told: number[] = []
      const reads = toldWaits(budget.forShard(), () => told.push(Math.round(time.elapsedMs())))
      const first = await reads.reserve(NEVER)
      first.accept(1000)
      await sleep(20_000)
      assert.equal(told.length, 0)
      const waiting = toldWaits(budget.forShard(), () => told.push(1)).reserve(NEVER)
      await sleep(30_000)
      assert.deepEqual(told, [1])
      first.release()
      assert.equal((await waiting).accept(1), true)
    }))

  it('leaves no timer behind when the shard is given up', () =>
    runInVirtualTime(async (time) => {
      const budget = new ReadBudget(1000)
      const first = await budget.forShard().reserve(NEVER)
      first.accept(1000)
      const leaving = new AbortController()
      const left = toldWaits(budget.forShard(), () => assert.fail('told')).reserve(leaving.signal)
      leaving.abort()
      await assert.rejects(left, AbortedError)
      assert.equal(time.waitingEvents(), 0)
    }))
})
