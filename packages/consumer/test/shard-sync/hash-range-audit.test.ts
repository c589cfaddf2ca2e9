import assert from 'node:assert/strict'
import { MAX_HASH_KEY, type ShardHashKeyRange } from '@millrace/core'
import type { Lease } from '../../src/lease/lease.ts'
import { HashRangeAudit, lacksRange } from '../../src/shard-sync/hash-range-audit.ts'
import { leaseOf, position } from '../lease/leases.ts'
import { shardId, shardOf } from './lineage.ts'

const SHARD_END = position('SHARD_END')

function lease(id: number, start: bigint, end: bigint, fields: Partial<Lease> = {}): Lease {
  return leaseOf(shardId(id), { hashKeyRange: { start, end }, ...fields })
}

const low = lease(0, 0n, 99n)
const middle = lease(1, 100n, 199n)
const high = lease(2, 200n, MAX_HASH_KEY)
const hole = (start: bigint, end: bigint): ShardHashKeyRange => ({ start, end })

describe('HashRangeAudit', () => {
  it('finds nothing where leases cover every hash key, overlaps included', () => {
    const audit = new HashRangeAudit()
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(audit.audit([low, middle, high, lease(3, 0n, 150n)]), {
        holes: [],
        confirmed: [],
      })
    }
  })

  it('confirms a hole that two audits in a row have seen', () => {
    const audit = new HashRangeAudit()
    assert.deepEqual(audit.audit([low, high]), { holes: [hole(100n, 199n)], confirmed: [] })
    assert.deepEqual(audit.audit([low, high]).confirmed, [hole(100n, 199n)])
  })

  it('confirms only what was uncovered both times', () => {
    const audit = new HashRangeAudit()
    audit.audit([low, high])
    assert.deepEqual(audit.audit([low, high, lease(4, 100n, 149n)]).confirmed, [hole(150n, 199n)])
    audit.audit([low, high])
    assert.deepEqual(audit.audit([middle, high]), { holes: [hole(0n, 99n)], confirmed: [] })
  })

  it('does not count an ended lease, and sees holes at both edges', () => {
    const ended = lease(0, 0n, 99n, { checkpoint: SHARD_END })
    const audit = new HashRangeAudit()
    assert.deepEqual(audit.audit([ended, middle]).holes, [hole(0n, 99n), hole(200n, MAX_HASH_KEY)])
  })

  it('starts anew after reset', () => {
    const audit = new HashRangeAudit()
    audit.audit([low, high])
    audit.reset()
    assert.deepEqual(audit.audit([low, high]).confirmed, [])
  })

  it('takes a range that a row lacks from the list, and leaves out one that nobody knows', () => {
    const bare = leaseOf(shardId(7))
    const audit = new HashRangeAudit()
    assert.deepEqual(audit.audit([bare], [shardOf({ id: 7, open: true })]).holes, [])
    assert.deepEqual(audit.audit([bare], []).holes, [hole(0n, MAX_HASH_KEY)])
  })
})

describe('lacksRange', () => {
  it('asks for the list only where a row that counts has no range', () => {
    assert.equal(lacksRange([low, high]), false)
    assert.equal(lacksRange([low, leaseOf(shardId(7))]), true)
    assert.equal(lacksRange([leaseOf(shardId(7), { checkpoint: SHARD_END })]), false)
  })
})
