import assert from 'node:assert/strict'
import { snapshotOf } from '../../src/lease/table-snapshot.ts'
import { goldenItems } from './golden.ts'

describe('snapshotOf', () => {
  const items = goldenItems('golden3x.json', 'handoff-pending')

  it('sorts a table of KCL into leases, workers and the leader', () => {
    const snapshot = snapshotOf(items)
    assert.deepEqual(
      snapshot.leases.map(({ leaseKey }) => leaseKey),
      [0, 1, 2, 3].map((n) => `shardId-00000000000${n}`),
    )
    assert.deepEqual(
      snapshot.workers.map(({ workerId }) => workerId),
      ['w1', 'w2'],
    )
    assert.equal(snapshot.leader?.ownerName, 'w1')
    assert.deepEqual(snapshot.malformed, [])
  })

  it('does not depend on the order of the scan', () => {
    assert.deepEqual(snapshotOf([...items].reverse()), snapshotOf(items))
  })

  it('names malformed rows and goes on', () => {
    const snapshot = snapshotOf([
      { leaseKey: { S: 'shardId-1' }, entityType: { S: 'LEASE' }, leaseCounter: { N: '-1' } },
      ...items,
    ])
    assert.equal(snapshot.leases.length, 4)
    assert.deepEqual(
      snapshot.malformed.map(({ leaseKey }) => leaseKey),
      ['shardId-1'],
    )
  })

  it('knows no leader once the row is deleted, and reads an empty table', () => {
    assert.equal(snapshotOf(goldenItems('golden3x.json', 'leader-stopped')).leader, undefined)
    assert.deepEqual(snapshotOf([]), { leases: [], workers: [], leader: undefined, malformed: [] })
  })
})
