import assert from 'node:assert/strict'
import { shardSnapshot } from '../src/snapshot.ts'
import { leaseOf, position } from './lease/leases.ts'

const KEY = 'shardId-000000000000'
const RUNNING = {
  state: 'processing',
  waitingFor: [],
  millisBehindLatest: 42,
  lastError: 'slow disk',
}

describe('shardSnapshot', () => {
  it('has exactly the pinned fields', () => {
    const lease = leaseOf(KEY, { leaseOwner: 'a', checkpoint: position(7, 2) })
    assert.deepEqual(shardSnapshot(lease, RUNNING, 'a'), {
      shardId: KEY,
      state: 'processing',
      waitingFor: [],
      owner: 'a',
      checkpoint: { sequenceNumber: '7', subSequenceNumber: 2 },
      millisBehindLatest: 42,
      lastError: 'slow disk',
    })
  })

  it('knows nothing of a shard that is served elsewhere, or by nobody', () => {
    const elsewhere = shardSnapshot(leaseOf(KEY, { leaseOwner: 'b' }), undefined, 'a')
    assert.deepEqual([elsewhere.state, elsewhere.owner], ['elsewhere', 'b'])
    assert.deepEqual(
      [elsewhere.waitingFor, elsewhere.millisBehindLatest, elsewhere.lastError],
      [[], undefined, undefined],
    )
    const nobodys = shardSnapshot(leaseOf(KEY), undefined, 'a')
    assert.deepEqual([nobodys.state, nobodys.owner], ['unassigned', undefined])
  })

  it('calls its own lease assigned until it is taken up', () => {
    assert.equal(shardSnapshot(leaseOf(KEY, { leaseOwner: 'a' }), undefined, 'a').state, 'assigned')
  })

  it('names the worker that still holds the lease during a handoff', () => {
    const lease = leaseOf(KEY, { leaseOwner: 'b', checkpointOwner: 'a' })
    assert.equal(shardSnapshot(lease, undefined, 'c').owner, 'a')
  })

  it('says ended whoever has the lease, also while its consumer winds up', () => {
    const ended = { checkpoint: position('SHARD_END') }
    const winding = { ...RUNNING, state: 'shutting-down' }
    for (const leaseOwner of ['a', 'b', undefined]) {
      assert.equal(
        shardSnapshot(leaseOf(KEY, { ...ended, leaseOwner }), undefined, 'a').state,
        'ended',
      )
    }
    assert.equal(shardSnapshot(leaseOf(KEY, ended), winding, 'a').state, 'ended')
  })
})
