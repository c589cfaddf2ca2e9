import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Lease } from '../../src/lease/lease.ts'
import { afterCheckpoint, afterRenewal } from '../../src/lease/lease-after.ts'
import {
  judgeHandoffStart,
  judgeHolderWrite,
  judgeOwnerWrite,
} from '../../src/lease/write-outcome.ts'
import { leaseOf, position } from './leases.ts'

const known = leaseOf('s', { leaseOwner: 'me', leaseCounter: 5, checkpoint: position(100) })

const asked: Lease = { ...known, leaseOwner: 'you', checkpointOwner: 'me' }

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
    ['a handoff has begun', asked, 'not-applied', 'not-applied'],
    ['a handoff has begun, one step on', afterRenewal(asked), 'applied', 'not-applied'],
    [
      'a handoff has begun, one step on, at the position',
      afterCheckpoint(asked, at),
      'applied',
      'applied',
    ],
    ['a handoff has begun, two steps on', { ...asked, leaseCounter: 7 }, 'lost', 'lost'],
    ['a handoff from us to us', { ...known, checkpointOwner: 'me' }, 'lost', 'lost'],
    ['a handoff to us is pending', { ...known, checkpointOwner: 'you' }, 'lost', 'lost'],
  ]
  for (const [name, now, renewal, checkpoint] of rows) {
    it(`${name}: a renewal is ${renewal}, a checkpoint is ${checkpoint}`, () => {
      assert.equal(judgeHolderWrite(known, now, 'me'), renewal)
      assert.equal(judgeHolderWrite(known, now, 'me', at), checkpoint)
    })
  }

  it('is over once a handoff has ended, also when the lease came back to us', () => {
    const given = { ...asked, checkpointOwner: undefined, leaseCounter: 6 }
    assert.equal(judgeHolderWrite(asked, given, 'me'), 'lost')
    assert.equal(judgeHolderWrite(asked, { ...given, leaseOwner: 'me' }, 'me'), 'lost')
    assert.equal(judgeHolderWrite(asked, { ...asked, leaseOwner: 'they' }, 'me'), 'not-applied')
  })

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
    ['a handoff has begun', asked, 'you', 'lost'],
    ['a handoff has begun, one step on', afterRenewal(asked), 'you', 'lost'],
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

describe('judgeOwnerWrite, of a handoff that is to end', () => {
  const given = { ...asked, checkpointOwner: undefined, leaseCounter: 6 }
  const rows: readonly (readonly [string, Lease | undefined, string])[] = [
    ['the row is as before', asked, 'not-applied'],
    ['the holder has renewed since', afterRenewal(asked), 'lost'],
    ['the next owner alone, one step on', given, 'applied'],
    ['the next owner has begun', afterRenewal(given), 'lost'],
    ['the row is gone', undefined, 'lost'],
  ]
  for (const [name, now, verdict] of rows) {
    it(`${name}: ${verdict}`, () => {
      assert.equal(judgeOwnerWrite(asked, now, 'you'), verdict)
    })
  }
})

describe('judgeHandoffStart', () => {
  const rows: readonly (readonly [string, Lease | undefined, string])[] = [
    ['the row is as before', known, 'not-applied'],
    ['the owner has renewed since', afterRenewal(known), 'not-applied'],
    ['the handoff stands', asked, 'applied'],
    ['the handoff stands, and the owner has renewed', afterRenewal(asked), 'applied'],
    ['a handoff to a third', { ...asked, leaseOwner: 'they' }, 'lost'],
    ['another owner', { ...known, leaseOwner: 'they' }, 'lost'],
    ['the row is gone', undefined, 'lost'],
  ]
  for (const [name, now, verdict] of rows) {
    it(`${name}: ${verdict}`, () => {
      assert.equal(judgeHandoffStart(known, now, 'you'), verdict)
    })
  }
})
