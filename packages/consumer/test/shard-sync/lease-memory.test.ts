import assert from 'node:assert/strict'
import { LeaseMemory } from '../../src/shard-sync/lease-memory.ts'
import { leaseOf, position } from '../lease/leases.ts'

const a = leaseOf('a', { checkpoint: position(1) })
const b = leaseOf('b', { checkpoint: position(2) })

describe('LeaseMemory', () => {
  it('knows the rows that are gone, as they were last seen', () => {
    const memory = new LeaseMemory()
    memory.see([a, b])
    const later = { ...b, checkpoint: position(3) }
    memory.see([a, later])
    memory.see([a])
    assert.deepEqual(memory.gone([a]), [later])
    assert.deepEqual(memory.gone([a, b]), [])
  })

  it('does not miss the row of a shard that has ended', () => {
    const memory = new LeaseMemory()
    memory.see([a, b])
    memory.see([a, { ...b, checkpoint: position('SHARD_END') }])
    assert.deepEqual(memory.gone([a]), [])
  })

  it('forgets what is gone when told, and not because the table is empty', () => {
    const memory = new LeaseMemory()
    memory.see([a, b])
    memory.forgetGone([a])
    assert.deepEqual(memory.gone([]), [a])
    memory.see([])
    assert.deepEqual(memory.gone([]), [a])
  })
})
