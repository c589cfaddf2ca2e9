/** The part of the lease store's suite that is about changes of owner, and children. */
import assert from 'node:assert/strict'
import type { AskableLease } from '../../src/assignment/handoff-rule.ts'
import type { Lease } from '../../src/lease/lease.ts'
import { type LeaseStoreBench, unanswered } from './lease-store-bench.ts'
import { position } from './leases.ts'

export function ownerWriteTests(benchOf: () => LeaseStoreBench): void {
  let bench: LeaseStoreBench
  before(() => {
    bench = benchOf()
  })

  describe('a handoff that a Java leader starts', () => {
    it('fails the next renewal, which returns both owners and can be repeated', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      await bench.startHandoff(lease, 'you')
      const refused = await bench.store.renew(lease, 'me')
      assert.equal(refused.outcome, 'not-applied')
      assert.equal(refused.lease.checkpointOwner, 'me')
      assert.equal(refused.lease.leaseOwner, 'you')
      const renewed = await bench.store.renew(refused.lease, 'me')
      assert.equal(renewed.outcome, 'applied')
      assert.deepEqual(renewed.lease, await bench.known(lease.leaseKey))
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

    it('is not ended by a request that comes late, in another handoff of the same two', async () => {
      const first = await bench.startHandoff(await bench.created({ leaseOwner: 'me' }), 'you')
      await bench.store.completeHandoff(first)
      const back = await bench.store.assign(await bench.known(first.leaseKey), 'me')
      const second = await bench.startHandoff(back ?? assert.fail('not given back'), 'you')
      assert.equal(await bench.store.completeHandoff(first), undefined)
      assert.deepEqual(await bench.known(first.leaseKey), second)
    })
  })

  describe('startHandoff', () => {
    it('names both owners and leaves the counter alone, also when the owner has renewed since', async () => {
      const lease = await bench.owned('me')
      const renewed = await bench.store.renew(lease, 'me')
      const asked = await bench.store.startHandoff(lease, 'you')
      assert.deepEqual(asked, { ...renewed.lease, leaseOwner: 'you', checkpointOwner: 'me' })
      assert.deepEqual(await bench.known(lease.leaseKey), asked)
    })

    it('changes nothing when the owner has changed, or is asked already', async () => {
      const lease = await bench.owned('me')
      const asked = await bench.store.startHandoff(lease, 'you')
      assert.equal(await bench.store.startHandoff(lease, 'third'), undefined)
      assert.deepEqual(await bench.known(lease.leaseKey), asked)
      const taken = await bench.store.assign(asked ?? assert.fail('not asked'), 'third')
      assert.equal(await bench.store.startHandoff(lease, 'you'), undefined)
      assert.deepEqual(await bench.known(lease.leaseKey), taken)
    })

    it('makes no stub of a row that is gone', async () => {
      const lease = await bench.owned('me')
      await bench.remove(lease.leaseKey)
      assert.equal(await bench.store.startHandoff(lease, 'you'), undefined)
      assert.equal(await bench.row(lease.leaseKey), undefined)
    })

    it('recovers a write whose reply was lost, renewed meanwhile or not', async () => {
      for (const meanwhile of [false, true]) {
        const lease = await bench.owned('me')
        bench.flaky.failNextWrite('lost-reply', async () => {
          if (meanwhile) await bench.store.renew(await bench.known(lease.leaseKey), 'me')
        })
        const asked = await bench.store.startHandoff(lease, 'you')
        assert.equal(asked?.checkpointOwner, 'me')
        assert.deepEqual(asked, await bench.known(lease.leaseKey))
      }
    })

    it('rejects when the write has not arrived, and can be called again', async () => {
      const lease = await bench.owned('me')
      bench.flaky.failNextWrite('dropped')
      await assert.rejects(bench.store.startHandoff(lease, 'you'), unanswered)
      assert.equal((await bench.store.startHandoff(lease, 'you'))?.leaseOwner, 'you')
    })
  })

  describe('hasWorker', () => {
    it('tells a worker that shows signs of life from one that is gone, and from a lease', async () => {
      const lease = await bench.created()
      assert.equal(await bench.store.hasWorker('nobody'), false)
      assert.equal(await bench.store.hasWorker(lease.leaseKey), false)
      await bench.addWorker('somebody')
      assert.equal(await bench.store.hasWorker('somebody'), true)
    })
  })

  interface Owner {
    readonly name: string
    readonly prepare?: (lease: Lease) => Promise<AskableLease>
    readonly write: (lease: AskableLease) => Promise<Lease | undefined>
    readonly leaseOwner: string | undefined
  }
  const owners: readonly Owner[] = [
    { name: 'assign', write: (lease) => bench.store.assign(lease, 'you'), leaseOwner: 'you' },
    { name: 'take', write: (lease) => bench.store.take(lease, 'you'), leaseOwner: 'you' },
    { name: 'release', write: (lease) => bench.store.release(lease), leaseOwner: undefined },
    {
      name: 'release of a lease that was promised',
      prepare: (lease) => bench.startHandoff(lease, 'you'),
      write: (lease) => bench.store.release(lease),
      leaseOwner: undefined,
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
      async function ready(): Promise<AskableLease> {
        const lease = await bench.owned('me')
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

  describe('take', () => {
    it('takes the lease from a holder that has renewed since, and counts the switch', async () => {
      const lease = await bench.owned('me')
      await bench.store.renew(lease, 'me')
      const taken = await bench.store.take(lease, 'you')
      assert.equal(taken?.leaseOwner, 'you')
      assert.equal(taken.leaseCounter, lease.leaseCounter + 2)
      assert.equal(taken.ownerSwitchesSinceCheckpoint, 1)
      assert.deepEqual(await bench.known(lease.leaseKey), taken)
    })

    it('recovers a write whose reply was lost, also when the holder has renewed since', async () => {
      const lease = await bench.owned('me')
      await bench.store.renew(lease, 'me')
      bench.flaky.failNextWrite('lost-reply')
      assert.equal((await bench.store.take(lease, 'you'))?.leaseOwner, 'you')
    })

    it('leaves a handoff alone that has begun since', async () => {
      const lease = await bench.owned('me')
      const asked = await bench.startHandoff(lease, 'you')
      assert.equal(await bench.store.take(lease, 'third'), undefined)
      assert.deepEqual(await bench.known(lease.leaseKey), asked)
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
