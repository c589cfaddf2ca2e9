import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type AssignmentInput,
  type AssignmentPlan,
  planAssignment,
} from '../../src/lease/assignment.ts'
import { actualOwner, isShardEnded, type Lease } from '../../src/lease/lease.ts'
import { leaseOf, position } from './leases.ts'

function plan(input: Partial<AssignmentInput>): AssignmentPlan {
  return planAssignment({
    leases: [],
    expired: new Set(),
    workers: [],
    maxLeasesForWorker: Number.MAX_SAFE_INTEGER,
    balance: true,
    ...input,
  })
}

/** The leases as they stand once the plan is carried out. */
function carriedOut(leases: readonly Lease[], made: AssignmentPlan): Lease[] {
  const owners = new Map(made.assignments.map(({ lease, newOwner }) => [lease.leaseKey, newOwner]))
  return leases.map((lease) => {
    const leaseOwner = owners.get(lease.leaseKey)
    return leaseOwner === undefined ? lease : { ...lease, leaseOwner, checkpointOwner: undefined }
  })
}

function counts(leases: readonly Lease[], workers: readonly string[]): number[] {
  return workers.map(
    (id) => leases.filter((lease) => !isShardEnded(lease) && lease.leaseOwner === id).length,
  )
}

interface Fleet {
  readonly leases: Lease[]
  readonly expired: Set<string>
  readonly workers: string[]
  readonly maxLeasesForWorker: number
}

const fleets: fc.Arbitrary<Fleet> = fc
  .record({
    workers: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 }),
    rows: fc.array(
      fc.record({
        owner: fc.constantFrom(undefined, 'a', 'b', 'c', 'd', 'e', 'gone'),
        handingOver: fc.constantFrom(undefined, undefined, undefined, 'a', 'b', 'gone'),
        expired: fc.boolean(),
        ended: fc.nat(9).map((n) => n === 0),
      }),
      { maxLength: 30 },
    ),
    maxLeasesForWorker: fc.oneof(
      fc.constant(Number.MAX_SAFE_INTEGER),
      fc.integer({ min: 1, max: 8 }),
    ),
    deadOwners: fc.subarray(['a', 'b', 'c', 'd', 'e', 'gone']),
  })
  .map(({ workers, rows, maxLeasesForWorker, deadOwners }) => {
    const expired = new Set<string>()
    const leases = rows.map(({ owner, handingOver, expired: late, ended }, i) => {
      const lease = leaseOf(`shard-${String(i).padStart(3, '0')}`, {
        leaseOwner: owner,
        checkpointOwner: owner === undefined ? undefined : handingOver,
        checkpoint: position(ended ? 'SHARD_END' : '1'),
      })
      const holder = actualOwner(lease)
      if (!ended && holder !== undefined && late && deadOwners.includes(holder)) {
        expired.add(lease.leaseKey)
      }
      return lease
    })
    return { leases, expired, workers, maxLeasesForWorker }
  })

function liveOf({ leases, expired, workers }: Fleet): string[] {
  const dead = new Set(
    leases
      .filter((lease) => expired.has(lease.leaseKey) && lease.checkpointOwner === undefined)
      .map((lease) => actualOwner(lease)),
  )
  return workers.filter((id) => !dead.has(id))
}

function homelessOf({ leases, expired }: Fleet): Lease[] {
  return leases.filter(
    (lease) =>
      !isShardEnded(lease) && (actualOwner(lease) === undefined || expired.has(lease.leaseKey)),
  )
}

