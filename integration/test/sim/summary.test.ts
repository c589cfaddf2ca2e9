/** What a run is said to have found, and to have missed. */
import assert from 'node:assert/strict'
import { BOUND_LIMITS_MS, type BoundId, Bounds, summaryOfBounds } from '../../sim/bounds.ts'
import { boundShortfalls, missedMarkers } from '../../sim/report/shortfalls.ts'
import { REQUIRED_MARKERS } from '../../sim/required-markers.ts'
import type { HistoryFact } from '../../sim/run-seeds.ts'
import { holds, summaryOf } from '../../sim/summary.ts'
import { tellOf } from '../../sim/tell-summary.ts'

const ALL_BOUNDS = Object.keys(BOUND_LIMITS_MS) as BoundId[]
const ALL_MARKERS = Object.fromEntries(
  Object.keys(REQUIRED_MARKERS).map((name) => [`marker.${name}`, 1]),
)

function fact(changes: Partial<HistoryFact> = {}): HistoryFact {
  return {
    ...{ scenario: 'fleet', seed: 7, traceHash: 'h', virtualMs: 3_600_000 },
    ...{ counts: ALL_MARKERS, violations: [], bounds: ALL_BOUNDS.map((id) => [id, 5]) },
    ...changes,
  }
}

const LONG = { seeds: 200, isWhole: true }

describe('Bounds', () => {
  it('tells of what took longer than its limit, and of nothing else', () => {
    const told: string[] = []
    const bounds = new Bounds()
    bounds.reportTo((id, message) => told.push(`${id}: ${message}`))
    bounds.record('L3', 3000)
    bounds.record('L3', 3001, 'handing s0 on')
    assert.deepEqual(told, ['L3: handing s0 on took 3001 ms, the limit is 3000 ms'])
    assert.deepEqual(bounds.measured, [
      ['L3', 3000],
      ['L3', 3001],
    ])
  })
})

describe('boundShortfalls', () => {
  it('names a bound that a whole run of 20 seeds never measured', () => {
    const measured = summaryOfBounds(ALL_BOUNDS.filter((id) => id !== 'L6').map((id) => [id, 1]))
    assert.deepEqual(boundShortfalls(measured, { seeds: 20, isWhole: true }), [
      'L6 was never measured',
    ])
    assert.deepEqual(boundShortfalls(measured, { seeds: 19, isWhole: true }), [])
    assert.deepEqual(boundShortfalls(measured, { seeds: 20, isWhole: false }), [])
  })

  it('names a bound that was exceeded, however short the run', () => {
    const measured = summaryOfBounds([
      ['L8', 10],
      ['L8', 6001],
    ])
    assert.deepEqual(boundShortfalls(measured, { seeds: 1, isWhole: false }), [
      'L8 took 6001 ms, its limit is 6000 ms',
    ])
  })
})

describe('missedMarkers', () => {
  const { steal: _, ...others } = REQUIRED_MARKERS
  const reached = Object.fromEntries(Object.keys(others).map((name) => [name, 3]))

  it('names what a whole run of 200 seeds never reached', () => {
    assert.deepEqual(missedMarkers(reached, LONG), ['steal'])
    assert.deepEqual(missedMarkers({ ...reached, steal: 0 }, LONG), ['steal'])
    assert.deepEqual(missedMarkers({ ...reached, steal: 1 }, LONG), [])
  })

  it('expects nothing of a short run, nor of one scenario', () => {
    assert.deepEqual(missedMarkers({}, { seeds: 199, isWhole: true }), [])
    assert.deepEqual(missedMarkers({}, { seeds: 200, isWhole: false }), [])
  })
})

describe('summaryOf', () => {
  it('sorts what was counted into faults, markers and the rest, and adds up histories', () => {
    const summary = summaryOf([
      fact({ counts: { 'fault.dynamo.throttle': 2, 'marker.steal': 1, 'call.dynamo.scan': 3 } }),
      fact({ seed: 8, counts: { 'fault.dynamo.throttle': 1, 'handler.throws': 4 } }),
    ])
    assert.deepEqual(summary.faults, { 'fault.dynamo.throttle': 3, 'handler.throws': 4 })
    assert.equal(summary.faultKinds, 2)
    assert.deepEqual(summary.markers, { steal: 1 })
    assert.deepEqual(summary.counts, { 'call.dynamo.scan': 3 })
    assert.deepEqual([summary.histories, summary.virtualHours], [2, 2])
  })

  it('holds when nothing was found and nothing missed', () => {
    assert.equal(holds(summaryOf([fact()], LONG)), true)
  })

  it('does not hold with a violation, a bound that is missing, or a marker that is', () => {
    const violations = [{ scenario: 'fleet', seed: 7, rule: 'S3', message: 'back', atMs: 5 }]
    assert.equal(holds(summaryOf([fact({ violations })], LONG)), false)
    assert.equal(holds(summaryOf([fact({ bounds: [] })], LONG)), false)
    assert.equal(holds(summaryOf([fact({ counts: {} })], LONG)), false)
  })
})

describe('tellOf', () => {
  it('says what was missed, and how to replay the first failure', () => {
    const violations = [{ scenario: 'fleet', seed: 7, rule: 'S3', message: 'back', atMs: 5 }]
    const text = tellOf(summaryOf([fact({ violations, counts: {}, bounds: [] })], LONG), 1)
    assert.match(text, /^BOUND: L6 was never measured$/m)
    assert.match(text, /^MISSED: steal: a worker found that/m)
    assert.match(text, /npm run sim -- --scenario fleet --seed 7 --trace$/m)
  })
})
