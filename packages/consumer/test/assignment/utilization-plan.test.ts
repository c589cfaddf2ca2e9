import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { AssignmentInput, AssignmentPlan } from '../../src/assignment/assignment-input.ts'
import { LEAST_DIFFERENCE_KBPS } from '../../src/assignment/throughput-floor.ts'
import {
  planByUtilization,
  type UtilizationParameters,
} from '../../src/assignment/utilization-plan.ts'
import { actualOwner, isShardEnded, type Lease } from '../../src/lease/lease.ts'
import { leaseOf, position } from '../lease/leases.ts'
import { cpuRows, metricsRow } from './metrics-rows.ts'

const KCL: UtilizationParameters = {
  rebalanceThresholdPercentage: 10,
  dampeningPercentage: 60,
  allowThroughputOvershoot: true,
  maxThroughputPerHostKBps: Number.MAX_SAFE_INTEGER,
  metricsEmaAlpha: 0.5,
}

function plan(
  input: Partial<AssignmentInput>,
  parameters: Partial<UtilizationParameters> = {},
): AssignmentPlan {
  const whole: AssignmentInput = {
    leases: [],
    expired: new Set(),
    workers: [],
    maxLeasesForWorker: Number.MAX_SAFE_INTEGER,
    balance: true,
    ...input,
  }
  return planByUtilization(whole, { ...KCL, ...parameters })
}

/** Leases of one worker, named after it and numbered. */
function held(leaseOwner: string, ...throughputs: readonly (number | undefined)[]): Lease[] {
  return throughputs.map((throughputKBps, i) =>
    leaseOf(`${leaseOwner}${i + 1}`, { leaseOwner, throughputKBps }),
  )
}

function free(...throughputs: readonly (number | undefined)[]): Lease[] {
  return throughputs.map((throughputKBps, i) => leaseOf(`free${i + 1}`, { throughputKBps }))
}

function moved({ assignments }: AssignmentPlan): (readonly [string, string])[] {
  return assignments.map(({ lease, newOwner }) => [lease.leaseKey, newOwner])
}

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

