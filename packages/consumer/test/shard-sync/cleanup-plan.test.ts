import assert from 'node:assert/strict'
import type { Shard } from '@millrace/core'
import fc from 'fast-check'
import type { Lease } from '../../src/lease/lease.ts'
import { planCleanup } from '../../src/shard-sync/cleanup-plan.ts'
import { leaseOf, position } from '../lease/leases.ts'
import { histories, shardId, shardOf } from './lineage.ts'

interface Row {
  readonly id: number
  readonly at: string | number
  readonly parents?: readonly number[]
  readonly children?: readonly number[]
}

function lease({ id, at, parents = [], children = [] }: Row): Lease {
  return leaseOf(shardId(id), {
    checkpoint: position(at),
    parentShardIds: parents.map(shardId),
    childShardIds: children.map(shardId),
  })
}

function cleaned(rows: readonly Row[], shards?: readonly Shard[], due?: readonly number[]) {
  const leases = rows.map(lease)
  const keys = new Set(due?.map(shardId) ?? leases.map(({ leaseKey }) => leaseKey))
  return planCleanup({ leases, due: keys, shards }).map((key) => Number(key.slice(8)))
}

const parent: Row = { id: 0, at: 'SHARD_END', children: [1, 2] }
const child = (id: number, at: string | number): Row => ({ id, at, parents: [0] })

describe('planCleanup', () => {
  it('lets a lease go once all its children have left their initial position', () => {
    assert.deepEqual(cleaned([parent, child(1, 9), child(2, 9)]), [0])
    for (const at of ['TRIM_HORIZON', 'AT_TIMESTAMP']) {
      assert.deepEqual(cleaned([parent, child(1, 9), child(2, at)]), [])
    }
    assert.deepEqual(cleaned([parent, child(1, 'LATEST'), child(2, 'SHARD_END')]), [0])
  })

  it('keeps a lease of which a child has no lease, whoever names the child', () => {
    assert.deepEqual(cleaned([parent, child(1, 9)]), [])
    assert.deepEqual(
      cleaned(
        [{ ...parent, children: [1] }, child(1, 9)],
        [shardOf({ id: 0 }), shardOf({ id: 2, parents: [0] })],
      ),
      [],
    )
  })

  it('knows children that only their own rows name', () => {
    assert.deepEqual(cleaned([{ id: 0, at: 'SHARD_END' }, child(1, 9)]), [0])
    assert.deepEqual(cleaned([{ id: 0, at: 'SHARD_END' }, child(1, 'TRIM_HORIZON')]), [])
  })

  it('keeps a lease whose own parents have leases: the eldest go first', () => {
    const line: Row[] = [
      { id: 0, at: 'SHARD_END', children: [1] },
      { id: 1, at: 'SHARD_END', parents: [0], children: [2] },
      { id: 2, at: 7, parents: [1] },
    ]
    assert.deepEqual(cleaned(line), [0])
    assert.deepEqual(cleaned(line.slice(1)), [1])
  })

  it('keeps what has not ended, and what has not been seen ended for long enough', () => {
    assert.deepEqual(cleaned([{ ...parent, at: 7 }, child(1, 9), child(2, 9)]), [])
    assert.deepEqual(cleaned([parent, child(1, 9), child(2, 9)], undefined, [1, 2]), [])
  })

  it('keeps a childless lease until a list shows that its shard is gone', () => {
    const lone: Row = { id: 0, at: 'SHARD_END' }
    assert.deepEqual(cleaned([lone]), [])
    assert.deepEqual(cleaned([lone], [shardOf({ id: 0 })]), [])
    assert.deepEqual(cleaned([lone], [shardOf({ id: 5, open: true })]), [0])
  })

  it('lets the lease of a trimmed shard go only when its listed children have leases', () => {
    const shards = [1, 2].map((id) => shardOf({ id, parents: [0], open: true }))
    assert.deepEqual(cleaned([parent, child(1, 'TRIM_HORIZON')], shards), [])
    const rows = [parent, child(1, 'TRIM_HORIZON'), child(2, 'TRIM_HORIZON')]
    assert.deepEqual(cleaned(rows, shards), [0])
    assert.deepEqual(cleaned([parent], [shardOf({ id: 9, open: true })]), [0])
  })

  it('never lets go of a lease that is missed: of an open shard, or with a child not begun', () => {
    const drawn = histories.chain((shards) =>
      fc.tuple(
        fc.constant(shards),
        fc.array(fc.constantFrom('TRIM_HORIZON', '9', 'SHARD_END', undefined), {
          minLength: shards.length,
          maxLength: shards.length,
        }),
        fc.boolean(),
      ),
    )
    fc.assert(
      fc.property(drawn, ([shards, at, isListed]) => {
        const leases = shards.flatMap((shard, i) => {
          const sequenceNumber = at[i]
          if (sequenceNumber === undefined) return []
          const { shardId: id, parentShardIds } = shard
          return [leaseOf(id, { checkpoint: position(sequenceNumber), parentShardIds })]
        })
        const due = new Set(leases.map(({ leaseKey }) => leaseKey))
        const rows = new Map(leases.map((row) => [row.leaseKey, row]))
        for (const key of planCleanup({ leases, due, shards: isListed ? shards : undefined })) {
          assert.equal(rows.get(key)?.checkpoint.sequenceNumber, 'SHARD_END')
          const children = shards.filter(({ parentShardIds }) => parentShardIds.includes(key))
          const known = isListed ? children : children.filter(({ shardId: id }) => rows.has(id))
          assert.ok(known.length > 0)
          for (const { shardId: id } of known) {
            const begun = rows.get(id)?.checkpoint.sequenceNumber
            assert.ok(begun !== undefined && begun !== 'TRIM_HORIZON', id)
          }
        }
      }),
    )
  })
})
