import assert from 'node:assert/strict'
import type { AssignmentInput } from '../../src/assignment/assignment-input.ts'
import { AssignmentStrategy } from '../../src/assignment/assignment-strategy.ts'
import type { ResolvedWorkerUtilization } from '../../src/options.ts'
import { leaseOf } from '../lease/leases.ts'
import { cpuRows } from './metrics-rows.ts'

const UTILIZATION: ResolvedWorkerUtilization = {
  rebalanceThresholdPercentage: 10,
  dampeningPercentage: 60,
  allowThroughputOvershoot: true,
  maxThroughputPerHostKBps: Number.MAX_SAFE_INTEGER,
  varianceBalancingFrequency: 3,
  metricsEmaAlpha: 0.5,
}

/** Three leases of a busy worker and one of an idle one. */
const INPUT: AssignmentInput = {
  leases: ['1', '2', '3', '4'].map((key) =>
    leaseOf(key, { leaseOwner: key === '4' ? 'b' : 'a', throughputKBps: 1 }),
  ),
  expired: new Set(),
  workers: ['a', 'b'],
  maxLeasesForWorker: 9,
  balance: true,
  metricsRows: cpuRows({ a: 20, b: 90 }),
}

describe('AssignmentStrategy', () => {
  it('goes by lease count, each time it is asked to balance', () => {
    const strategy = new AssignmentStrategy({
      assignmentStrategy: 'lease-count',
      workerUtilization: undefined,
    })
    for (let round = 1; round <= 3; round++) {
      const [move] = strategy.plan(INPUT).assignments
      assert.equal(move?.newOwner, 'b')
    }
    assert.deepEqual(strategy.plan({ ...INPUT, balance: false }).assignments, [])
  })

  it('goes by utilization in the first round and every third after it', () => {
    const strategy = new AssignmentStrategy({
      assignmentStrategy: 'worker-utilization',
      workerUtilization: UTILIZATION,
    })
    const movedTo: (string | undefined)[] = []
    for (let round = 1; round <= 7; round++) {
      // Looks at the table in between are no rounds.
      assert.deepEqual(strategy.plan({ ...INPUT, balance: false }).assignments, [])
      movedTo.push(strategy.plan(INPUT).assignments[0]?.newOwner)
    }
    assert.deepEqual(movedTo, ['a', undefined, undefined, 'a', undefined, undefined, 'a'])
  })

  it('places leases that nobody has in every round', () => {
    const strategy = new AssignmentStrategy({
      assignmentStrategy: 'worker-utilization',
      workerUtilization: UTILIZATION,
    })
    const leases = [...INPUT.leases, leaseOf('5')]
    for (let round = 1; round <= 4; round++) {
      const { assignments } = strategy.plan({ ...INPUT, leases })
      assert.ok(
        assignments.some(({ lease, newOwner }) => lease.leaseKey === '5' && newOwner === 'a'),
      )
    }
  })
})