describe('planByUtilization', () => {
  describe('with leases that nobody has', () => {
    it('gives five workers without any measurement twelve of 60 leases each', () => {
      const workers = ['a', 'b', 'c', 'd', 'e']
      const leases = free(...Array.from({ length: 60 }, () => undefined))
      assert.deepEqual(
        counts(carriedOut(leases, plan({ leases, workers })), workers),
        [12, 12, 12, 12, 12],
      )
    })

    it('fills up the least busy worker first, by CPU', () => {
      // Average 50, a share of 20 KBps: each lease of 10 adds 10 * 50 / 20 = 25 points.
      const made = plan({
        leases: [...held('a', 10), ...held('b', 10), ...free(10, 10)],
        workers: ['a', 'b'],
        metricsRows: cpuRows({ a: 80, b: 20 }),
        balance: false,
      })
      // 20 -> 45 -> 70, still below 80.
      assert.deepEqual(moved(made), [
        ['free1', 'b'],
        ['free2', 'b'],
      ])
    })

    it('takes what a worker measured lately for more than what it measured before', () => {
      const metricsRows = [
        metricsRow('a', { averages: { C: [90, 10] } }),
        metricsRow('b', { averages: { C: [20, 60] } }),
      ]
      const input = { leases: free(1), workers: ['a', 'b'], metricsRows }
      // 50 and 40 by an alpha of 0.5; 18 and 56 by one of 0.9.
      assert.deepEqual(moved(plan(input)), [['free1', 'b']])
      assert.deepEqual(moved(plan(input, { metricsEmaAlpha: 0.9 })), [['free1', 'a']])
    })

    it('judges a worker by its fullest metric', () => {
      const metricsRows = [
        metricsRow('a', { averages: { C: [10], M: [90] } }),
        metricsRow('b', { averages: { C: [20], M: [20] } }),
      ]
      const made = plan({ leases: free(1), workers: ['a', 'b'], metricsRows })
      assert.deepEqual(moved(made), [['free1', 'b']])
    })

    it('compares workers that measure nothing by the throughput of their leases', () => {
      const made = plan({
        leases: [...held('a', 50), ...held('b', 10, 10, 10), ...free(15)],
        workers: ['a', 'b'],
        balance: false,
      })
      assert.deepEqual(moved(made), [['free1', 'b']])
    })

    it('gives a lease first to a worker that has nothing at all', () => {
      const made = plan({
        leases: [...held('a', 90), ...held('b', 1), ...free(1)],
        workers: ['a', 'b', 'c'],
        balance: false,
      })
      assert.deepEqual(moved(made), [['free1', 'c']])
    })

    it('counts a lease that nobody has measured as an average one', () => {
      const made = plan({
        leases: [...held('a', undefined), ...held('b', 30), ...held('c', 10), ...free(1)],
        workers: ['a', 'b'],
        balance: false,
      })
      // (30 + 10 + 1) / 3 = 13.7 for a, 30 for b.
      assert.deepEqual(moved(made), [['free1', 'a']])
    })

    it('gives nothing past maxLeasesForWorker, nor to a worker past maxThroughputPerHostKBps', () => {
      const leases = [...held('a', 10), ...free(1, 1)]
      const capped = plan({ leases, workers: ['a', 'b'], maxLeasesForWorker: 1, balance: false })
      assert.deepEqual(moved(capped), [['free1', 'b']])
      assert.equal(capped.unplaced, 1)
      const throttled = plan({ leases, workers: ['a'] }, { maxThroughputPerHostKBps: 10 })
      // At 10 it still may receive, at 11 no more.
      assert.deepEqual(moved(throttled), [['free1', 'a']])
      assert.equal(throttled.unplaced, 1)
    })

    it('gives a handoff that ran out to anybody before its holder, and to the holder at last', () => {
      const stuck = leaseOf('1', { leaseOwner: 'a', checkpointOwner: 'b' })
      const leases = [stuck, ...held('c', 10)]
      const input = { leases, expired: new Set(['1']), balance: false }
      assert.deepEqual(moved(plan({ ...input, workers: ['b', 'c'] })), [['1', 'c']])
      assert.deepEqual(moved(plan({ ...input, workers: ['b'] })), [['1', 'b']])
    })
  })

  describe('asked to balance', () => {
    it('moves less than the dampened excess of a busy worker', () => {
      // Shares of 90: a is at 133 %, b at 67 %; of a's 120 KBps a quarter is too much, 60 % of it 18.
      const leases = [...held('a', 60, 30, 15, 15), ...held('b', 60)]
      assert.deepEqual(moved(plan({ leases, workers: ['a', 'b'] })), [['a3', 'b']])
      assert.deepEqual(moved(plan({ leases, workers: ['a', 'b'], balance: false })), [])
      // All of it is 30: one of 15, and the second would use it up to the last.
      const undampened = plan({ leases, workers: ['a', 'b'] }, { dampeningPercentage: 100 })
      assert.deepEqual(moved(undampened), [['a3', 'b']])
    })

    it('moves by CPU, and to no more than the average', () => {
      // Average 50: of a's 100 KBps 3/8 is too much, 60 % of it 22.5, two leases of ten.
      const leases = [...held('a', ...tens(10)), ...held('b', ...tens(5))]
      const input = { leases, workers: ['a', 'b'] }
      const made = plan({ ...input, metricsRows: cpuRows({ a: 80, b: 20 }) })
      assert.deepEqual(moved(made), [
        ['a1', 'b'],
        ['a10', 'b'],
      ])
      // b may be used to a quarter; each lease would add 10 * 50 / 75 = 6.7 points.
      const limited = [
        metricsRow('a', { averages: { C: [80] } }),
        metricsRow('b', { averages: { C: [20] }, limits: { C: 25 } }),
      ]
      assert.deepEqual(moved(plan({ ...input, metricsRows: limited })), [])
    })

    it('lets a worker past its own limit give, however close to the average it is', () => {
      const leases = [...held('a', ...tens(4)), ...held('b', ...tens(4))]
      const metricsRows = [
        metricsRow('a', { averages: { C: [52] }, limits: { C: 50 } }),
        metricsRow('b', { averages: { C: [44] } }),
        metricsRow('c', { averages: { C: [46] } }),
      ]
      // 52 is within a tenth of the average of 47.3; the smallest lease adds 17.7 to b: too much.
      const input = { leases, workers: ['a', 'b', 'c'], metricsRows }
      assert.deepEqual(moved(plan(input)), [])
      const small = {
        ...input,
        leases: [...leases, ...held('a', 1).map((l) => ({ ...l, leaseKey: 'x' }))],
      }
      assert.deepEqual(moved(plan(small)), [['x', 'b']])
      const unlimited = metricsRows.map((row) => ({
        ...row,
        metrics: { ...row.metrics, limits: new Map([['C', 100]]) },
      }))
      assert.deepEqual(moved(plan({ ...small, metricsRows: unlimited })), [])
    })

    it('lets it give beside one that is past the threshold', () => {
      // Average 41.7, upper 45.8: b at 45 is past its own limit alone.
      const metricsRows = [
        metricsRow('a', { averages: { C: [60] } }),
        metricsRow('b', { averages: { C: [45] }, limits: { C: 40 } }),
        metricsRow('c', { averages: { C: [20] } }),
      ]
      const leases = [...held('a', ...tens(10)), ...held('b', 4, ...tens(10)), ...held('c', 10)]
      // a gives less than 18.3, b less than 104 * 3.33 / 45 * 0.6 = 4.6.
      assert.deepEqual(moved(plan({ leases, workers: ['a', 'b', 'c'], metricsRows })), [
        ['a1', 'c'],
        ['b1', 'c'],
      ])
    })

    it('goes by the metric by which there is most to give', () => {
      const leases = ['a', 'b', 'c'].flatMap((id) => held(id, ...tens(10)))
      // Both averages are 40. By the first, a gives 100 * 40 / 80 * 0.6 = 30; by the second, b
      // gives 100 * 20 / 60 * 0.6 = 20. A lease adds 4 points to either.
      for (const [first, second] of [
        ['C', 'M'],
        ['M', 'C'],
      ] as const) {
        const metricsRows = [
          metricsRow('a', { averages: { [first]: [80], [second]: [40] } }),
          metricsRow('b', { averages: { [first]: [30], [second]: [60] } }),
          metricsRow('c', { averages: { [first]: [10], [second]: [20] } }),
        ]
        assert.deepEqual(moved(plan({ leases, workers: ['a', 'b', 'c'], metricsRows })), [
          ['a1', 'c'],
          ['a10', 'c'],
        ])
      }
    })

    it('lets the busiest give to one far below the average when nobody is far above it', () => {
      // Average 48.4, upper 53.2, lower 43.6; 100 * 4.6 / 53 * 0.6 = 5.2.
      const workers = ['a', 'b', 'c', 'd', 'e']
      const leases = workers.flatMap((id) => held(id, ...Array.from({ length: 20 }, () => 5)))
      const of = (e: number): (readonly [string, string])[] =>
        moved(plan({ leases, workers, metricsRows: cpuRows({ a: 53, b: 53, c: 53, d: 53, e }) }))
      assert.deepEqual(of(30), [['a1', 'e']])
      assert.deepEqual(of(48), [])
    })

    it('gives nothing past maxLeasesForWorker, nor to a worker past maxThroughputPerHostKBps', () => {
      const leases = [...held('a', 60, 30, 15, 15), ...held('b', 60)]
      const input = { leases, workers: ['a', 'b'] }
      assert.deepEqual(moved(plan({ ...input, maxLeasesForWorker: 1 })), [])
      assert.deepEqual(moved(plan({ ...input, maxLeasesForWorker: 2 })), [['a3', 'b']])
      assert.deepEqual(moved(plan(input, { maxThroughputPerHostKBps: 59 })), [])
    })

    it('does not give on what is only on its way to the giver', () => {
      // b has 150 % with what is to come, 60 % of whose excess is 27.
      const coming = leaseOf('x', { leaseOwner: 'b', checkpointOwner: 'a', throughputKBps: 15 })
      const leases = [...held('a', 45), ...held('b', 60, 60), coming]
      assert.deepEqual(moved(plan({ leases, workers: ['a', 'b'] })), [])
      const come = { ...coming, checkpointOwner: undefined }
      const there = [...held('a', 45), ...held('b', 60, 60), come]
      assert.deepEqual(moved(plan({ leases: there, workers: ['a', 'b'] })), [['x', 'a']])
    })

    it('gives the smallest lease when none is small enough, if that may be', () => {
      // As above 18 is too much; the lease of 30 brings both to the average.
      const leases = [...held('a', 30, 30, 30, 30), ...held('b', 60)]
      const input = { leases, workers: ['a', 'b'] }
      assert.deepEqual(moved(plan(input)), [['a4', 'b']])
      assert.deepEqual(moved(plan(input, { allowThroughputOvershoot: false })), [])
    })

    it('does not pass a lease that is too large back and forth', () => {
      const input = { leases: held('a', 60, 60), workers: ['a', 'b'] }
      const made = plan(input)
      assert.deepEqual(moved(made), [['a2', 'b']])
      const leases = held('a', 100)
      assert.deepEqual(moved(plan({ leases, workers: ['a', 'b'] })), [])
    })

    it('leaves workers alone that are within the threshold', () => {
      const leases = [...held('a', 100, 9), ...held('b', 80, 11)]
      const input = { leases, workers: ['a', 'b'] }
      assert.deepEqual(moved(plan(input)), [])
      assert.deepEqual(moved(plan(input, { rebalanceThresholdPercentage: 5 })), [['a2', 'b']])
    })

    it('leaves nearly idle workers alone: less than a point is no difference', () => {
      const leases = [...held('a', ...tens(10)), ...held('b', ...tens(10))]
      const of = (a: number, b: number): (readonly [string, string])[] =>
        moved(plan({ leases, workers: ['a', 'b'], metricsRows: cpuRows({ a, b }) }))
      assert.deepEqual(of(3, 1.1), [])
      assert.ok(of(3.5, 1).length > 0)
    })

    it('moves no lease that carries nothing', () => {
      const leases = [...held('a', 0, 0, 0, 0), ...held('b', 5)]
      const metricsRows = cpuRows({ a: 80, b: 20 })
      assert.deepEqual(moved(plan({ leases, workers: ['a', 'b'], metricsRows })), [])
    })

    it('evens out the counts where nothing flows at all, one lease in fifty a round', () => {
      for (const throughput of [undefined, 0]) {
        let leases = held('a', ...Array.from({ length: 60 }, () => throughput))
        const workers = ['a', 'b', 'c', 'd', 'e']
        assert.equal(plan({ leases, workers }).assignments.length, 2)
        for (let round = 0; round < 24; round++) {
          leases = carriedOut(leases, plan({ leases, workers }))
        }
        assert.deepEqual(counts(leases, workers), [12, 12, 12, 12, 12])
        assert.deepEqual(moved(plan({ leases, workers })), [])
      }
    })

    it('leaves leases alone that are being handed over, and counts them for the worker to come', () => {
      const [first, ...others] = held('a', 30, 30, 30, 30)
      assert.ok(first !== undefined)
      const leases = [
        { ...first, leaseOwner: 'b', checkpointOwner: 'a' },
        ...others,
        ...held('b', 60),
      ]
      assert.deepEqual(moved(plan({ leases, workers: ['a', 'b'] })), [])
    })

    it('moves no lease that it has just placed', () => {
      const leases = [...held('a', 1), ...held('b', 1), ...free(50, 50, 50, 2)]
      const keys = plan({ leases, workers: ['a', 'b'] }).assignments.map(
        ({ lease }) => lease.leaseKey,
      )
      assert.equal(new Set(keys).size, keys.length)
    })

    it('ignores ended leases', () => {
      const ended = held('a', 500).map((lease) => ({ ...lease, checkpoint: position('SHARD_END') }))
      const leases = [...ended, ...held('b', 10), ...held('c', 10)]
      assert.deepEqual(moved(plan({ leases, workers: ['b', 'c'] })), [])
    })
  })

  describe('in any fleet', () => {
    it('places every lease that nobody has while there is room, each once, none past the cap', () => {
      fc.assert(
        fc.property(fleets, fc.boolean(), (fleet, balance) => {
          const made = plan({ ...fleet, balance })
          const keys = made.assignments.map(({ lease }) => lease.leaseKey)
          assert.equal(new Set(keys).size, keys.length)
          const homeless = homelessOf(fleet)
          const left = homeless.filter(({ leaseKey }) => !keys.includes(leaseKey))
          assert.equal(made.unplaced, left.length)
          const live = liveOf(fleet)
          for (const { lease, newOwner } of made.assignments) {
            assert.ok(live.includes(newOwner) && !isShardEnded(lease))
          }
          const placed = carriedOut(fleet.leases, plan({ ...fleet, balance: false }))
          const before = counts(
            fleet.leases.filter((lease) => !homeless.includes(lease)),
            live,
          )
          counts(
            placed.filter((lease) => !left.includes(lease)),
            live,
          ).forEach((count, i) => {
            assert.ok(count <= Math.max(fleet.maxLeasesForWorker, before[i] ?? 0))
            if (left.length > 0) assert.ok(count >= fleet.maxLeasesForWorker)
          })
        }),
      )
    })

    it('never gives an expired lease to its owner, but a handoff when nobody else has room', () => {
      fc.assert(
        fc.property(fleets, (fleet) => {
          for (const { lease, newOwner } of plan({ ...fleet, maxLeasesForWorker: 99 })
            .assignments) {
            if (!fleet.expired.has(lease.leaseKey) || newOwner !== actualOwner(lease)) continue
            assert.ok(lease.checkpointOwner !== undefined)
            assert.deepEqual(liveOf(fleet), [newOwner])
          }
        }),
      )
    })

    it('does not depend on the order of leases, workers and rows', () => {
      fc.assert(
        fc.property(fleets, (fleet) => {
          const turned = {
            ...fleet,
            leases: [...fleet.leases].reverse(),
            workers: [...fleet.workers].reverse(),
            metricsRows: [...fleet.metricsRows].reverse(),
          }
          assert.deepEqual(plan(turned), plan(fleet))
        }),
      )
    })

    it('makes workers that measure nothing more alike with every move, and comes to rest', () => {
      fc.assert(
        fc.property(fleets, (fleet) => {
          const workers = liveOf(fleet)
          const { expired } = fleet
          const placed = plan({ leases: fleet.leases, expired, workers, balance: false })
          let leases = carriedOut(fleet.leases, placed)
          let before = unevenness(leases, workers)
          for (let round = 0; ; round++) {
            assert.ok(round < 60, 'no rest')
            const made = plan({ leases, workers })
            if (made.assignments.length === 0) break
            // Of workers that carry next to nothing the counts are evened out.
            const isByLoad = carriedBy(leases, workers).some((sum) => sum >= LEAST_DIFFERENCE_KBPS)
            leases = carriedOut(leases, made)
            const after = unevenness(leases, workers)
            if (isByLoad) {
              assert.ok(after < before, `${after} after ${before}`)
            }
            before = after
          }
        }),
      )
    })
  })
})

