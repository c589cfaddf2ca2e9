import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isBelowFloor, isDifference } from '../../src/assignment/throughput-floor.ts'
import { planByUtilization } from '../../src/assignment/utilization-plan.ts'
import type { Lease } from '../../src/lease/lease.ts'
import { leaseOf } from '../lease/leases.ts'
import { cpuRows, metricsRow } from './metrics-rows.ts'

/** By worker, what each of its leases carries. */
type Carried = Readonly<Record<string, readonly number[]>>

function leasesOf(carried: Carried): Lease[] {
  return Object.entries(carried).flatMap(([leaseOwner, throughputs]) =>
    throughputs.map((throughputKBps, i) =>
      leaseOf(`${leaseOwner}${i + 1}`, { leaseOwner, throughputKBps }),
    ),
  )
}

interface Given {
  readonly metricsRows?: ReturnType<typeof cpuRows>
  readonly maxThroughputPerHostKBps?: number
}

/** Keys of the leases that move, and where to. */
function moves(carried: Carried, given: Given = {}): (readonly [string, string])[] {
  const { metricsRows, maxThroughputPerHostKBps = Number.MAX_SAFE_INTEGER } = given
  const { assignments } = planByUtilization(
    {
      leases: leasesOf(carried),
      expired: new Set(),
      workers: Object.keys(carried),
      maxLeasesForWorker: Number.MAX_SAFE_INTEGER,
      balance: true,
      metricsRows,
    },
    {
      rebalanceThresholdPercentage: 10,
      dampeningPercentage: 60,
      allowThroughputOvershoot: true,
      maxThroughputPerHostKBps,
      metricsEmaAlpha: 0.5,
    },
  )
  return assignments.map(({ lease, newOwner }) => [lease.leaseKey, newOwner])
}

describe('isDifference', () => {
  it('asks for as much between the one that carries most and the one that carries least', () => {
    assert.equal(isDifference([100, 90.1, 95]), false)
    assert.equal(isDifference([95, 90, 100]), true)
    assert.equal(isDifference([100]), false)
    assert.equal(isDifference([]), false)
  })
})

describe('isBelowFloor', () => {
  it('is true while nobody could carry that much more than another', () => {
    assert.equal(isBelowFloor([9.9, 0], 0), true)
    assert.equal(isBelowFloor([10, 9], 0), false)
    assert.equal(isBelowFloor([5, 1], 4.9), true)
    assert.equal(isBelowFloor([5, 1], 5), false)
    assert.equal(isBelowFloor([], 0), true)
  })
})

describe('planByUtilization of workers that report no use of their own', () => {
  it('moves nothing for less than 10 KB/s, however much that is in percent', () => {
    assert.deepEqual(moves({ a: [0.3, 0.2], b: [0.1, 0.2] }), [])
    assert.deepEqual(moves({ a: [8, 6, 1, 0.5], b: [2, 2, 2] }), [])
    assert.deepEqual(moves({ a: [8, 6, 1, 0.5], b: [2, 2, 1.4] }), [
      ['a3', 'b'],
      ['a4', 'b'],
    ])
  })

  it('gives leases to a worker that has none, by load or by count', () => {
    // From 10 KB/s on it is a difference; below that the counts decide, by key.
    assert.deepEqual(moves({ a: [4, 3, 3], b: [] }), [['a3', 'b']])
    assert.deepEqual(moves({ a: [0.4, 0.2, 0.3], b: [] }), [['a3', 'b']])
    assert.deepEqual(moves({ a: [1], b: [1], c: [] }), [])
  })

  it('gives nothing to a worker past maxThroughputPerHostKBps', () => {
    assert.deepEqual(moves({ a: [1, 1, 1], b: [3] }), [['a3', 'b']])
    assert.deepEqual(moves({ a: [1, 1, 1], b: [3] }, { maxThroughputPerHostKBps: 2 }), [])
  })

  it('goes by CPU however little flows, where it is reported', () => {
    const carried = { a: [0.3, 0.2, 0.1], b: [0.2, 0.2, 0.2] }
    const metricsRows = cpuRows({ a: 80, b: 20 })
    assert.deepEqual(moves(carried, { metricsRows }), [['a3', 'b']])
  })

  it('compares only those with one another that report nothing', () => {
    const metricsRows = cpuRows({ a: 50, b: 50 })
    const carried = { a: [100, 100], b: [100, 100], c: [60, 5, 4], d: [60] }
    assert.deepEqual(moves(carried, { metricsRows }), [])
  })

  it('lets a worker give that says it is past its own limit', () => {
    const metricsRows = [
      metricsRow('a', { averages: { T: [90] }, limits: { T: 50 } }),
      metricsRow('b', { averages: { T: [20] } }),
    ]
    const carried = { a: [4, 4, 1], b: [3] }
    assert.deepEqual(moves(carried, { metricsRows }), [['a3', 'b']])
    assert.deepEqual(moves(carried, { metricsRows: metricsRows.slice(1) }), [])
  })

  it('leaves a fleet alone for any noise below the floor, on top of any load', () => {
    const noise = fc.integer({ min: 0, max: 999 }).map((hundredths) => hundredths / 100)
    const fleets = fc
      .record({
        workers: fc.integer({ min: 1, max: 6 }),
        small: fc.integer({ min: 1, max: 6 }),
        loadKBps: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200 })),
      })
      .chain(({ workers, small, loadKBps }) => {
        const leases = fc
          .array(noise, { minLength: small, maxLength: small })
          .map((values) => [loadKBps, ...values.map((value) => value / small)])
        return fc.array(leases, { minLength: workers, maxLength: workers })
      })
    fc.assert(
      fc.property(fleets, (carried) => {
        assert.deepEqual(moves(Object.fromEntries(carried.map((of, i) => [`w${i}`, of]))), [])
      }),
    )
  })
})
