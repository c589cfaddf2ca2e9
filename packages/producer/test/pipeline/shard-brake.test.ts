import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ShardBrake } from '../../src/pipeline/shard-brake.ts'

describe('ShardBrake', () => {
  it('is off, and costs no wait, until something is refused', () => {
    const brake = new ShardBrake()
    assert.equal(brake.isOn, false)
    assert.equal(brake.isSlow, false)
    assert.equal(brake.waitMs(0), 0)
  })

  it('pauses for full jitter first, then for a second after the call or more', () => {
    const brake = new ShardBrake()
    brake.refuses(0, 20, 0.5)
    assert.equal(brake.waitMs(20), 100)
    assert.equal(brake.isStuck, false)
    brake.refuses(120, 140, 0)
    assert.equal(brake.waitMs(140), 980)
    assert.equal(brake.isStuck, true)
  })

  it('heeds no answer to a call that travelled when the pause began', () => {
    const brake = new ShardBrake()
    brake.refuses(100, 120, 0.5)
    brake.refuses(110, 130, 0.999)
    assert.equal(brake.waitMs(120), 100)
    assert.equal(brake.takes(119), false)
    assert.equal(brake.isOn, true)
  })

  it('opens at once when the shard takes something, at half the rate, which grows back', () => {
    const brake = new ShardBrake()
    brake.refuses(0, 0, 0.9)
    brake.probes(180)
    assert.equal(brake.waitMs(180), 2000)
    assert.equal(brake.takes(180), true)
    assert.equal(brake.waitMs(181), 0)
    assert.equal(brake.shareAt(0), 0.5)
    assert.equal(brake.shareAt(5000), 0.75)
    assert.equal(brake.shareAt(10_000), 1)
    assert.equal(brake.isSlow, false)
  })

  it('eases once for answers that come together', () => {
    const brake = new ShardBrake()
    brake.eases(1000)
    brake.eases(1001)
    assert.ok(Math.abs(brake.shareAt(1001) - 0.9) < 0.001)
    brake.eases(1300)
    assert.ok(Math.abs(brake.shareAt(1300) - 0.82) < 0.01)
  })

  it('keeps calls a second apart from the second refusal on, and pauses no longer than the cap', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 2, maxLength: 60 }),
        fc.integer({ min: 0, max: 900 }),
        (randoms, latencyMs) => {
          const brake = new ShardBrake()
          let nowMs = 0
          randoms.forEach((random, refusals) => {
            const sentMs = nowMs
            brake.probes(sentMs)
            brake.refuses(sentMs, sentMs + latencyMs, random)
            nowMs = sentMs + latencyMs + brake.waitMs(sentMs + latencyMs)
            if (refusals > 0) assert.ok(nowMs - sentMs >= 1000)
            assert.ok(nowMs - sentMs <= latencyMs + 5000)
            assert.ok(brake.shareAt(nowMs) >= 0.05)
          })
        },
      ),
    )
  })
})
