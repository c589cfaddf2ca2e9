import assert from 'node:assert/strict'
import fc from 'fast-check'
import { mayAskOwner, stuckHandoffs } from '../../src/assignment/handoff-rule.ts'
import type { Lease } from '../../src/lease/lease.ts'
import { leaseOf, position } from '../lease/leases.ts'

const ENDED = position('SHARD_END')

function fleet(live: readonly string[], expired: readonly string[] = []) {
  return { live: new Set(live), expired: new Set(expired) }
}

describe('mayAskOwner', () => {
  const owned = leaseOf('s', { leaseOwner: 'a' })
  const cases: readonly (readonly [string, Lease, ReturnType<typeof fleet>, boolean])[] = [
    ['a live lease of a live owner', owned, fleet(['a', 'b']), true],
    ['one that has expired', owned, fleet(['a', 'b'], ['s']), false],
    ['one whose owner shows no sign of life', owned, fleet(['b']), false],
    ['one that nobody has', leaseOf('s'), fleet(['a']), false],
    ['one of an ended shard', { ...owned, checkpoint: ENDED }, fleet(['a']), false],
    ['one that is asked away already', { ...owned, checkpointOwner: 'c' }, fleet(['a']), false],
  ]
  for (const [name, lease, view, may] of cases) {
    it(`${name}: ${may ? 'yes' : 'no'}`, () => assert.equal(mayAskOwner(lease, view), may))
  }
})

describe('stuckHandoffs', () => {
  const asked = leaseOf('s', { leaseOwner: 'b', checkpointOwner: 'a' })
  const judged = (
    lease: Lease,
    { live, expired = false, overdue = false }: Judged,
  ): 'wait' | 'promised' | 'anybody' | 'free' => {
    const view = fleet(live, expired ? ['s'] : [])
    const { toPromised, homeless, toFree } = stuckHandoffs([lease], view, () => overdue)
    assert.ok(toPromised.length + homeless.size + toFree.length <= 1)
    if (toFree.length > 0) return 'free'
    if (homeless.has('s')) return 'anybody'
    if (toPromised.length === 0) return 'wait'
    assert.deepEqual(toPromised, [{ lease, newOwner: lease.leaseOwner }])
    return 'promised'
  }
  interface Judged {
    readonly live: readonly string[]
    readonly expired?: boolean
    readonly overdue?: boolean
  }
  const cases: readonly (readonly [string, Lease, Judged, string])[] = [
    ['one that is in time', asked, { live: ['a', 'b'] }, 'wait'],
    ['one whose next owner has died, in time', asked, { live: ['a'] }, 'wait'],
    ['one whose holder has expired', asked, { live: ['a', 'b'], expired: true }, 'promised'],
    ['one whose two workers are dead', asked, { live: ['c'], expired: true }, 'anybody'],
    ['one that is overdue', asked, { live: ['a', 'b'], overdue: true }, 'promised'],
    ['one that is overdue, its next owner dead', asked, { live: ['a'], overdue: true }, 'anybody'],
    ['one to nobody', { ...asked, leaseOwner: undefined }, { live: [], overdue: true }, 'anybody'],
    [
      'one from a worker to itself',
      { ...asked, leaseOwner: 'a' },
      { live: ['a'], overdue: true },
      'anybody',
    ],
    ['one of an ended shard', { ...asked, checkpoint: ENDED }, { live: [], overdue: true }, 'free'],
    ['one of an ended shard, in time', { ...asked, checkpoint: ENDED }, { live: [] }, 'wait'],
    [
      'a lease in no handoff',
      leaseOf('s', { leaseOwner: 'a' }),
      { live: [], expired: true },
      'wait',
    ],
  ]
  for (const [name, lease, view, verdict] of cases) {
    it(`${name}: ${verdict}`, () => assert.equal(judged(lease, view), verdict))
  }

  it('leaves no handoff waiting that is overdue or expired (L13)', () => {
    const worker = fc.constantFrom(undefined, 'a', 'b', 'c')
    const lease = fc.record({
      leaseOwner: worker,
      checkpointOwner: worker,
      checkpoint: fc.constantFrom(ENDED, position(1)),
    })
    fc.assert(
      fc.property(lease, fc.subarray(['a', 'b', 'c']), fc.boolean(), (fields, live, expired) => {
        const verdict = judged(leaseOf('s', fields), { live, expired, overdue: !expired })
        assert.equal(verdict === 'wait', fields.checkpointOwner === undefined)
      }),
    )
  })
})
