import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { type Fleet, inFleet, type StartOptions, TABLE } from './fleet.ts'

/** The leader's look at the table, and its write. */
const SOON_MS = 3000
const HANDLER_MS = 5000

/** Starts these; calls of `slow` shards at a take five seconds once there are such. */
function startWith(fleet: Fleet, ids: readonly string[], slow: Set<string>): { calls: number } {
  const seen = { calls: 0 }
  const handle: StartOptions['handle'] = async (_data, process, { shardId }) => {
    if (process.name !== 'a' || !slow.has(shardId)) return
    seen.calls++
    await sleep(HANDLER_MS)
  }
  for (const id of ids) fleet.start(id, { handle })
  return seen
}

describe('Worker, when it stops while a handler takes its time', () => {
  for (const seed of [1, 2, 3]) {
    it(`gives no lease to a peer that has left meanwhile (seed ${seed})`, () =>
      inFleet({ shards: 12, seed }, async (fleet) => {
        const slow = new Set<string>()
        const seen = startWith(fleet, ['a', 'b', 'c'], slow)
        await fleet.until('an even spread', () => fleet.isSpread(12, 'a', 'b', 'c'))
        await sleep(20_000)
        for (const shardId of fleet.leasesOf('a').slice(0, 2)) slow.add(shardId)
        const stop = fleet.keepPutting()
        await fleet.until('slow calls', () => seen.calls === 2)
        const closing = fleet.close('a')
        await sleep(1500)
        await fleet.close('b')
        const leftMs = fleet.world.nowMs()
        await closing
        await fleet.until('all at c', () => fleet.isSpread(12, 'c'), SOON_MS)
        assert.ok(fleet.moves.every(({ to, atMs }) => to !== 'b' || atMs < leftMs))
        stop()
        await fleet.close('c')
      }))
  }

  it('gives away what became its own meanwhile', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      const slow = new Set<string>()
      const seen = startWith(fleet, ['a', 'b'], slow)
      await fleet.until('an even spread', () => fleet.isSpread(4, 'a', 'b'))
      await sleep(20_000)
      for (const shardId of fleet.leasesOf('a').slice(0, 1)) slow.add(shardId)
      const stop = fleet.keepPutting()
      await fleet.until('a slow call', () => seen.calls === 1)
      const closing = fleet.close('a')
      await sleep(1500)
      // As a leader does that has not seen it leave.
      await fleet.world.dynamo.updateItem({
        TableName: TABLE,
        Key: { leaseKey: { S: fleet.leasesOf('b')[0] ?? '' } },
        UpdateExpression: 'SET leaseOwner = :a ADD leaseCounter :one',
        ExpressionAttributeValues: { ':a': { S: 'a' }, ':one': { N: '1' } },
      })
      await closing
      assert.deepEqual(fleet.leasesOf('a'), [])
      await fleet.until('all at b', () => fleet.isSpread(4, 'b'), SOON_MS)
      stop()
      await fleet.close('b')
    }))

  it('plans for many leases with a few looks, and looks for each next owner once', () =>
    inFleet({ shards: 120 }, async (fleet) => {
      for (const id of ['a', 'b', 'c']) fleet.start(id)
      await fleet.until('an even spread', () => fleet.isSpread(120, 'a', 'b', 'c'), 600_000)
      await sleep(10_000)
      const { world } = fleet
      const looks = world.counted('call.dynamo.scan')
      let asked = 0
      world.dynamo.injectFault({
        operation: 'getItem',
        kind: 'fail',
        when: (input) => {
          const key = (input as dynamo.GetItemInput).Key['leaseKey']?.S
          if (key === 'b' || key === 'c') asked++
          return false
        },
      })
      await fleet.close('a')
      assert.deepEqual(fleet.leasesOf('a'), [])
      assert.ok(world.counted('call.dynamo.scan') - looks <= 4)
      // For 40 leases.
      assert.ok(asked > 0 && asked <= 6, `${asked}`)
    }))
})
