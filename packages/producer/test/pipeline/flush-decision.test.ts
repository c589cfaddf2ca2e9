import assert from 'node:assert/strict'
import {
  aggregationDeadlineMs,
  collectionDeadlineMs,
  leavesAfter,
  leavesBefore,
} from '../../src/pipeline/flush-decision.ts'

describe('aggregationDeadlineMs', () => {
  it('counts from admission, and never passes expiry', () => {
    assert.equal(aggregationDeadlineMs(1000, false, 1000, 100, 31_000), 1100)
    assert.equal(aggregationDeadlineMs(1000, false, 1000, 1000, 1300), 1300)
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

  it('leaves a later deadline and an earlier expiry as they are', () => {
    assert.equal(collectionDeadlineMs(1500, 31_000, 1100, 100, true), 1500)
    assert.equal(collectionDeadlineMs(1100, 1105, 1100, 100, true), 1105)
  })

  it('adds nothing without aggregation', () => {
    assert.equal(collectionDeadlineMs(1100, 31_000, 1000, 100, false), 1100)
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
