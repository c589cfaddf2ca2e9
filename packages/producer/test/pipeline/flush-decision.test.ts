import assert from 'node:assert/strict'
import {
  aggregationDeadlineMs,
  collectionDeadlineMs,
  holdTimeMs,
  leastTtlMs,
  leavesAfter,
  leavesBefore,
} from '../../src/pipeline/flush-decision.ts'

describe('aggregationDeadlineMs', () => {
  it('counts from admission', () => {
    assert.equal(aggregationDeadlineMs(1000, false, 1000, 100, 31_000), 1100)
  })

  it('comes before expiry, so that what is due is sent and not expired', () => {
    assert.equal(aggregationDeadlineMs(1000, false, 1000, 1000, 1300), 1290)
    assert.equal(aggregationDeadlineMs(1000, true, 1250, 200, 1300), 1290)
  })

  it('gives a retried record half the time from now', () => {
    assert.equal(aggregationDeadlineMs(1000, true, 5000, 100, 31_000), 5050)
  })
})

describe('collectionDeadlineMs', () => {
  it('adds a fifth of the buffered time, 50 ms at most', () => {
    assert.equal(collectionDeadlineMs(1100, 31_000, 1100, 100, true), 1120)
    assert.equal(collectionDeadlineMs(2000, 31_000, 2000, 1000, true), 2050)
    assert.equal(collectionDeadlineMs(1000, 31_000, 1000, 0, true), 1000)
  })

  it('leaves a later deadline as it is, and comes before expiry', () => {
    assert.equal(collectionDeadlineMs(1500, 31_000, 1100, 100, true), 1500)
    assert.equal(collectionDeadlineMs(1100, 1115, 1100, 100, true), 1105)
    assert.equal(collectionDeadlineMs(1115, 1115, 1100, 100, false), 1105)
  })

  it('adds nothing without aggregation', () => {
    assert.equal(collectionDeadlineMs(1100, 31_000, 1000, 100, false), 1100)
  })
})

describe('leastTtlMs', () => {
  it('is more than a record may be buffered, aggregated and collected', () => {
    assert.equal(leastTtlMs(100, true), 121)
    assert.equal(leastTtlMs(1000, true), 1051)
    assert.equal(leastTtlMs(1000, false), 1001)
    assert.equal(leastTtlMs(0, true), 1)
  })
})

describe('holdTimeMs', () => {
  it('is 5 s, or half the time that a record has', () => {
    assert.equal(holdTimeMs(30_000), 5000)
    assert.equal(holdTimeMs(2001), 1000)
  })
})

describe('when a request leaves', () => {
  const limits = { maxRecords: 500, maxBytes: 5_242_880 }

  it('is before a record that would make it too large, if it holds any', () => {
    assert.equal(leavesBefore(1, 5_242_880, 1, limits), true)
    assert.equal(leavesBefore(1, 5_242_879, 1, limits), false)
    assert.equal(leavesBefore(0, 0, 9_000_000, limits), false)
  })

  it('is at its count, its bytes, or 256 KiB for one shard', () => {
    assert.equal(leavesAfter(499, 10, 10, limits), false)
    assert.equal(leavesAfter(500, 10, 10, limits), true)
    assert.equal(leavesAfter(1, 5_242_880, 10, limits), true)
    assert.equal(leavesAfter(5, 300_000, 262_143, limits), false)
    assert.equal(leavesAfter(6, 300_000, 262_144, limits), true)
  })
})
