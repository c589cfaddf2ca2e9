/** The part of the lease store's suite that is about changes of owner, and children. */
import assert from 'node:assert/strict'
import type { Lease } from '../../src/lease/lease.ts'
import { type LeaseStoreBench, unanswered } from './lease-store-bench.ts'
import { position } from './leases.ts'

export function ownerWriteTests(benchOf: () => LeaseStoreBench): void {
  let bench: LeaseStoreBench
  before(() => {
    bench = benchOf()
  })

  describe('a handoff that a Java leader starts', () => {
    it('fails the next renewal, which returns both owners', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      await bench.startHandoff(lease, 'you')
      const result = await bench.store.renew(lease, 'me')
      assert.equal(result.outcome, 'lost')
      assert.equal(result.lease?.checkpointOwner, 'me')
      assert.equal(result.lease.leaseOwner, 'you')
    })

    it('ends with completeHandoff: the next owner alone, counter one up, no switch', async () => {
      const pending = await bench.startHandoff(await bench.created({ leaseOwner: 'me' }), 'you')
      const done = await bench.store.completeHandoff(pending)
      assert.deepEqual(done, {
        ...pending,
        checkpointOwner: undefined,
        leaseCounter: pending.leaseCounter + 1,
      })
    })

    it('ends once: a second time changes nothing', async () => {
      const pending = await bench.startHandoff(await bench.created({ leaseOwner: 'me' }), 'you')
      const done = await bench.store.completeHandoff(pending)
      assert.deepEqual(await bench.store.completeHandoff(pending), done)
      assert.deepEqual(await bench.known(pending.leaseKey), done)
    })

    it('frees the lease when the row names no next owner', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      await bench.update(lease.leaseKey, 'SET checkpointOwner = :from REMOVE leaseOwner', {
        ':from': { S: 'me' },
      })
      const done = await bench.store.completeHandoff(await bench.known(lease.leaseKey))
      assert.equal(done?.leaseOwner, undefined)
      assert.equal(done?.checkpointOwner, undefined)
      assert.equal(done?.leaseCounter, 1)
    })
  })

  interface Owner {
    readonly name: string
    readonly prepare?: (lease: Lease) => Promise<Lease>
    readonly write: (lease: Lease) => Promise<Lease | undefined>
    readonly leaseOwner: string | undefined
  }
  const owners: readonly Owner[] = [
    { name: 'assign', write: (lease) => bench.store.assign(lease, 'you'), leaseOwner: 'you' },
    { name: 'release', write: (lease) => bench.store.release(lease), leaseOwner: undefined },
    {
      name: 'release of a lease that was promised',
      prepare: (lease) => bench.startHandoff(lease, 'you'),
      write: (lease) => bench.store.release(lease),
      leaseOwner: 'you',
    },
    {
      name: 'completeHandoff',
      prepare: (lease) => bench.startHandoff(lease, 'you'),
      write: (lease) => bench.store.completeHandoff(lease),
      leaseOwner: 'you',
    },
  ]
  for (const { name: writeName, prepare, write, leaseOwner } of owners) {
    describe(writeName, () => {
      async function ready(): Promise<Lease> {
        const lease = await bench.created({ leaseOwner: 'me' })
        return prepare === undefined ? lease : await prepare(lease)
      }
      function assertDone(lease: Lease, result: Lease | undefined): void {
        assert.equal(result?.leaseKey, lease.leaseKey)
        assert.equal(result.leaseOwner, leaseOwner)
        assert.equal(result.checkpointOwner, undefined)
        assert.equal(result.leaseCounter, lease.leaseCounter + 1)
      }

      it('returns the row as it is stored afterwards, unknown attributes kept', async () => {
        const lease = await ready()
        await bench.addPrivate(lease.leaseKey)
        const result = await write(lease)
        assertDone(lease, result)
        assert.deepEqual(result, await bench.known(lease.leaseKey))
        assert.deepEqual((await bench.row(lease.leaseKey))?.['privateToOthers'], { S: 'kept' })
      })

      it('changes nothing when the owner has changed', async () => {
        const lease = await ready()
        const now = await bench.store.assign(lease, 'third')
        assert.equal(await write(lease), undefined)
        assert.deepEqual(await bench.known(lease.leaseKey), now)
      })

      it('makes no stub of a row that is gone', async () => {
        const lease = await ready()
        await bench.remove(lease.leaseKey)
        assert.equal(await write(lease), undefined)
        assert.equal(await bench.row(lease.leaseKey), undefined)
      })

      it('recovers a write whose reply was lost', async () => {
        const lease = await ready()
        bench.flaky.failNextWrite('lost-reply')
        assertDone(lease, await write(lease))
      })

      it('rejects when the write has not arrived, and can be called again', async () => {
        const lease = await ready()
        bench.flaky.failNextWrite('dropped')
        await assert.rejects(write(lease), unanswered)
        assertDone(lease, await write(lease))
      })

      it('says that another was faster when that is what the row shows', async () => {
        const lease = await ready()
        bench.flaky.failNextWrite('dropped', () => bench.store.assign(lease, 'third'))
        assert.equal(await write(lease), undefined)
      })
    })
  }

  describe('assign', () => {
    it('leaves a holder alone that has renewed since', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      const renewed = await bench.store.renew(lease, 'me')
      assert.equal(await bench.store.assign(lease, 'you'), undefined)
      assert.deepEqual(await bench.known(lease.leaseKey), renewed.lease)
    })

    it('takes a lease that nobody has', async () => {
      const lease = await bench.created()
      assert.equal((await bench.store.assign(lease, 'me'))?.leaseOwner, 'me')
    })

    it('counts the switches until a checkpoint', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      const you = await bench.store.assign(lease, 'you')
      assert.equal(you?.ownerSwitchesSinceCheckpoint, 1)
      const result = await bench.store.checkpoint(you, 'you', position('200'))
      assert.equal(result.lease?.ownerSwitchesSinceCheckpoint, 0)
    })
  })

  describe('deleteEnded', () => {
    it('deletes the row of an ended shard, also one that its holder renews', async () => {
      const lease = await bench.created({ checkpoint: position('SHARD_END'), leaseOwner: 'me' })
      await bench.store.renew(lease, 'me')
      assert.equal(await bench.store.deleteEnded(lease.leaseKey), true)
      assert.equal(await bench.row(lease.leaseKey), undefined)
      assert.equal(await bench.store.deleteEnded(lease.leaseKey), false)
    })

    it('leaves a row alone that is still to be read', async () => {
      const lease = await bench.created()
      assert.equal(await bench.store.deleteEnded(lease.leaseKey), false)
      assert.deepEqual(await bench.known(lease.leaseKey), lease)
    })
  })

  describe('deleteUnchanged', () => {
    it('deletes the row as it was read', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      assert.equal(await bench.store.deleteUnchanged(lease), true)
      assert.equal(await bench.row(lease.leaseKey), undefined)
    })

    it('leaves a row alone that was written since', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      await bench.store.renew(lease, 'me')
      assert.equal(await bench.store.deleteUnchanged(lease), false)
      const now = await bench.known(lease.leaseKey)
      assert.equal(await bench.store.deleteUnchanged({ ...now, checkpoint: position(1) }), false)
      assert.deepEqual(await bench.known(lease.leaseKey), now)
    })
  })

  describe('recordChildren', () => {
    it('writes the ids and leaves the counter alone', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      assert.equal(await bench.store.recordChildren(lease.leaseKey, ['c2', 'c1', 'c2']), true)
      assert.deepEqual(await bench.known(lease.leaseKey), { ...lease, childShardIds: ['c1', 'c2'] })
    })

    it('makes no stub of a row that is gone', async () => {
      assert.equal(await bench.store.recordChildren('no such lease', ['c1']), false)
      assert.equal(await bench.row('no such lease'), undefined)
    })

    it('rejects when nobody answers, and can be called again', async () => {
      const lease = await bench.created()
      bench.flaky.failNextWrite('lost-reply')
      await assert.rejects(bench.store.recordChildren(lease.leaseKey, ['c1']), unanswered)
      assert.equal(await bench.store.recordChildren(lease.leaseKey, ['c1']), true)
    })
  })
}
