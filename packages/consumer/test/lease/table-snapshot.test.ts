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
    assert.deepEqual(snapshot.skipped, [])
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
      snapshot.skipped.map(({ leaseKey, kind }) => [leaseKey, kind]),
      [['shardId-1', 'malformed']],
    )
  })

  it('leaves alone, and counts, what no consumer of one stream may touch', () => {
    const lease = items.find((item) => item['entityType']?.S === 'LEASE')
    const key = '123456789012:orders:1700000000:shardId-000000000000'
    const snapshot = snapshotOf([
      { ...lease, leaseKey: { S: key }, streamName: { S: '123456789012:orders:1700000000' } },
      { ...lease, leaseKey: { S: 'settings' }, entityType: { S: 'SETTINGS' } },
      { leaseKey: { S: 'note' }, text: { S: 'of somebody' } },
      { leaseKey: { S: 'w9' }, entityType: { S: 'WORKER_METRIC_STATS' }, lut: { S: 'now' } },
      { leaseKey: { S: 'w9:stream:1' }, entityType: { S: 'STREAM' } },
      ...items.filter((item) => item['leaseKey']?.S !== 'Leader'),
      { ...lease, leaseKey: { S: 'Leader' } },
      {
        leaseKey: { S: 'Migration3.0' },
        entityType: { S: 'WORKER_METRIC_STATS' },
        lut: { N: '1' },
      },
    ])
    assert.equal(snapshot.leases.length, 4)
    assert.equal(snapshot.leader, undefined)
    assert.deepEqual(
      snapshot.workers.map(({ workerId }) => workerId),
      ['w1', 'w2'],
    )
    assert.deepEqual(
      snapshot.skipped.map((row) => [row.leaseKey, row.kind]),
      [
        [key, 'multi-stream'],
        ['settings', 'unknown'],
        ['note', 'unknown'],
        ['w9', 'malformed'],
        ['Leader', 'malformed'],
      ],
    )
  })

  it('says whether the generation of the fleet is ours', () => {
    assert.deepEqual(snapshotOf(items).generation, { kind: 'run' })
    const migration = { leaseKey: { S: 'Migration3.0' }, cv: { S: 'CLIENT_VERSION_2X' } }
    const { generation } = snapshotOf([migration])
    assert.equal(generation?.kind, 'refuse')
  })

  it('knows no leader once the row is deleted, and reads an empty table', () => {
    assert.equal(snapshotOf(goldenItems('golden3x.json', 'leader-stopped')).leader, undefined)
    assert.deepEqual(snapshotOf([]), {
      ...{ leases: [], workers: [], skipped: [] },
      ...{ leader: undefined, generation: undefined },
    })
  })
})
