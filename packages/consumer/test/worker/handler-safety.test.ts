import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { type Delivery, type Fleet, inFleet, type StartOptions } from './fleet.ts'

const F = 10_000
/** F + P + 2D + A. */
const L1_MS = 21_000

/** Who has the lease of a delivery at its time, as the table has it. */
function ownerAt(fleet: Fleet, { shardId, atMs }: Delivery): string | undefined {
  return fleet.moves.findLast((move) => move.leaseKey === shardId && move.atMs <= atMs)?.to
}

async function spreadOverTwo(
  fleet: Fleet,
  handle: NonNullable<StartOptions['handle']>,
): Promise<() => void> {
  for (const id of ['a', 'b']) fleet.start(id, { handle })
  await fleet.until('an even spread', () => fleet.isSpread(4, 'a', 'b'))
  const fromMs = fleet.world.nowMs()
  const stopPutting = fleet.keepPutting()
  await fleet.until('deliveries', () =>
    ['a', 'b'].every((id) => fleet.served(id, fromMs).size >= 2),
  )
  return stopPutting
}

describe('a worker whose event loop is blocked for longer than F', () => {
  for (const seed of [1, 2, 3]) {
    it(`starts no call on what it has lost, and peers hold it within L1 (seed ${seed})`, () =>
      inFleet({ shards: 4, seed }, async (fleet) => {
        let workMs = 0
        const unheard: string[] = []
        const stopPutting = await spreadOverTwo(fleet, async (_data, process, shard) => {
          if (process.name !== 'a') return
          // Calls of the other shard are under way all the while.
          if (workMs === 0) return await sleep(400)
          const forMs = workMs
          workMs = 0
          await process.busy(forMs)
          // Whatever came due meanwhile, the end of belief among it, has had its turn by then.
          await sleep(1)
          if (!shard.signal.aborted) unheard.push(shard.shardId)
        })
        const lost = fleet.leasesOf('a')
        workMs = 1.6 * F
        await fleet.until('the block', () => workMs === 0)
        const fromMs = fleet.world.nowMs()
        await fleet.until(
          'all shards at b',
          () => lost.every((shardId) => fleet.served('b', fromMs).has(shardId)),
          L1_MS,
        )
        await fleet.until('an even spread again', () => fleet.isSpread(4, 'a', 'b'))
        await fleet.world.sleep(F)
        assert.deepEqual(unheard, [])
        const since = fleet.deliveries.filter((d) => d.workerId === 'a' && d.atMs > fromMs)
        assert.ok(since.length > 0)
        for (const delivery of since) assert.equal(ownerAt(fleet, delivery), 'a')
        stopPutting()
        await fleet.close('a', 'b')
      }))
  }

  it('has its leases back at once when nobody else is there', () =>
    inFleet({ shards: 2 }, async (fleet) => {
      fleet.start('a')
      await fleet.until('both', () => fleet.isSpread(2, 'a'))
      const stopPutting = fleet.keepPutting()
      await fleet.until('deliveries', () => fleet.deliveries.length > 0)
      fleet.handle('a')?.block(2 * F)
      await fleet.world.sleep(2 * F + 100)
      const fromMs = fleet.world.nowMs()
      await fleet.until('both again', () => fleet.served('a', fromMs).size === 2, 6000)
      assert.deepEqual(fleet.leasesLost.sort(), [
        'a shardId-000000000000 expired',
        'a shardId-000000000001 expired',
      ])
      stopPutting()
      await fleet.close('a')
    }))
})

describe('a handler call that never settles', () => {
  it('costs no shard its lease, and the others are served on (R49)', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      const epochs = new Map<string, number>()
      let hanging: string | undefined
      fleet.start('a', {
        handle: async (_data, _process, { shardId, epoch }) => {
          epochs.set(shardId, epoch)
          hanging ??= shardId
          if (shardId === hanging) await new Promise<never>(() => {})
        },
      })
      await fleet.until('all leases', () => fleet.isSpread(4, 'a'))
      const stopPutting = fleet.keepPutting()
      await fleet.until('all shards', () => fleet.served('a', 0).size === 4)
      const counters = (): number[] =>
        [...fleet.owners().keys()].map((key) => Number(fleet.row(key)?.['leaseCounter']?.N))
      const before = counters()
      await fleet.world.sleep(60_000)
      const fromMs = fleet.world.nowMs()
      assert.ok(counters().every((counter, i) => counter >= (before[i] ?? 0) + 15))
      await fleet.until('three shards', () => fleet.served('a', fromMs).size === 3, 2000)
      assert.equal(fleet.deliveries.filter((d) => d.shardId === hanging).length, 1)
      assert.deepEqual(fleet.leasesLost, [])
      const { shards } = await fleet.consumer('a').describe()
      const words = shards.map(({ waitingFor }) => waitingFor.replace(/\d+ s$/, 'N s')).sort()
      assert.deepEqual(words, ['handler call under way for N s', 'reading', 'reading', 'reading'])
      // The fencing token is there, and it is this tenure's.
      assert.equal(epochs.size, 4)
      for (const epoch of epochs.values()) assert.ok(epoch > 0)
      stopPutting()
      await fleet.consumer('a').close({ timeoutMs: 1000 })
    }))
})
