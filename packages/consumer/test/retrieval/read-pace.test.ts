import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ReadPace } from '../../src/retrieval/read-pace.ts'

const MIB = 1024 * 1024
const SETTINGS = { idleTimeBetweenReadsMs: 1500, maxRecords: 10_000 }
const BEHIND = { records: 10, bytes: 1000, millisBehindLatest: 1 }
const AT_TIP = { records: 10, bytes: 1000, millisBehindLatest: 0 }

describe('ReadPace', () => {
  it('is quick behind the tip and calm at it', () => {
    const pace = new ReadPace(SETTINGS)
    assert.equal(pace.afterPage(BEHIND, 1000), 200)
    assert.equal(pace.afterPage(AT_TIP, 1200), 1500)
    // Some emulators never say that they are behind.
    assert.equal(pace.afterPage({ ...AT_TIP, records: 9500 }, 2700), 200)
  })

  it('doubles its pause when throttled, to four times, and is back within five seconds', () => {
    const pace = new ReadPace(SETTINGS)
    for (const expected of [400, 800, 800]) {
      pace.throttled()
      assert.equal(pace.leastMs, expected)
    }
    let nowMs = 0
    while (pace.leastMs > 200) nowMs += pace.afterPage(BEHIND, nowMs)
    assert.ok(nowMs > 1000 && nowMs < 5000, `${nowMs}`)
  })

  it('waits five seconds behind a page that was cut short', () => {
    const pace = new ReadPace(SETTINGS)
    assert.equal(pace.afterPage({ ...BEHIND, bytes: 10 * MIB }, 100_000), 5000)
  })

  it('never reads more than two MiB a second and a second on top, nor five times a second', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 10 * MIB }), { minLength: 2, maxLength: 40 }),
        (pages) => {
          const pace = new ReadPace(SETTINGS)
          let nowMs = 5000
          let bytes = 0
          for (const page of pages) {
            const grantedBytes = ((nowMs - 5000) / 1000 + 1) * 2 * MIB
            assert.ok(bytes <= grantedBytes + 1, `${bytes} by ${nowMs}`)
            bytes += page
            const pauseMs = pace.afterPage({ ...BEHIND, bytes: page }, nowMs)
            assert.ok(pauseMs >= 200)
            nowMs += pauseMs
          }
        },
      ),
    )
  })
})
