/** What a lease store promises on any DynamoDB: a simulated one, an emulator, AWS itself. */
import assert from 'node:assert/strict'
import type { Lease } from '../../src/lease/lease.ts'
import type { HolderWrite } from '../../src/lease/lease-store.ts'
import { type DynamoUnderTest, LeaseStoreBench, unanswered } from './lease-store-bench.ts'
import { ownerWriteTests } from './lease-store-owner-tests.ts'
import { position } from './leases.ts'

const AT = position('49680503018351217237587474467035764806657281496337874946', 3)

export function leaseStoreSuite(name: string, setUp: () => Promise<DynamoUnderTest>): void {
  describe(`LeaseStore on ${name}`, () => {
    let tested: DynamoUnderTest | undefined
    let bench: LeaseStoreBench

    before(async () => {
      tested = await setUp()
      bench = new LeaseStoreBench(tested.port)
      await bench.makeTable()
    })
    after(() => tested?.tearDown())

    holderWriteTests(() => bench)
    ownerWriteTests(() => bench)
  })
}

function holderWriteTests(benchOf: () => LeaseStoreBench): void {
  let bench: LeaseStoreBench
  before(() => {
    bench = benchOf()
  })

  describe('createIfAbsent', () => {
    it('creates the row once', async () => {
      const lease = bench.newLease({ parentShardIds: ['p1', 'p2'], leaseOwner: 'me' })
      assert.equal(await bench.store.createIfAbsent(lease), true)
      assert.equal(await bench.store.createIfAbsent({ ...lease, leaseOwner: 'you' }), false)
      const stored = await bench.known(lease.leaseKey)
      assert.equal(stored.leaseOwner, 'me')
      assert.deepEqual(stored.parentShardIds, ['p1', 'p2'])
      assert.deepEqual(stored.hashKeyRange, { start: 0n, end: 99n })
    })

    it('rejects when nobody answers, and can be called again', async () => {
      for (const failure of ['lost-reply', 'dropped'] as const) {
        const lease = bench.newLease()
        bench.flaky.failNextWrite(failure)
        await assert.rejects(bench.store.createIfAbsent(lease), unanswered)
        assert.equal(await bench.store.createIfAbsent(lease), failure === 'dropped')
      }
    })
  })

  describe('get, scan and keysOwnedBy', () => {
    it('finds a lease by key, by scan and by owner', async () => {
      const lease = await bench.created({ leaseOwner: 'finder' })
      const other = await bench.created({ leaseOwner: 'not the finder' })
      const { leases } = await bench.store.scan(true)
      assert.deepEqual(
        leases.find(({ leaseKey }) => leaseKey === lease.leaseKey),
        lease,
      )
      const keysOfFinder = await bench.store.keysOwnedBy('finder')
      assert.deepEqual(keysOfFinder, [lease.leaseKey])
      assert.ok(!keysOfFinder.includes(other.leaseKey))
      assert.deepEqual(await bench.store.keysOwnedBy('nobody'), [])
      assert.equal(await bench.store.get('no such lease'), undefined)
    })

    it('takes a row that is no lease for none', async () => {
      assert.equal(await bench.store.get('Migration3.0'), undefined)
    })
  })

  interface Holder {
    readonly name: string
    readonly write: (lease: Lease) => Promise<HolderWrite>
    readonly effect: Partial<Lease>
  }
  const state = new Uint8Array([0, 255, 7])
  const holders: readonly Holder[] = [
    { name: 'renew', write: (lease) => bench.store.renew(lease, 'me'), effect: {} },
    {
      name: 'checkpoint',
      write: (lease) => bench.store.checkpoint(lease, 'me', AT),
      effect: { checkpoint: AT },
    },
    {
      name: 'prepareCheckpoint',
      write: (lease) => bench.store.prepareCheckpoint(lease, 'me', AT, state),
      effect: { pendingCheckpoint: AT, pendingCheckpointState: state },
    },
    {
      name: 'recordStartTimestamp',
      write: (lease) => bench.store.recordStartTimestamp(lease, 'me', 1_790_000_000_123),
      effect: { startTimestampMs: 1_790_000_000_123 },
    },
  ]
  for (const { name: writeName, write, effect } of holders) {
    describe(writeName, () => {
      const after = (lease: Lease): Lease => ({
        ...lease,
        ...effect,
        leaseCounter: lease.leaseCounter + 1,
      })

      it('returns the row as it is stored afterwards', async () => {
        const lease = await bench.created({ leaseOwner: 'me' })
        const result = await write(lease)
        assert.deepEqual(result, { outcome: 'applied', lease: after(lease), lookedUp: undefined })
        assert.deepEqual(await bench.known(lease.leaseKey), after(lease))
      })

      it('works again and again from what it returned', async () => {
        let lease = await bench.created({ leaseOwner: 'me' })
        for (let i = 1; i <= 3; i++) {
          const result = await write(lease)
          assert.equal(result.outcome, 'applied')
          lease = result.lease ?? lease
        }
        assert.equal((await bench.known(lease.leaseKey)).leaseCounter, 3)
      })

      it('keeps attributes that it does not know', async () => {
        const lease = await bench.created({ leaseOwner: 'me' })
        await bench.addPrivate(lease.leaseKey)
        await write(lease)
        assert.deepEqual((await bench.row(lease.leaseKey))?.['privateToOthers'], { S: 'kept' })
      })

      it('recovers a write whose reply was lost', async () => {
        const lease = await bench.created({ leaseOwner: 'me' })
        bench.flaky.failNextWrite('lost-reply')
        const result = await write(lease)
        assert.deepEqual(result, {
          outcome: 'applied',
          lease: after(lease),
          lookedUp: 'unanswered',
        })
      })

      it('sees that a write has not arrived', async () => {
        const lease = await bench.created({ leaseOwner: 'me' })
        bench.flaky.failNextWrite('dropped')
        assert.deepEqual(await write(lease), {
          outcome: 'not-applied',
          lease,
          lookedUp: 'unanswered',
        })
        assert.deepEqual(await write(lease), {
          outcome: 'applied',
          lease: after(lease),
          lookedUp: undefined,
        })
      })

      it('is lost once another worker has the row, answered or not', async () => {
        for (const failure of [undefined, 'dropped', 'lost-reply'] as const) {
          const lease = await bench.created({ leaseOwner: 'me' })
          const steal = async (): Promise<void> => {
            const now = await bench.known(lease.leaseKey)
            assert.ok((await bench.store.assign(now, 'you')) !== undefined)
          }
          if (failure === undefined) await steal()
          else bench.flaky.failNextWrite(failure, steal)
          const result = await write(lease)
          assert.equal(result.outcome, 'lost')
          assert.equal(result.lease?.leaseOwner, 'you')
        }
      })

      it('is lost when the counter has moved by more than one write', async () => {
        const lease = await bench.created({ leaseOwner: 'me' })
        const you = await bench.store.assign(lease, 'you')
        assert.ok(you !== undefined)
        assert.ok((await bench.store.assign(you, 'me')) !== undefined)
        assert.equal((await write(lease)).outcome, 'lost')
      })

      it('is lost without a stub when the row is gone', async () => {
        for (const failure of [undefined, 'dropped'] as const) {
          const lease = await bench.created({ leaseOwner: 'me' })
          await bench.remove(lease.leaseKey)
          if (failure !== undefined) bench.flaky.failNextWrite(failure)
          assert.deepEqual(await write(lease), { outcome: 'lost', lease: undefined })
          assert.equal(await bench.row(lease.leaseKey), undefined)
        }
      })
    })
  }

  describe('checkpoint', () => {
    it('clears what was prepared', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      const prepared = await bench.store.prepareCheckpoint(lease, 'me', AT, state)
      const result = await bench.store.checkpoint(prepared.lease ?? lease, 'me', AT)
      assert.equal(result.outcome, 'applied')
      const stored = await bench.row(lease.leaseKey)
      for (const attribute of Object.keys(stored ?? {})) {
        assert.ok(!attribute.startsWith('pending'), attribute)
      }
    })

    it('removes an older state when the next one has none', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      const prepared = await bench.store.prepareCheckpoint(lease, 'me', AT, state)
      const result = await bench.store.prepareCheckpoint(
        prepared.lease ?? lease,
        'me',
        AT,
        undefined,
      )
      assert.equal(result.lease?.pendingCheckpointState, undefined)
      assert.deepEqual(await bench.known(lease.leaseKey), result.lease)
    })

    it('goes on from a renewal that landed without an answer', async () => {
      const lease = await bench.created({ leaseOwner: 'me' })
      await bench.store.renew(lease, 'me')
      const first = await bench.store.checkpoint(lease, 'me', AT)
      assert.equal(first.outcome, 'not-applied')
      assert.equal(first.lease?.leaseCounter, 1)
      assert.equal((await bench.store.checkpoint(first.lease, 'me', AT)).outcome, 'applied')
    })
  })
}
