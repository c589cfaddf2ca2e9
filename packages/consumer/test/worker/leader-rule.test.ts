import assert from 'node:assert/strict'
import type { LeaderRow } from '../../src/lease/leader-row.ts'
import {
  type LockObservation,
  mayAcquire,
  mayServeItself,
  observeLock,
} from '../../src/worker/leader-rule.ts'

function row(recordVersionNumber: string, fields: Partial<LeaderRow> = {}): LeaderRow {
  return {
    ownerName: 'leader',
    leaseDurationMs: 10_000,
    recordVersionNumber,
    isReleased: false,
    ...fields,
  }
}

const LOOK = { lookedMs: 5, isFromAfar: false }

describe('observeLock', () => {
  it('counts from the first sight of a version', () => {
    const first = observeLock(undefined, row('v1'), 100)
    assert.equal(first.sinceMs, 100)
    assert.equal(observeLock(first, row('v1'), 900).sinceMs, 100)
    assert.equal(observeLock(first, row('v2'), 900).sinceMs, 900)
    assert.equal(observeLock(first, undefined, 900).sinceMs, 900)
  })

  it('counts for how long there has been no lock', () => {
    const none = observeLock(undefined, undefined, 100)
    assert.equal(observeLock(none, undefined, 900).sinceMs, 100)
  })
})

describe('mayAcquire', () => {
  it('takes an absent or a released lock at once', () => {
    assert.equal(mayAcquire({ row: undefined, ...LOOK, sinceMs: 5 }, 5), true)
    assert.equal(mayAcquire({ row: row('v1', { isReleased: true }), ...LOOK, sinceMs: 5 }, 5), true)
  })

  it("waits for longer than the lock's own duration, whatever ours is", () => {
    const java = { row: row('v1', { leaseDurationMs: 120_000 }), ...LOOK, sinceMs: 0 }
    assert.equal(mayAcquire(java, 120_000), false)
    assert.equal(mayAcquire(java, 120_001), true)
  })

  it('leaves it to those who look more often, once', () => {
    const often = [0, 4000, 8000, 10_001].reduce(
      (seen: LockObservation | undefined, nowMs) => observeLock(seen, row('v1'), nowMs),
      undefined,
    )
    assert.equal(often !== undefined && mayAcquire(often, 10_001), true)
    const first = observeLock(observeLock(undefined, row('v1'), 0), row('v1'), 10_001)
    assert.equal(mayAcquire(first, 10_001), false)
    assert.equal(mayAcquire(observeLock(first, row('v1'), 12_000), 12_000), true)
    // However far apart its looks are.
    assert.equal(mayAcquire(observeLock(first, row('v1'), 30_000), 30_000), true)
  })
})

describe('mayServeItself', () => {
  const options = { assignmentIntervalMs: 5000, failoverTimeMs: 10_000 }

  it('waits until the lock has stood still for its duration and two assignments', () => {
    const short = { row: row('v1', { leaseDurationMs: 1000 }), ...LOOK, sinceMs: 0 }
    assert.equal(mayServeItself(short, 10_000, 60_000, options), false)
    assert.equal(mayServeItself(short, 10_001, 60_000, options), true)
    const long = { row: row('v1', { leaseDurationMs: 120_000 }), ...LOOK, sinceMs: 0 }
    assert.equal(mayServeItself(long, 120_000, 600_000, options), false)
    assert.equal(mayServeItself(long, 120_001, 600_000, options), true)
  })

  it('does not trust a view of the table that is younger than F', () => {
    const seen = { row: undefined, ...LOOK, sinceMs: 0 }
    assert.equal(mayServeItself(seen, 1_000_000, 10_000, options), false)
    assert.equal(mayServeItself(seen, 1_000_000, 10_001, options), true)
  })
})