describe('planAssignment', () => {
  it('spreads new leases evenly over the workers', () => {
    const leases = ['1', '2', '3', '4', '5'].map((key) => leaseOf(key))
    const made = plan({ leases, workers: ['b', 'a'] })
    assert.deepEqual(
      made.assignments.map(({ lease, newOwner }) => [lease.leaseKey, newOwner]),
      [
        ['1', 'a'],
        ['2', 'b'],
        ['3', 'a'],
        ['4', 'b'],
        ['5', 'a'],
      ],
    )
    assert.equal(made.unplaced, 0)
  })

  it('moves no more than needed when a worker joins', () => {
    const leases = ['1', '2', '3', '4'].map((key) => leaseOf(key, { leaseOwner: 'a' }))
    const made = plan({ leases, workers: ['a', 'b'] })
    assert.equal(made.assignments.length, 2)
    assert.ok(made.assignments.every(({ newOwner }) => newOwner === 'b'))
    assert.equal(plan({ leases, workers: ['a', 'b'], balance: false }).assignments.length, 0)
  })

  it('takes the leases of a dead worker although all others have enough', () => {
    const leases = ['1', '2', '3', '4'].map((key, i) =>
      leaseOf(key, { leaseOwner: i < 2 ? 'a' : 'b' }),
    )
    const made = plan({ leases, workers: ['a', 'b'], expired: new Set(['3', '4']) })
    assert.deepEqual(
      made.assignments.map(({ newOwner }) => newOwner),
      ['a', 'a'],
    )
  })

  it('does not count ended leases against the limit', () => {
    const ended = leaseOf('1', { leaseOwner: 'a', checkpoint: position('SHARD_END') })
    const made = plan({ leases: [ended, leaseOf('2')], workers: ['a'], maxLeasesForWorker: 1 })
    assert.deepEqual(
      made.assignments.map(({ lease, newOwner }) => [lease.leaseKey, newOwner]),
      [['2', 'a']],
    )
  })

  it('says how many leases nobody has room for', () => {
    const leases = ['1', '2', '3'].map((key) => leaseOf(key))
    assert.equal(plan({ leases, workers: ['a'], maxLeasesForWorker: 2 }).unplaced, 1)
    assert.equal(plan({ leases, workers: [] }).unplaced, 3)
  })

  it('leaves a lease in a live handoff alone and counts it for the worker to come', () => {
    const leases = [
      leaseOf('1', { leaseOwner: 'b', checkpointOwner: 'a' }),
      leaseOf('2', { leaseOwner: 'b', checkpointOwner: 'a' }),
      leaseOf('3'),
    ]
    const made = plan({ leases, workers: ['a', 'b'] })
    assert.deepEqual(
      made.assignments.map(({ lease, newOwner }) => [lease.leaseKey, newOwner]),
      [['3', 'a']],
    )
  })

  it('places every homeless lease while there is room, each once', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const made = plan(fleet)
        const keys = made.assignments.map(({ lease }) => lease.leaseKey)
        assert.equal(new Set(keys).size, keys.length)
        const placed = new Set(keys)
        const left = homelessOf(fleet).filter(({ leaseKey }) => !placed.has(leaseKey))
        assert.equal(made.unplaced, left.length)
        if (left.length === 0) return
        const live = liveOf(fleet)
        const held = counts(carriedOut(fleet.leases, plan({ ...fleet, balance: false })), live)
        assert.ok(held.every((count) => count >= fleet.maxLeasesForWorker))
      }),
    )
  })

  it('gives nothing to dead or unknown workers, nothing past the limit, and no ended lease', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const made = plan(fleet)
        const live = liveOf(fleet)
        const placed = new Set(made.assignments.map(({ lease }) => lease.leaseKey))
        const left = homelessOf(fleet).filter(({ leaseKey }) => !placed.has(leaseKey))
        const after = carriedOut(fleet.leases, made).filter((lease) => !left.includes(lease))
        for (const { lease, newOwner } of made.assignments) {
          assert.ok(live.includes(newOwner))
          assert.ok(!isShardEnded(lease))
        }
        live.forEach((id, i) => {
          const got = made.assignments.some(({ newOwner }) => newOwner === id)
          if (got) assert.ok((counts(after, live)[i] ?? 0) <= fleet.maxLeasesForWorker)
        })
      }),
    )
  })

  it('moves nothing any more once it has been carried out', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const after = carriedOut(fleet.leases, plan(fleet))
        const again = plan({ ...fleet, leases: after, expired: new Set(), workers: liveOf(fleet) })
        assert.deepEqual(again.assignments, [])
      }),
    )
  })

  it('leaves counts that differ by one at most, unless only leases that may not move differ', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const live = liveOf(fleet)
        const made = plan({ ...fleet, maxLeasesForWorker: Number.MAX_SAFE_INTEGER })
        const after = carriedOut(fleet.leases, made)
        const held = counts(after, live)
        if (live.length === 0 || Math.max(...held) - Math.min(...held) < 2) return
        const fullest = live[held.indexOf(Math.max(...held))]
        assert.ok(
          after
            .filter((lease) => lease.leaseOwner === fullest && !isShardEnded(lease))
            .every((lease) => lease.checkpointOwner !== undefined),
        )
      }),
    )
  })

  it('does not depend on the order of leases and workers', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const turned = {
          ...fleet,
          leases: [...fleet.leases].reverse(),
          workers: [...fleet.workers].reverse(),
        }
        assert.deepEqual(plan(turned), plan(fleet))
      }),
    )
  })

  it('wakes no worker for leases it may keep: without balance only homeless leases move', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const homeless = new Set(homelessOf(fleet).map(({ leaseKey }) => leaseKey))
        const made = plan({ ...fleet, balance: false })
        assert.ok(made.assignments.every(({ lease }) => homeless.has(lease.leaseKey)))
      }),
    )
  })
})
