import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { type Fleet, inFleet, STREAM } from './fleet.ts'

/** reliability.md 2.3: F + P + 2D + A. */
const L1_MS = 21_000
/** Lock 10 s + A + 2D. */
const L2_MS = 19_000
const SEEDS = [1, 2, 3, 4, 5]

/** Two that share the shards evenly, with records coming all the while. */
async function twoAtWork(fleet: Fleet, shards: number): Promise<() => void> {
  fleet.start('a')
  fleet.start('b')
  const stop = fleet.keepPutting()
  await fleet.until('an even spread', () => fleet.isSpread(shards, 'a', 'b'))
  await sleep(15_000)
  return stop
}

describe('Worker, in a fleet', () => {
  it('starts together with others on a table that is not there yet, and shares the shards', () =>
    inFleet({ shards: 8 }, async (fleet) => {
      for (const id of ['a', 'b', 'c']) fleet.start(id)
      await fleet.until('an even spread', () => fleet.isSpread(8, 'a', 'b', 'c'), 30_000)
      for (const id of ['a', 'b', 'c']) assert.equal(fleet.consumer(id).state, 'running')
      await sleep(10_000)
      const put = await fleet.put(100)
      await fleet.until('all records', () => fleet.deliveries.length >= 100)
      assert.deepEqual(fleet.deliveries.map(({ data }) => data).sort(), put.sort())
      await fleet.close('a', 'b', 'c')
      for (const id of ['a', 'b', 'c']) assert.equal(fleet.handle(id)?.leftBehind, 0)
      assert.equal(fleet.leader(), undefined)
    }))

  for (const seed of SEEDS) {
    for (const victim of ['the leader', 'another'] as const) {
      it(`serves the shards of a killed worker within 21 s when ${victim} dies (L1, seed ${seed})`, () =>
        inFleet({ shards: 6, seed }, async (fleet) => {
          const stop = await twoAtWork(fleet, 6)
          const leader = fleet.leader() ?? ''
          const follower = leader === 'a' ? 'b' : 'a'
          const [dead, alive] = victim === 'the leader' ? [leader, follower] : [follower, leader]
          const orphans = fleet.leasesOf(dead)
          assert.equal(orphans.length, 3)
          const killedMs = fleet.world.nowMs()
          fleet.kill(dead)
          await fleet.until(
            'all its shards',
            () => {
              const served = fleet.served(alive, killedMs)
              return orphans.every((shardId) => served.has(shardId))
            },
            L1_MS,
          )
          stop()
          await fleet.close(alive)
        }))
    }

    it(`has a new leader within 19 s (L2, seed ${seed})`, () =>
      inFleet({ shards: 2, seed }, async (fleet) => {
        const stop = await twoAtWork(fleet, 2)
        const dead = fleet.leader() ?? ''
        const heir = dead === 'a' ? 'b' : 'a'
        fleet.kill(dead)
        await fleet.until('a new leader', () => fleet.leader() === heir, L2_MS)
        assert.equal(fleet.consumer(heir).state, 'running')
        stop()
        await fleet.close(heir)
      }))
  }

  it('loses no record to a kill', () =>
    inFleet({ shards: 6 }, async (fleet) => {
      const stop = await twoAtWork(fleet, 6)
      const put = await fleet.put(200)
      fleet.kill('b')
      put.push(...(await fleet.put(200)))
      await sleep(30_000)
      stop()
      const delivered = new Set(fleet.deliveries.map(({ data }) => data))
      assert.deepEqual(
        put.filter((data) => !delivered.has(data)),
        [],
      )
      await fleet.close('a')
    }))

  it('gives a dead worker nothing again, although its metrics row is fresh for a minute', () =>
    inFleet({ shards: 6 }, async (fleet) => {
      for (const id of ['a', 'b', 'c']) fleet.start(id)
      await fleet.until('an even spread', () => fleet.isSpread(6, 'a', 'b', 'c'))
      await sleep(15_000)
      const dead = ['a', 'b', 'c'].find((id) => id !== fleet.leader()) ?? ''
      const alive = ['a', 'b', 'c'].filter((id) => id !== dead)
      const killedMs = fleet.world.nowMs()
      fleet.kill(dead)
      await fleet.until('an even spread', () => fleet.isSpread(6, ...alive))
      await sleep(120_000)
      assert.ok(fleet.row(dead) !== undefined)
      assert.deepEqual(
        fleet.moves.filter(({ to, atMs }) => to === dead && atMs > killedMs),
        [],
      )
      await fleet.close(...alive)
    }))

  it('moves no lease without cause in ten minutes (S23, L5)', () =>
    inFleet({ shards: 9, indexLagMs: 2000 }, async (fleet) => {
      for (const id of ['a', 'b', 'c', 'd']) fleet.start(id)
      await fleet.until('an even spread', () => fleet.isSpread(9, 'a', 'b', 'c', 'd'))
      await sleep(15_000)
      const moves = fleet.moves.length
      const lost = fleet.leasesLost.length
      const leader = fleet.leader()
      await sleep(600_000)
      assert.deepEqual(fleet.moves.slice(moves), [])
      assert.deepEqual(fleet.leasesLost.slice(lost), [])
      assert.equal(fleet.leader(), leader)
      await fleet.close('a', 'b', 'c', 'd')
    }))

  it('gives a worker that joins its share, and moves no more than that (L4)', () =>
    inFleet({ shards: 8 }, async (fleet) => {
      const stop = await twoAtWork(fleet, 8)
      const moves = fleet.moves.length
      fleet.start('c')
      await fleet.until('an even spread', () => fleet.isSpread(8, 'a', 'b', 'c'), 30_000)
      await sleep(30_000)
      assert.equal(fleet.moves.length - moves, 2)
      assert.equal(fleet.served('c', 0).size, 2)
      stop()
      await fleet.close('a', 'b', 'c')
    }))

  it('heeds maxLeasesForWorker', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      const start = { options: { lease: { maxLeasesForWorker: 1 } } }
      fleet.start('a', start)
      fleet.start('b', start)
      await sleep(60_000)
      assert.equal(fleet.leasesOf('a').length, 1)
      assert.equal(fleet.leasesOf('b').length, 1)
      await fleet.close('a', 'b')
    }))

  for (const seed of SEEDS) {
    it(`delivers from the children of a split within 5 s of its end (L6, seed ${seed})`, () =>
      inFleet({ shards: 2, seed }, async (fleet) => {
        const stop = await twoAtWork(fleet, 2)
        const parent = 'shardId-000000000000'
        await fleet.world.kinesis.splitShard({
          StreamName: STREAM,
          ShardToSplit: parent,
          NewStartingHashKey: (1n << 126n).toString(),
        })
        await fleet.until(
          'the end of the parent',
          () => fleet.row(parent)?.['checkpoint']?.S === 'SHARD_END',
        )
        const children = ['shardId-000000000002', 'shardId-000000000003']
        await fleet.until(
          'records of both children',
          () => {
            const served = new Set(fleet.deliveries.map(({ shardId }) => shardId))
            return children.every((child) => served.has(child))
          },
          5000,
        )
        await fleet.until('an even spread', () => fleet.isSpread(3, 'a', 'b'))
        stop()
        await fleet.close('a', 'b')
      }))

    it(`delivers from the child of a merge within 5 s of the last end (L6, seed ${seed})`, () =>
      inFleet({ shards: 2, seed }, async (fleet) => {
        const stop = await twoAtWork(fleet, 2)
        const parents = ['shardId-000000000000', 'shardId-000000000001'] as const
        await fleet.world.kinesis.mergeShards({
          StreamName: STREAM,
          ShardToMerge: parents[0],
          AdjacentShardToMerge: parents[1],
        })
        await fleet.until('both ends', () =>
          parents.every((id) => fleet.row(id)?.['checkpoint']?.S === 'SHARD_END'),
        )
        const child = 'shardId-000000000002'
        await fleet.until(
          'its records',
          () => fleet.deliveries.some(({ shardId }) => shardId === child),
          5000,
        )
        stop()
        const put = await fleet.put(20)
        await fleet.until('the rest', () => {
          const delivered = new Set(fleet.deliveries.map(({ data }) => data))
          return put.every((data) => delivered.has(data))
        })
        await fleet.close('a', 'b')
      }))
  }

  it('assigns no lease whose shard has ended', () =>
    inFleet({ shards: 1 }, async (fleet) => {
      fleet.start('a')
      await fleet.until('the lease', () => fleet.isSpread(1, 'a'))
      const parent = 'shardId-000000000000'
      await fleet.world.kinesis.splitShard({
        StreamName: STREAM,
        ShardToSplit: parent,
        NewStartingHashKey: (1n << 127n).toString(),
      })
      await fleet.until(
        'the end of the parent',
        () => fleet.row(parent)?.['checkpoint']?.S === 'SHARD_END',
      )
      await fleet.until('the children', () => fleet.isSpread(2, 'a'))
      await fleet.until('the end', () => fleet.row(parent)?.['checkpoint']?.S === 'SHARD_END')
      await fleet.close('a')
      assert.equal(fleet.row(parent)?.['leaseOwner'], undefined)
      fleet.start('b')
      await fleet.until('the children', () => fleet.isSpread(2, 'b'))
      await sleep(60_000)
      assert.equal(fleet.row(parent)?.['leaseOwner'], undefined)
      await fleet.close('b')
    }))

  it('has a leader while the former one still waits for a slow handler', () =>
    inFleet({ shards: 6 }, async (fleet) => {
      // Records come later, so that each worker has its shards by then.
      const slow = { handle: () => sleep(60_000) }
      fleet.start('a', slow)
      await fleet.until('a leader', () => fleet.leader() === 'a')
      fleet.start('b')
      fleet.start('c')
      await fleet.until('an even spread', () => fleet.isSpread(6, 'a', 'b', 'c'))
      await sleep(15_000)
      await fleet.put(60)
      await sleep(3000)
      const closing = fleet.consumer('a').close({ timeoutMs: 50_000 })
      await sleep(1000)
      const orphans = fleet.leasesOf('c')
      const killedMs = fleet.world.nowMs()
      fleet.kill('c')
      await fleet.until('a new leader', () => fleet.leader() === 'b', L2_MS)
      await fleet.put(60)
      await fleet.until(
        'its shards',
        () => {
          const served = fleet.served('b', killedMs)
          return orphans.every((shardId) => served.has(shardId))
        },
        L1_MS,
      )
      assert.equal(fleet.leasesOf('a').length, 2)
      await closing
      assert.deepEqual(fleet.leasesOf('a'), [])
      await fleet.close('b')
    }))

  it('hands its leases to the one that stays when two stop at once', () =>
    inFleet({ shards: 6 }, async (fleet) => {
      for (const id of ['a', 'b', 'c']) fleet.start(id)
      await fleet.until('an even spread', () => fleet.isSpread(6, 'a', 'b', 'c'))
      await sleep(15_000)
      await fleet.close('a', 'b')
      assert.equal(fleet.leasesOf('c').length, 6)
      await fleet.close('c')
    }))

  it('is not taken for dead while it lives, when its clock is hours off', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      const stop = await twoAtWork(fleet, 4)
      fleet.handle('a')?.stepClock(-7_200_000)
      const moves = fleet.moves.length
      await sleep(120_000)
      assert.deepEqual(fleet.moves.slice(moves), [])
      stop()
      await fleet.close('a', 'b')
    }))

  it('stops work on what it no longer believes in after a long pause, and serves again (L8)', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      const stop = await twoAtWork(fleet, 4)
      fleet.handle('b')?.pause(40_000)
      await fleet.until('all at a', () => fleet.isSpread(4, 'a'), 30_000)
      await sleep(15_000)
      await fleet.until('an even spread', () => fleet.isSpread(4, 'a', 'b'), 30_000)
      stop()
      await fleet.close('a', 'b')
    }))

  it('takes over from a killed worker while the service lists no shards', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      const stop = await twoAtWork(fleet, 4)
      fleet.world.setFaults({
        latencyMs: { min: 1, max: 20 },
        kinesis: { operations: { listShards: { failBefore: 1 } } },
      })
      // Long enough for a shard sync to fall due and fail.
      await sleep(70_000)
      const dead = fleet.leader() === 'a' ? 'b' : 'a'
      const alive = dead === 'a' ? 'b' : 'a'
      const orphans = fleet.leasesOf(dead)
      const killedMs = fleet.world.nowMs()
      fleet.kill(dead)
      await fleet.until(
        'all its shards',
        () => orphans.every((shardId) => fleet.served(alive, killedMs).has(shardId)),
        L1_MS,
      )
      stop()
      await fleet.close(alive)
    }))
})
