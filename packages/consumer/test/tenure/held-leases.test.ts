import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import { silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime, type SimulatedDynamo } from '@millrace/testing'
import type { Lease } from '../../src/lease/lease.ts'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { HeldLeases } from '../../src/tenure/held-leases.ts'
import { LeaseGiver } from '../../src/tenure/lease-giver.ts'
import { Discovery } from '../../src/worker/discovery.ts'
import { TABLE, tableWith } from '../lease/lease-table-fixture.ts'
import { leaseOf, position, rowOfLease } from '../lease/leases.ts'

const F = 10_000

interface Bench {
  readonly dynamo: SimulatedDynamo
  readonly store: LeaseStore
  readonly held: HeldLeases
  readonly discovery: Discovery
  readonly events: string[]
  readonly errors: unknown[]
}

function withRows(
  leases: readonly Lease[],
  body: (bench: Bench) => Promise<void>,
  indexLagMs = 0,
): Promise<void> {
  return runInVirtualTime(async (time) => {
    const dynamo = await tableWith(leases.map(rowOfLease), { indexLagMs: () => indexLagMs })
    const store = new LeaseStore({ dynamo, tableName: TABLE, requestTimeoutMs: 2000 })
    const events: string[] = []
    const errors: unknown[] = []
    const shared = {
      store,
      workerId: 'me',
      failoverTimeMs: F,
      logger: silentLogger,
      random: time.random('held'),
    }
    const giver = new LeaseGiver({
      ...shared,
      onParted: (key, { outcome, to }) => events.push(`parted ${key} ${outcome} ${to}`),
    })
    const held = new HeldLeases({
      ...shared,
      giver,
      onHandoffAsked: ({ leaseKey }) => events.push(`asked ${leaseKey}`),
      onAcquired: ({ leaseKey }) => events.push(`acquired ${leaseKey}`),
      onEnded: ({ leaseKey }, reason) => events.push(`ended ${leaseKey} ${reason}`),
      onCheckpoint: ({ leaseKey }, at) => events.push(`${leaseKey} at ${at.sequenceNumber}`),
    })
    const discovery = new Discovery({
      store,
      workerId: 'me',
      held,
      giver,
      onError: (cause) => errors.push(cause),
    })
    await body({ dynamo, store, held, discovery, events, errors })
    for (const each of held.all()) each.abandon()
  })
}

const mine = (key: string): Lease => leaseOf(key, { leaseOwner: 'me', leaseCounter: 3 })

describe('HeldLeases', () => {
  it('begins a tenure of a row that names this worker, and renews it', () =>
    withRows([mine('s')], async ({ held, events, store }) => {
      await held.adopt(mine('s'))
      assert.deepEqual(events, ['acquired s'])
      await sleep(5 * F)
      assert.equal(held.get('s')?.believes(), true)
      await held.get('s')?.checkpoint(position(7))
      assert.deepEqual(events, ['acquired s', 's at 7'])
      assert.equal((await store.get('s'))?.checkpoint.sequenceNumber, '7')
    }))

  it('holds a lease once, however often and at once it is offered', () =>
    withRows([mine('s')], async ({ held, events, dynamo }) => {
      dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 500 })
      await Promise.all([held.adopt(mine('s')), held.adopt(mine('s'))])
      await held.adopt(mine('s'))
      assert.deepEqual(events, ['acquired s'])
      assert.equal(held.all().length, 1)
    }))

  it('leaves alone what belongs to another, or is in a handoff', () =>
    withRows([mine('s')], async ({ held, events, dynamo }) => {
      const before = dynamo.items(TABLE)
      await held.adopt({ ...mine('s'), leaseOwner: 'you' })
      await held.adopt({ ...mine('s'), checkpointOwner: 'you' })
      assert.deepEqual(events, [])
      assert.deepEqual(dynamo.items(TABLE), before)
    }))

  it('passes over a row that has moved meanwhile, without a word to the owner of events', () =>
    withRows([leaseOf('s', { leaseOwner: 'you', leaseCounter: 9 })], async ({ held, events }) => {
      await held.adopt(mine('s'))
      assert.deepEqual(events, [])
      assert.equal(held.has('s'), false)
    }))

  it('can take up again a lease whose first renewal was not answered', () =>
    withRows([mine('s')], async ({ held, events, dynamo }) => {
      dynamo.injectFault({ operation: 'updateItem', kind: 'throttle' })
      await assert.rejects(held.adopt(mine('s')))
      assert.equal(held.has('s'), false)
      await held.adopt(mine('s'))
      assert.deepEqual(events, ['acquired s'])
    }))

  it('tells once that a lease ended, and can hold it again', () =>
    withRows([mine('s')], async ({ held, events, store }) => {
      await held.adopt(mine('s'))
      const row = await store.get('s')
      assert.ok(row !== undefined)
      const stolen = await store.assign(row, 'you')
      await sleep(F)
      assert.deepEqual(events, ['acquired s', 'ended s stolen'])
      assert.ok(stolen !== undefined)
      const back = await store.assign(stolen, 'me')
      assert.ok(back !== undefined)
      await held.adopt(back)
      assert.deepEqual(events, ['acquired s', 'ended s stolen', 'acquired s'])
    }))

  it('takes nothing once closed, and frees what was just being taken', () =>
    withRows([mine('s'), mine('t')], async ({ held, events, store, dynamo }) => {
      dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 500 })
      const beginning = held.adopt(mine('s'))
      await sleep(100)
      held.close()
      await beginning
      await held.adopt(mine('t'))
      assert.deepEqual(events, ['parted s freed undefined'])
      assert.equal((await store.get('s'))?.leaseOwner, undefined)
      assert.equal((await store.get('t'))?.leaseOwner, 'me')
      assert.deepEqual(held.all(), [])
    }))
})

