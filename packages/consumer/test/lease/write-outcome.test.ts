import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Lease } from '../../src/lease/lease.ts'
import { afterCheckpoint, afterRenewal } from '../../src/lease/lease-after.ts'
import { judgeHolderWrite, judgeOwnerWrite } from '../../src/lease/write-outcome.ts'
import { leaseOf, position } from './leases.ts'

const known = leaseOf('s', { leaseOwner: 'me', leaseCounter: 5, checkpoint: position(100) })

describe('judgeHolderWrite', () => {
  const at = position(200)
  const rows: readonly (readonly [string, Lease | undefined, string, string])[] = [
    ['the row is as before', known, 'not-applied', 'not-applied'],
    ['the row is gone', undefined, 'lost', 'lost'],
    ['one step on, ours', afterRenewal(known), 'applied', 'not-applied'],
    ['one step on, ours, at the position', afterCheckpoint(known, at), 'applied', 'applied'],
    ['two steps on, ours', { ...known, leaseCounter: 7 }, 'lost', 'lost'],
    ['counter behind', { ...known, leaseCounter: 4 }, 'lost', 'lost'],
    ['another owner, same counter', { ...known, leaseOwner: 'you' }, 'lost', 'lost'],
    [
      'another owner, one step on',
      { ...known, leaseOwner: 'you', leaseCounter: 6 },
      'lost',
      'lost',
    ],
    ['nobody owns it', { ...known, leaseOwner: undefined, leaseCounter: 6 }, 'lost', 'lost'],
    ['a handoff has begun', { ...known, leaseOwner: 'you', checkpointOwner: 'me' }, 'lost', 'lost'],
    ['a handoff to us is pending', { ...known, checkpointOwner: 'you' }, 'lost', 'lost'],
  ]
  for (const [name, now, renewal, checkpoint] of rows) {
    it(`${name}: a renewal is ${renewal}, a checkpoint is ${checkpoint}`, () => {
      assert.equal(judgeHolderWrite(known, now, 'me'), renewal)
      assert.equal(judgeHolderWrite(known, now, 'me', at), checkpoint)
    })
  }

  it('tells sub-sequence numbers apart', () => {
    const now = afterCheckpoint(known, position(200, 3))
    assert.equal(judgeHolderWrite(known, now, 'me', position(200, 3)), 'applied')
    assert.equal(judgeHolderWrite(known, now, 'me', position(200, 2)), 'not-applied')
  })

  it('never calls a row ours that another worker has held in between', () => {
    const worker = fc.constantFrom('me', 'you', 'they')
    fc.assert(
      fc.property(fc.array(worker, { minLength: 1, maxLength: 4 }), worker, (takers, last) => {
        // Each change of owner is a write of its own and raises the counter.
        let now: Lease = known
        let foreign = false
        for (const leaseOwner of [...takers, last]) {
          if (leaseOwner === now.leaseOwner) continue
          now = { ...now, leaseOwner, leaseCounter: now.leaseCounter + 1 }
          foreign = true
        }
        const verdict = judgeHolderWrite(known, now, 'me')
        assert.equal(verdict, foreign ? 'lost' : 'not-applied')
      }),
    )
  })
})

describe('judgeOwnerWrite', () => {
  const rows: readonly (readonly [string, Lease | undefined, string | undefined, string])[] = [
    ['the row is as before', known, 'you', 'not-applied'],
    ['the row is gone', undefined, 'you', 'lost'],
    [
      'the new owner, one step on',
      { ...known, leaseOwner: 'you', leaseCounter: 6 },
      'you',
      'applied',
    ],
    [
      'freed, one step on',
      { ...known, leaseOwner: undefined, leaseCounter: 6 },
      undefined,
      'applied',
    ],
    ['still ours, one step on', { ...known, leaseCounter: 6 }, 'you', 'lost'],
    [
      'a third owner, one step on',
      { ...known, leaseOwner: 'they', leaseCounter: 6 },
      'you',
      'lost',
    ],
    ['a handoff has begun', { ...known, leaseOwner: 'you', checkpointOwner: 'me' }, 'you', 'lost'],
    [
      'the new owner, two steps on',
      { ...known, leaseOwner: 'you', leaseCounter: 7 },
      'you',
      'lost',
    ],
  ]
  for (const [name, now, newOwner, verdict] of rows) {
    it(`${name}: ${verdict}`, () => {
      assert.equal(judgeOwnerWrite(known, now, newOwner), verdict)
    })
  }

  it('sees that a lease was given to the owner it had', () => {
    assert.equal(judgeOwnerWrite(known, known, 'me'), 'not-applied')
    assert.equal(judgeOwnerWrite(known, afterRenewal(known), 'me'), 'applied')
  })
})
