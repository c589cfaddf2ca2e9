import assert from 'node:assert/strict'
import { childLeases, otherParents } from '../../src/shard-sync/shard-end-plan.ts'
import { shardId, shardOf } from './lineage.ts'

describe('childLeases', () => {
  it('start at TRIM_HORIZON, and the worker that ended the parent keeps the first', () => {
    const children = [shardOf({ id: 2, parents: [0] }), shardOf({ id: 1, parents: [0] })]
    assert.deepEqual(
      childLeases(children, 'me').map((lease) => [
        lease.leaseKey,
        lease.checkpoint.sequenceNumber,
        lease.leaseOwner,
        lease.parentShardIds,
      ]),
      [
        [shardId(1), 'TRIM_HORIZON', 'me', [shardId(0)]],
        [shardId(2), 'TRIM_HORIZON', undefined, [shardId(0)]],
      ],
    )
    assert.deepEqual(childLeases([], 'me'), [])
  })
})

describe('otherParents', () => {
  it('are none after a split, and the sibling after a merge', () => {
    const split = [shardOf({ id: 1, parents: [0] }), shardOf({ id: 2, parents: [0] })]
    assert.deepEqual(otherParents(shardId(0), split), [])
    const merge = [shardOf({ id: 3, parents: [2, 1] })]
    assert.deepEqual(otherParents(shardId(1), merge), [shardId(2)])
    assert.deepEqual(otherParents(shardId(2), merge), [shardId(1)])
  })
})