describe('Discovery', () => {
  it('takes up what the index names, each row read strongly first', () =>
    withRows([mine('s'), mine('t'), leaseOf('u', { leaseOwner: 'you' })], async (bench) => {
      await bench.discovery.step()
      await bench.discovery.settled()
      assert.deepEqual(bench.events.sort(), ['acquired s', 'acquired t'])
      await bench.discovery.step()
      await bench.discovery.settled()
      assert.equal(bench.events.length, 2)
    }))

  it('takes up what a scan shows although the index lags behind', () =>
    withRows(
      [mine('s')],
      async ({ discovery, events, store }) => {
        await discovery.step()
        await discovery.settled()
        assert.deepEqual(events, [])
        const { leases } = await store.scan(true)
        discovery.consider(leases)
        await discovery.settled()
        assert.deepEqual(events, ['acquired s'])
      },
      60_000,
    ))

  it('does not believe an index that is old', () =>
    withRows(
      [mine('s')],
      async ({ discovery, events, store }) => {
        await sleep(5000)
        const row = await store.get('s')
        assert.ok(row !== undefined)
        await store.assign(row, 'you')
        assert.deepEqual(await store.keysOwnedBy('me'), ['s'], 'the index still says so')
        await discovery.step()
        await discovery.settled()
        assert.deepEqual(events, [])
        assert.equal((await store.get('s'))?.leaseOwner, 'you')
      },
      4000,
    ))

  it('lets no unreadable row keep the others waiting', () =>
    withRows([mine('s'), mine('t'), mine('u')], async (bench) => {
      bench.dynamo.injectFault({ operation: 'getItem', kind: 'fail' })
      await bench.discovery.step()
      await bench.discovery.settled()
      assert.equal(bench.events.length, 2)
      assert.equal(bench.errors.length, 1)
      await bench.discovery.step()
      await bench.discovery.settled()
      assert.equal(bench.events.length, 3)
    }))

  it('lets no read that takes its time hold up the others, nor the next step', () => {
    const many = Array.from({ length: 30 }, (_, i) => mine(`s${i + 10}`))
    return withRows(many, async ({ dynamo, discovery, events }) => {
      dynamo.injectFault({ operation: 'getItem', kind: 'delay', delayMs: 1900 })
      await discovery.step()
      await sleep(100)
      assert.equal(events.length, 29)
      const late = mine('t')
      await dynamo.putItem({ TableName: TABLE, Item: rowOfLease(late) })
      discovery.consider([late])
      await sleep(100)
      assert.equal(events.length, 30)
      await discovery.settled()
      assert.equal(events.length, 31)
    })
  })

  it('reads no row twice at a time, and no more of them once its leases are closed', () => {
    const many = Array.from({ length: 100 }, (_, i) => mine(`s${i + 100}`))
    return withRows(many, async ({ dynamo: table, discovery, held, events }) => {
      const reads: unknown[] = []
      const times = Number.POSITIVE_INFINITY
      const delay = { operation: 'getItem', kind: 'delay', delayMs: 500, times } as const
      const keyOf = (input: unknown): unknown => (input as dynamo.GetItemInput).Key['leaseKey']?.S
      table.injectFault({ ...delay, when: (input) => reads.push(keyOf(input)) > 0 })
      await discovery.step()
      discovery.consider(many)
      await sleep(600)
      await discovery.step()
      held.close()
      await discovery.settled()
      assert.deepEqual(reads, [...new Set(reads)])
      assert.equal(reads.length, 32)
      assert.equal(events.filter((event) => event.startsWith('acquired')).length, 16)
    })
  })

  it('takes up many leases in one step', () => {
    const many = Array.from({ length: 50 }, (_, i) => mine(`s${String(i).padStart(2, '0')}`))
    return withRows(many, async ({ discovery, held }) => {
      await discovery.step()
      await discovery.settled()
      assert.equal(held.all().length, 50)
    })
  })
})
