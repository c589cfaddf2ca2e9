import assert from 'node:assert/strict'
import type { Lease } from '../src/lease/lease.ts'
import { shardSnapshot, unendedParents } from '../src/snapshot.ts'
import type { RunningShard } from '../src/waiting-for.ts'
import { leaseOf, position } from './lease/leases.ts'
import { RUNNING, viewOf } from './shard-view.ts'

const KEY = 'shardId-000000000000'

function snapshot(lease: Lease, running?: RunningShard, workerId = 'a') {
  return shardSnapshot(viewOf({ lease, running, workerId }))
}

describe('shardSnapshot', () => {
  it('has the pinned fields, and two more', () => {
    const lease = leaseOf(KEY, { leaseOwner: 'a', checkpoint: position(7, 2) })
    const running = { ...RUNNING, millisBehindLatest: 42, lastError: 'slow disk' }
    const view = viewOf({ lease, running, age: { checkpointMs: 300, counterMs: 200 } })
    assert.deepEqual(shardSnapshot(view), {
      shardId: KEY,
      state: 'processing',
      waitingFor: 'reading',
      parents: [],
      owner: 'a',
      checkpoint: { sequenceNumber: '7', subSequenceNumber: 2 },
      checkpointAgeMs: 300,
      millisBehindLatest: 42,
      lastError: 'slow disk',
    })
  })

  it('knows no more than the row of a shard that is served elsewhere, or by nobody', () => {
    const elsewhere = snapshot(leaseOf(KEY, { leaseOwner: 'b' }))
    assert.deepEqual([elsewhere.state, elsewhere.owner], ['elsewhere', 'b'])
    assert.deepEqual([elsewhere.millisBehindLatest, elsewhere.lastError], [undefined, undefined])
    const nobodys = snapshot(leaseOf(KEY))
    assert.deepEqual([nobodys.state, nobodys.owner], ['unassigned', undefined])
  })

  it('calls its own lease assigned until it is taken up', () => {
    assert.equal(snapshot(leaseOf(KEY, { leaseOwner: 'a' })).state, 'assigned')
  })

  it('names the worker that still holds the lease during a handoff', () => {
    const lease = leaseOf(KEY, { leaseOwner: 'b', checkpointOwner: 'a' })
    assert.equal(snapshot(lease, undefined, 'c').owner, 'a')
  })

  it('says ended whoever has the lease, also while its consumer winds up', () => {
    const ended = { checkpoint: position('SHARD_END') }
    const winding: RunningShard = { ...RUNNING, state: 'shutting-down' }
    for (const leaseOwner of ['a', 'b', undefined]) {
      assert.equal(snapshot(leaseOf(KEY, { ...ended, leaseOwner })).state, 'ended')
    }
    assert.equal(snapshot(leaseOf(KEY, ended), winding).state, 'ended')
  })

  it('names parents only while the shard waits for them', () => {
    const lease = leaseOf(KEY, { leaseOwner: 'a' })
    const parents = ['p']
    const parentsOf = (running?: RunningShard, at: Lease = lease) =>
      shardSnapshot(viewOf({ lease: at, parents, running })).parents
    assert.deepEqual(parentsOf(), ['p'])
    assert.deepEqual(parentsOf({ ...RUNNING, state: 'waiting-on-parents' }), ['p'])
    assert.deepEqual(parentsOf(RUNNING), [])
    assert.deepEqual(parentsOf(undefined, { ...lease, checkpoint: position('SHARD_END') }), [])
  })
})

describe('unendedParents', () => {
  it('finds the parents that have a row which is not at SHARD_END', () => {
    const rows = [
      leaseOf('open', { checkpoint: position(7) }),
      leaseOf('ended', { checkpoint: position('SHARD_END') }),
    ]
    const child = leaseOf('child', { parentShardIds: ['tidied-away', 'ended', 'open'] })
    assert.deepEqual(unendedParents([...rows, child])(child), ['open'])
  })
})
