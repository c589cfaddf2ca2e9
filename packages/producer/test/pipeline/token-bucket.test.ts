import assert from 'node:assert/strict'
import fc from 'fast-check'
import { TokenBucket } from '../../src/pipeline/token-bucket.ts'

describe('TokenBucket', () => {
  it('starts full and refills with time', () => {
    const bucket = new TokenBucket({ perSecond: 1000, burstSeconds: 0.25 }, 0)
    assert.equal(bucket.waitMs(250, 0), 0)
    bucket.take(250)
    assert.equal(bucket.waitMs(1, 0), 1)
    assert.equal(bucket.waitMs(100, 50), 50)
    assert.equal(bucket.waitMs(100, 100), 0)
  })

  it('lets a cost above its capacity pass once full, and then waits for the debt', () => {
    const bucket = new TokenBucket({ perSecond: 100, burstSeconds: 1 }, 0)
    assert.equal(bucket.waitMs(1000, 0), 0)
    bucket.take(1000)
    assert.equal(bucket.waitMs(100, 0), 10_000)
    assert.equal(bucket.waitMs(100, 10_000), 0)
  })

  it('never grants more than rate x time + burst + one borrowed cost', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 600 })), {
          maxLength: 200,
        }),
        (steps) => {
          const bucket = new TokenBucket({ perSecond: 1000, burstSeconds: 0.25 }, 0)
          let nowMs = 0
          let granted = 0
          for (const [passMs, cost] of steps) {
            nowMs += passMs
            if (bucket.waitMs(cost, nowMs) > 0) continue
            bucket.take(cost)
            granted += cost
            assert.ok(granted <= nowMs + 250 + Math.max(0, cost - 250))
          }
        },
      ),
    )
  })
})