function tens(count: number): number[] {
  return Array.from({ length: count }, () => 10)
}

interface Fleet {
  readonly leases: Lease[]
  readonly expired: Set<string>
  readonly workers: string[]
  readonly maxLeasesForWorker: number
  readonly metricsRows: ReturnType<typeof cpuRows>
}

const WORKERS = ['a', 'b', 'c', 'd', 'e'] as const
const throughputs = fc.oneof(fc.constantFrom(undefined, 0), fc.integer({ min: 1, max: 1000 }))

const fleets: fc.Arbitrary<Fleet> = fc
  .record({
    workers: fc.uniqueArray(fc.constantFrom(...WORKERS), { maxLength: 5 }),
    rows: fc.array(
      fc.record({
        owner: fc.constantFrom(undefined, ...WORKERS, 'gone'),
        handingOver: fc.constantFrom(undefined, undefined, undefined, 'a', 'b', 'gone'),
        expired: fc.boolean(),
        ended: fc.nat(9).map((n) => n === 0),
        throughputKBps: throughputs,
      }),
      { maxLength: 30 },
    ),
    maxLeasesForWorker: fc.oneof(
      fc.constant(Number.MAX_SAFE_INTEGER),
      fc.integer({ min: 1, max: 8 }),
    ),
    deadOwners: fc.subarray([...WORKERS, 'gone']),
    /** Some fleets are close to where a difference is none, and some below. */
    scale: fc.constantFrom(1, 0.1, 0.01),
    cpu: fc.uniqueArray(
      fc.tuple(fc.constantFrom(...WORKERS), fc.double({ min: 0, max: 100, noNaN: true })),
      {
        selector: ([id]) => id,
        maxLength: 5,
      },
    ),
  })
  .map(({ workers, rows, maxLeasesForWorker, deadOwners, scale, cpu }) => {
    const expired = new Set<string>()
    const leases = rows.map(({ owner, handingOver, expired: late, ended, throughputKBps }, i) => {
      const lease = leaseOf(`shard-${String(i).padStart(3, '0')}`, {
        leaseOwner: owner,
        checkpointOwner: owner === undefined ? undefined : handingOver,
        checkpoint: position(ended ? 'SHARD_END' : '1'),
        throughputKBps: throughputKBps === undefined ? undefined : throughputKBps * scale,
      })
      const holder = actualOwner(lease)
      if (!ended && holder !== undefined && late && deadOwners.includes(holder)) {
        expired.add(lease.leaseKey)
      }
      return lease
    })
    const metricsRows = cpuRows(Object.fromEntries(cpu))
    return { leases, expired, workers, maxLeasesForWorker, metricsRows }
  })

