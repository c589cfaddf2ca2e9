import assert from 'node:assert/strict'
import {
  type LockObservation,
  leavesItToOthers,
  mayAcquire,
  mayServeItself,
  mustMakeWay,
  observeLock,
} from '../../src/leader/leader-rule.ts'
import type { LeaderRow } from '../../src/lease/leader-row.ts'

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

describe('leavesItToOthers', () => {
  const free = { row: undefined, ...LOOK, sinceMs: 5 }
  const past = { madeWayMs: 0, hasPeers: true }

  it('leaves a free lock to its peers for 15 s after it has made way', () => {
    assert.equal(leavesItToOthers(free, 15_004, past), true)
    assert.equal(leavesItToOthers(free, 15_005, past), false)
    assert.equal(leavesItToOthers(free, 5, { ...past, hasPeers: false }), false)
    assert.equal(leavesItToOthers(free, 5, { ...past, madeWayMs: Number.NEGATIVE_INFINITY }), false)
  })

  it('leaves a lock that others have held meanwhile for 30 s in all', () => {
    const freed = { ...free, sinceMs: 29_000 }
    assert.equal(leavesItToOthers(freed, 29_999, past), true)
    assert.equal(leavesItToOthers(freed, 30_000, past), false)
  })

  it('takes one whose holder has died', () => {
    const stale = { row: row('v1'), ...LOOK, sinceMs: 5 }
    assert.equal(leavesItToOthers(stale, 11_000, past), false)
  })
})

describe('mustMakeWay', () => {
  const trouble = { failures: 3, sinceMs: 1000, passes: false, hasPeers: false }

  it('gives up at the third failure in a row that waiting does not help', () => {
    assert.equal(mustMakeWay({ ...trouble, failures: 2 }, 99_000), false)
    assert.equal(mustMakeWay(trouble, 1000), true)
  })

  it('bears with what passes for 30 s, and for ever where nobody else could lead', () => {
    const passing = { ...trouble, failures: 9, passes: true, hasPeers: true }
    assert.equal(mustMakeWay(passing, 30_999), false)
    assert.equal(mustMakeWay(passing, 31_000), true)
    assert.equal(mustMakeWay({ ...passing, hasPeers: false }, 99_000), false)
  })
})
