import assert from 'node:assert/strict'
import type { AssignmentInput } from '../../src/assignment/assignment-input.ts'
import { emptiestFirst, FleetLoad, headroomOf } from '../../src/assignment/fleet-load.ts'
import type { Lease } from '../../src/lease/lease.ts'
import { leaseOf } from '../lease/leases.ts'
import { cpuRows, metricsRow } from './metrics-rows.ts'

function fleetOf(leases: readonly Lease[], input: Partial<AssignmentInput> = {}): FleetLoad {
  const whole = {
    leases,
    expired: new Set<string>(),
    workers: ['a', 'b'],
    maxLeasesForWorker: 9,
    balance: true,
    ...input,
  }
  return new FleetLoad(leases, whole, 0.5)
}

/** Metrics of each worker. */
function usedIn(fleet: FleetLoad): Record<string, Record<string, number>> {
  return Object.fromEntries(
    fleet.workers.map(({ workerId, used }) => [workerId, Object.fromEntries(used)]),
  )
}

const a = leaseOf('1', { leaseOwner: 'a', throughputKBps: 30 })
const b = leaseOf('2', { leaseOwner: 'b', throughputKBps: 10 })
const free = leaseOf('3', { throughputKBps: 20 })

describe('FleetLoad', () => {
  it('shares the throughput of all leases, also of those that nobody has', () => {
    const fleet = fleetOf([a, b, free])
    assert.equal(fleet.shareKBps, 30)
    assert.deepEqual(usedIn(fleet), { a: { T: 100 }, b: { T: 100 / 3 } })
    assert.equal(fleetOf([]).shareKBps, 0)
    assert.equal(fleetOf([a], { workers: [] }).shareKBps, 30)
  })

  it('counts a handoff that ran out for nobody', () => {
    const stuck = leaseOf('4', { leaseOwner: 'a', checkpointOwner: 'b', throughputKBps: 40 })
    const counts = (expired: readonly string[]): number[] =>
      fleetOf([a, b, stuck], { expired: new Set(expired) }).workers.map(
        ({ throughputKBps }) => throughputKBps,
      )
    assert.deepEqual(counts([]), [70, 10])
    assert.deepEqual(counts(['4']), [30, 10])
  })

  it('has the same sums whatever the order of the scan', () => {
    const leases = [0.1, 0.2, 0.3, 0.7, 1e-7, 3e8].map((throughputKBps, i) =>
      leaseOf(String(i), { leaseOwner: 'a', throughputKBps }),
    )
    const turned = [...leases].reverse()
    assert.equal(fleetOf(turned).shareKBps, fleetOf(leases).shareKBps)
    assert.deepEqual(usedIn(fleetOf(turned)), usedIn(fleetOf(leases)))
  })

  it('takes the average for a lease that is not measured, or not measured well', () => {
    const unknown = leaseOf('4')
    const fleet = fleetOf([a, b, unknown, leaseOf('5', { throughputKBps: -7 })])
    assert.equal(fleet.throughputOf(unknown), 20)
    assert.equal(fleet.shareKBps, 40)
    assert.equal(fleetOf([unknown]).throughputOf(unknown), 0)
  })

  it('takes what workers measure themselves, and averages over those that measure it', () => {
    const metricsRows = [
      ...cpuRows({ a: 40, b: 20 }),
      metricsRow('b', { averages: { C: [20, 60] } }),
    ]
    const fleet = fleetOf([a, b], { workers: ['a', 'b', 'c'], metricsRows })
    assert.deepEqual(usedIn(fleet), { a: { C: 40 }, b: { C: 40 }, c: { T: 0 } })
    assert.deepEqual(Object.fromEntries(fleet.averages()), { C: 40, T: 0 })
  })

  it('falls back on throughput for a row that contradicts itself', () => {
    const metricsRows = [
      metricsRow('a', { averages: { C: [50] }, standing: 'invalid' }),
      metricsRow('b', { averages: { C: [-1] }, standing: 'failing' }),
    ]
    assert.deepEqual(usedIn(fleetOf([a, b], { metricsRows })), { a: { T: 150 }, b: { T: 50 } })
  })

  it('expects a lease to add its part of what an average share costs', () => {
    const fleet = fleetOf([a, b, free], { metricsRows: cpuRows({ a: 60, b: 30 }) })
    // 20 of 30 KBps, at an average of 45 %.
    assert.equal(fleet.weightOf(free, 'C'), 30)
    assert.equal(Math.round(fleet.weightOf(free, 'T')), 67)
    const [first] = fleet.workers
    assert.ok(first !== undefined)
    fleet.give(first, free)
    assert.deepEqual([first.throughputKBps, first.used.get('C')], [50, 90])
    fleet.take(first, free)
    assert.deepEqual([first.throughputKBps, first.used.get('C')], [30, 60])
    assert.deepEqual(first.leases, [a])
  })

  it('expects every lease to add as much where no throughput is known', () => {
    const leases = ['1', '2', '3', '4', '5'].map((key) => leaseOf(key))
    const fleet = fleetOf(leases, { metricsRows: cpuRows({ a: 60, b: 30 }) })
    // Five leases and two workers: as in KCL two are a share, of 45 %.
    assert.equal(fleet.weightOf(leases[0] ?? free, 'C'), 22.5)
    assert.equal(fleetOf([a]).weightOf(a, 'M'), 0)
  })
})

describe('headroomOf', () => {
  it('is relative to the load of the worker, and that of its fullest metric', () => {
    const averages = new Map([
      ['C', 30],
      ['M', 50],
    ])
    const of = (used: Record<string, number>): number =>
      headroomOf({ used: new Map(Object.entries(used)) }, averages)
    assert.equal(of({ C: 20 }), 0.5)
    assert.equal(of({ C: 20, M: 100 }), -0.5)
    assert.equal(of({ C: 0, M: 25 }), 1)
    assert.equal(of({ C: 0 }), Number.POSITIVE_INFINITY)
  })
})

describe('emptiestFirst', () => {
  it('puts the one with the fewest leases first where loads are alike', () => {
    const leases = [
      ...['1', '2'].map((key) => leaseOf(key, { leaseOwner: 'a', throughputKBps: 10 })),
      ...['3'].map((key) => leaseOf(key, { leaseOwner: 'b', throughputKBps: 20 })),
      leaseOf('4', { leaseOwner: 'c', throughputKBps: 30 }),
    ]
    const fleet = fleetOf(leases, { workers: ['a', 'b', 'c'] })
    const order = emptiestFirst(fleet.workers, fleet.averages()).map(({ workerId }) => workerId)
    assert.deepEqual(order, ['b', 'a', 'c'])
  })

  it('goes by the number of leases alone where what they carry is no difference', () => {
    const leases = [
      leaseOf('1', { leaseOwner: 'a', throughputKBps: 0.1 }),
      leaseOf('2', { leaseOwner: 'a', throughputKBps: 0.1 }),
      leaseOf('3', { leaseOwner: 'b', throughputKBps: 5 }),
    ]
    const orderBeside = (freeKBps: number): string[] => {
      const fleet = fleetOf([...leases, leaseOf('4', { throughputKBps: freeKBps })])
      return emptiestFirst(fleet.workers, fleet.averages()).map(({ workerId }) => workerId)
    }
    assert.deepEqual(orderBeside(4), ['b', 'a'])
    // What nobody has yet may make one.
    assert.deepEqual(orderBeside(5), ['a', 'b'])
  })
})
