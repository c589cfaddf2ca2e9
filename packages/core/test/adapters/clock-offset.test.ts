import assert from 'node:assert/strict'
import { clockOffsetMs } from '../../src/adapters/clock-offset.ts'

const NOW_MS = Date.UTC(2026, 10, 26, 12)
const HOUR_MS = 3_600_000

function dated(aheadMs: number): { date: string } {
  return { date: new Date(NOW_MS + aheadMs).toUTCString() }
}

describe('clockOffsetMs', () => {
  it('measures a clock that is an hour off, either way', () => {
    assert.equal(clockOffsetMs(dated(HOUR_MS), 0, NOW_MS), HOUR_MS)
    assert.equal(clockOffsetMs(dated(-HOUR_MS), 0, NOW_MS), -HOUR_MS)
  })

  it('keeps what it has for the seconds that an answer takes', () => {
    assert.equal(clockOffsetMs(dated(-6000), 0, NOW_MS), 0)
    assert.equal(clockOffsetMs(dated(HOUR_MS - 6000), HOUR_MS, NOW_MS), HOUR_MS)
  })

  it('returns to none when our clock is set right', () => {
    assert.equal(clockOffsetMs(dated(0), HOUR_MS, NOW_MS), 0)
  })

  it('believes neither a cached answer nor one without a date', () => {
    assert.equal(clockOffsetMs({ ...dated(HOUR_MS), age: '3600' }, 0, NOW_MS), 0)
    assert.equal(clockOffsetMs({}, 7, NOW_MS), 7)
    assert.equal(clockOffsetMs({ date: 'yesterday' }, 7, NOW_MS), 7)
  })
})