function liveOf({ leases, expired, workers }: Fleet): string[] {
  const dead = new Set(
    leases
      .filter((lease) => expired.has(lease.leaseKey) && lease.checkpointOwner === undefined)
      .map((lease) => actualOwner(lease)),
  )
  return workers.filter((id) => !dead.has(id)).sort()
}

function homelessOf({ leases, expired }: Fleet): Lease[] {
  return leases.filter(
    (lease) =>
      !isShardEnded(lease) && (actualOwner(lease) === undefined || expired.has(lease.leaseKey)),
  )
}

/** What the leases of each worker carry. */
function carriedBy(leases: readonly Lease[], workers: readonly string[]): number[] {
  const open = leases.filter((lease) => !isShardEnded(lease))
  const known = open.flatMap(({ throughputKBps }) => throughputKBps ?? [])
  const average = known.length === 0 ? 0 : known.reduce((a, b) => a + b, 0) / known.length
  return workers.map((id) =>
    open
      .filter((lease) => lease.leaseOwner === id)
      .reduce((sum, { throughputKBps }) => sum + (throughputKBps ?? average), 0),
  )
}

/** Sum of the squares of what the leases of each worker carry. */
function unevenness(leases: readonly Lease[], workers: readonly string[]): number {
  return carriedBy(leases, workers).reduce((sum, value) => sum + value * value, 0)
}
