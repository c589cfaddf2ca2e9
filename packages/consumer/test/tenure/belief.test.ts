import assert from 'node:assert/strict'
import { beliefEndMs, leaseCallTimeoutMs, renewalIntervalMs } from '../../src/tenure/belief.ts'

describe('beliefEndMs', () => {
  it('leaves a margin that two clocks with an error of 1 % cannot eat up', () => {
    const failoverTimeMs = 10_000
    const held = (beliefEndMs(1000, failoverTimeMs) - 1000) / 0.99
    const watched = failoverTimeMs / 1.01
    assert.ok(held < watched, `${held} < ${watched}`)
    assert.equal(beliefEndMs(1000, failoverTimeMs), 10_500)
  })
})

describe('renewalIntervalMs and leaseCallTimeoutMs', () => {
  for (const failoverTimeMs of [1000, 3000, 10_000, 60_000]) {
    it(`let a renewal be repeated within a lease of ${failoverTimeMs} ms`, () => {
      const worstMs = renewalIntervalMs(failoverTimeMs) + 2 * leaseCallTimeoutMs(failoverTimeMs)
      assert.ok(worstMs < beliefEndMs(0, failoverTimeMs))
      assert.ok(leaseCallTimeoutMs(failoverTimeMs) <= 2000)
    })
  }
})
