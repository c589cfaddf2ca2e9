import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { AssignmentInput, AssignmentPlan } from '../../src/assignment/assignment-input.ts'
import { planAssignment } from '../../src/assignment/lease-count-plan.ts'
import { actualOwner, isShardEnded, type Lease } from '../../src/lease/lease.ts'
import { leaseOf, position } from '../lease/leases.ts'

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

function keys(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i).padStart(4, '0'))
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
      { maxLength: 110 },
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

/** Round after round; a bound on the rounds is part of what is tested. */
function settled(fleet: Fleet): Lease[] {
  let leases = carriedOut(fleet.leases, plan(fleet))
  const workers = liveOf(fleet)
  for (let round = 1; round < fleet.leases.length; round++) {
    leases = carriedOut(leases, plan({ ...fleet, leases, expired: new Set(), workers }))
  }
  return leases
}

/** Expired, and still there after all placing: it weighs on nobody. */
function isLeftOver(lease: Lease, fleet: Fleet): boolean {
  const before = fleet.leases.find(({ leaseKey }) => leaseKey === lease.leaseKey)
  return before === lease && homelessOf(fleet).includes(lease)
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

  it('moves no more than needed when a worker joins, one lease in fifty a round', () => {
    for (const [count, limit] of [
      [4, 1],
      [50, 1],
      [51, 2],
      [100, 2],
      [1000, 20],
    ] as const) {
      let leases: Lease[] = keys(count).map((key) => leaseOf(key, { leaseOwner: 'a' }))
      for (let left = Math.floor(count / 2); left > 0; left -= limit) {
        const made = plan({ leases, workers: ['a', 'b'] })
        assert.equal(made.assignments.length, Math.min(limit, left))
        assert.ok(made.assignments.every(({ newOwner }) => newOwner === 'b'))
        leases = carriedOut(leases, made)
      }
      assert.deepEqual(plan({ leases, workers: ['a', 'b'] }).assignments, [])
    }
  })

  it('moves nothing to even out the counts unless asked to', () => {
    const leases = keys(4).map((key) => leaseOf(key, { leaseOwner: 'a' }))
    assert.deepEqual(plan({ leases, workers: ['a', 'b'], balance: false }).assignments, [])
  })

  it('gives the tenth worker of 1,000 leases its share in five rounds, 25 s (L4)', () => {
    const workers = keys(10)
    const nine = workers.slice(0, 9)
    let leases: Lease[] = carriedOut(
      keys(1000).map((key) => leaseOf(key)),
      plan({ leases: keys(1000).map((key) => leaseOf(key)), workers: nine }),
    )
    for (let round = 1; round <= 5; round++) {
      leases = carriedOut(leases, plan({ leases, workers }))
    }
    assert.deepEqual(
      counts(leases, workers),
      workers.map(() => 100),
    )
  })

  it('gives the third worker of 100 leases its share in bounded rounds (R46)', () => {
    const workers = ['a', 'b', 'c']
    let leases = keys(100).map((key, i) => leaseOf(key, { leaseOwner: i % 2 === 0 ? 'a' : 'b' }))
    let rounds = 0
    for (;;) {
      const made = plan({ leases, workers })
      if (made.assignments.length === 0) break
      assert.ok(made.assignments.length <= 2)
      assert.ok(made.assignments.every(({ newOwner }) => newOwner === 'c'))
      leases = carriedOut(leases, made)
      rounds++
    }
    assert.equal(rounds, 17)
    assert.deepEqual(counts(leases, workers).sort(), [33, 33, 34])
  })

  it('places first what never had an owner, then what has stood still longest (R48)', () => {
    const since = new Map([
      ['1', 30],
      ['2', 10],
      ['3', 20],
    ])
    const leases = [
      ...['1', '2', '3', '4'].map((key) => leaseOf(key, { leaseOwner: 'gone' })),
      leaseOf('5'),
    ]
    const made = plan({
      leases,
      workers: ['a'],
      expired: new Set(['1', '2', '3', '4']),
      stillSinceMs: (key) => since.get(key),
      maxLeasesForWorker: 4,
    })
    assert.deepEqual(
      made.assignments.map(({ lease }) => lease.leaseKey),
      ['4', '5', '2', '3'],
    )
    assert.equal(made.unplaced, 1)
  })

  it('gives a handoff that ran out to anybody before its holder, and to the holder at last (R39)', () => {
    const stuck = leaseOf('1', { leaseOwner: 'a', checkpointOwner: 'b' })
    const full = leaseOf('2', { leaseOwner: 'c' })
    const input = { leases: [stuck, full], expired: new Set(['1']) }
    const ownerOf = (given: Partial<AssignmentInput>): string | undefined =>
      plan({ ...input, ...given }).assignments[0]?.newOwner
    // The holder has fewer leases, yet the other worker gets it.
    assert.equal(ownerOf({ workers: ['b', 'c'] }), 'c')
    assert.equal(ownerOf({ workers: ['b'] }), 'b')
    // Nobody else has room: better held by the holder than by none.
    assert.equal(ownerOf({ workers: ['b', 'c'], maxLeasesForWorker: 1 }), 'b')
  })

  it('gives what ran out to a worker that is sure to live, when one has room', () => {
    const ranOut = leaseOf('1', { leaseOwner: 'dead' })
    const busy = leaseOf('2', { leaseOwner: 'sure' })
    const ownerOf = (given: Partial<AssignmentInput>): string | undefined =>
      plan({
        leases: [ranOut, busy],
        expired: new Set(['1']),
        workers: ['fresh', 'sure'],
        balance: false,
        ...given,
      }).assignments[0]?.newOwner
    assert.equal(ownerOf({ proven: new Set(['sure']) }), 'sure')
    assert.equal(ownerOf({ proven: new Set(['sure']), maxLeasesForWorker: 1 }), 'fresh')
    assert.equal(ownerOf({ proven: new Set() }), 'fresh')
    assert.equal(ownerOf({}), 'fresh')
    // What nobody owns is shared with those who may just have started.
    const unowned = [leaseOf('1'), busy]
    assert.equal(ownerOf({ proven: new Set(['sure']), leases: unowned }), 'fresh')
  })

  it('gives what nobody owns to no worker that stays silent, when another has room', () => {
    const leases = [leaseOf('1'), leaseOf('2', { leaseOwner: 'sure' })]
    const ownerOf = (given: Partial<AssignmentInput>): string | undefined =>
      plan({ leases, workers: ['silent', 'sure'], balance: false, ...given }).assignments[0]
        ?.newOwner
    assert.equal(ownerOf({ promising: new Set(['sure']) }), 'sure')
    assert.equal(ownerOf({ promising: new Set(['sure', 'silent']) }), 'silent')
    assert.equal(ownerOf({ promising: new Set(['sure']), maxLeasesForWorker: 1 }), 'silent')
    assert.equal(ownerOf({ promising: new Set() }), 'silent')
  })

  it('moves no lease of the living to a worker that nobody has seen alive', () => {
    const leases = keys(4).map((key) => leaseOf(key, { leaseOwner: 'sure' }))
    const movedTo = (proven: ReadonlySet<string> | undefined): (string | undefined)[] =>
      plan({ leases, workers: ['fresh', 'sure'], proven }).assignments.map((made) => made.newOwner)
    assert.deepEqual(movedTo(new Set(['sure'])), [])
    assert.deepEqual(movedTo(new Set(['sure', 'fresh'])), ['fresh'])
    assert.deepEqual(movedTo(undefined), ['fresh'])
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

  it('moves at most one live lease in fifty a round, each away from a fuller worker', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const homeless = new Set(homelessOf(fleet).map(({ leaseKey }) => leaseKey))
        const open = fleet.leases.filter((lease) => !isShardEnded(lease)).length
        const moves = plan(fleet).assignments.filter(({ lease }) => !homeless.has(lease.leaseKey))
        assert.ok(moves.length <= Math.max(1, Math.ceil(open / 50)))
        const live = liveOf(fleet)
        const placed = carriedOut(fleet.leases, plan({ ...fleet, balance: false }))
        const held = counts(
          placed.filter((lease) => !isLeftOver(lease, fleet)),
          live,
        )
        if (live.length === 0 || Math.max(...held) - Math.min(...held) <= 1) {
          assert.deepEqual(moves, [])
        }
        for (const { lease, newOwner } of moves.slice(0, 1)) {
          const from = held[live.indexOf(lease.leaseOwner ?? '')] ?? 0
          assert.ok(from - (held[live.indexOf(newOwner)] ?? 0) >= 2)
        }
      }),
    )
  })

  it('never gives an expired lease to its owner, but a handoff when nobody else has room', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        for (const { lease, newOwner } of plan(fleet).assignments) {
          if (!fleet.expired.has(lease.leaseKey) || newOwner !== actualOwner(lease)) continue
          assert.ok(lease.checkpointOwner !== undefined)
          const others = liveOf(fleet).filter((id) => id !== newOwner)
          const after = carriedOut(fleet.leases, plan({ ...fleet, balance: false }))
          const held = counts(after, others)
          assert.ok(held.every((count) => count >= fleet.maxLeasesForWorker))
        }
      }),
    )
  })

  it('comes to rest within as many rounds as there are leases', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const after = settled(fleet)
        const again = plan({ ...fleet, leases: after, expired: new Set(), workers: liveOf(fleet) })
        assert.deepEqual(again.assignments, [])
      }),
    )
  })

  it('ends at counts that differ by one at most, unless only leases that may not move differ', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const live = liveOf(fleet)
        const after = settled({ ...fleet, maxLeasesForWorker: Number.MAX_SAFE_INTEGER })
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
