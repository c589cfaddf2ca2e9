import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PeriodAverages } from '../../src/worker-metrics/period-averages.ts'

const PERIOD_MS = 30_000

describe('PeriodAverages', () => {
  it('has nothing to report before the first sample', () => {
    assert.deepEqual(new PeriodAverages().report(0), [])
  })

  it('ends the first period at the first report, and later ones after 30 s', () => {
    const averages = new PeriodAverages()
    averages.sample(10)
    averages.sample(20)
    assert.deepEqual(averages.report(10_000), [15])
    averages.sample(40)
    assert.deepEqual(averages.report(20_000), [15])
    averages.sample(50)
    assert.deepEqual(averages.report(40_000), [15, 45])
  })

  it('rounds to six decimals', () => {
    const averages = new PeriodAverages()
    for (const percent of [1, 1, 2]) averages.sample(percent)
    assert.deepEqual(averages.report(0), [1.333333])
  })

  it('keeps the newest ten, oldest first', () => {
    const averages = new PeriodAverages()
    let report: readonly number[] = []
    for (let period = 1; period <= 12; period++) {
      averages.sample(period)
      report = averages.report(period * PERIOD_MS)
    }
    assert.deepEqual(report, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  it('says -1 for a period in which each reading failed, not for one in which one did', () => {
    const averages = new PeriodAverages()
    averages.sample(10)
    averages.fail()
    averages.report(0)
    averages.fail()
    assert.deepEqual(averages.report(PERIOD_MS), [10, -1])
  })

  it('adds nothing for a period without any reading', () => {
    const averages = new PeriodAverages()
    averages.sample(10)
    averages.report(0)
    assert.deepEqual(averages.report(PERIOD_MS), [10])
  })

  it('reports nothing after three failed periods, and all again when readings come back', () => {
    const averages = new PeriodAverages()
    const failed = (period: number): readonly number[] => {
      averages.fail()
      return averages.report(period * PERIOD_MS)
    }
    averages.sample(10)
    averages.report(0)
    assert.deepEqual(failed(1), [10, -1])
    assert.deepEqual(failed(2), [10, -1, -1])
    assert.deepEqual(failed(3), [])
    assert.ok(averages.isGivenUp)
    averages.sample(20)
    assert.deepEqual(averages.report(4 * PERIOD_MS), [10, -1, -1, -1, 20])
    assert.ok(!averages.isGivenUp)
  })

  it('holds at most ten values between 0 and 100 or -1, whatever comes', () => {
    const step = fc.oneof(
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.constantFrom('fail' as const, 'report' as const),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(40_000), (steps, pauseMs) => {
        const averages = new PeriodAverages()
        let nowMs = 0
        for (const each of steps) {
          if (each === 'fail') averages.fail()
          else if (each !== 'report') averages.sample(each)
          else {
            nowMs += pauseMs
            const report = averages.report(nowMs)
            assert.ok(report.length <= 10)
            for (const value of report) assert.ok(value === -1 || (value >= 0 && value <= 100))
          }
        }
      }),
    )
  })
})
