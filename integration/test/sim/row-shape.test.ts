import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import { changedHandsUncounted, misshapen } from '../../sim/checkers/row-shape.ts'

const ROW: dynamo.Item = {
  leaseKey: { S: 'shardId-000000000000' },
  entityType: { S: 'LEASE' },
  leaseCounter: { N: '7' },
  checkpoint: { S: 'TRIM_HORIZON' },
  checkpointSubSequenceNumber: { N: '0' },
  ownerSwitchesSinceCheckpoint: { N: '0' },
}

describe('misshapen', () => {
  it('finds nothing amiss with a row that KCL reads', () => {
    assert.equal(
      misshapen({ ...ROW, leaseOwner: { S: 'a' }, parentShardId: { SS: ['p'] } }),
      undefined,
    )
  })

  it('names what KCL would fail on', () => {
    assert.equal(misshapen({ ...ROW, leaseCounter: { S: '7' } }), 'leaseCounter is not of type N')
    assert.equal(misshapen({ ...ROW, leaseOwner: { S: '' } }), 'leaseOwner is empty')
    assert.equal(misshapen({ ...ROW, epoch: { N: '1' } }), 'epoch is no attribute of a lease')
    const { checkpoint: _, ...lacking } = ROW
    assert.equal(misshapen(lacking), 'checkpoint is missing')
  })
})

describe('changedHandsUncounted', () => {
  it('wants one step of the counter with each new holder, and none for a handoff that begins', () => {
    const held = { ...ROW, leaseOwner: { S: 'a' } }
    const given = { ...ROW, leaseOwner: { S: 'b' } }
    assert.equal(changedHandsUncounted(held, given), true)
    assert.equal(changedHandsUncounted(held, { ...given, leaseCounter: { N: '8' } }), false)
    assert.equal(changedHandsUncounted(held, { ...given, checkpointOwner: { S: 'a' } }), false)
  })
})
