/** Rows of the lease table that vanish, and rows that should (R29, R32, L7, S14). */
import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { LeaseTableError } from '../src/errors.ts'
import type { LeaseOptions } from '../src/options.ts'
import { type Application, inApplication, numbered, SHARD, TABLE } from './application.ts'
import { shardId } from './shard-sync/lineage.ts'

const L7_MS = 60_000
const QUICK: LeaseOptions = { leaseCleanup: { intervalMs: 1000, completedAfterMs: 5000 } }
const HALF = 1n << 127n

async function loseRow(app: Application, leaseKey: string): Promise<void> {
  await app.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: leaseKey } } })
}

/** Milliseconds until the lease is there again and its new records are delivered. */
async function healed(app: Application, leaseKey: string): Promise<number> {
  const startMs = app.time.elapsedMs()
  await app.until(
    `a lease of ${leaseKey}`,
    () => app.row(leaseKey)?.['leaseOwner'] !== undefined,
    L7_MS,
  )
  const after = numbered(20, 'after')
  await app.put(...after)
  await app.until('what came after', () => after.every((text) => app.delivered.includes(text)))
  return app.time.elapsedMs() - startMs
}

function isDone(app: Application, id: number): boolean {
  return app.row(shardId(id))?.['checkpoint']?.S === 'SHARD_END'
}

async function split(app: Application, id: number, at: bigint = HALF): Promise<void> {
  await app.kinesis.splitShard({
    StreamName: 'orders',
    ShardToSplit: shardId(id),
    NewStartingHashKey: at.toString(),
  })
}

describe('A lease row that was deleted by hand', () => {
  for (const initialPosition of ['TRIM_HORIZON', 'LATEST'] as const) {
    it(`is made again within a minute where it was, from ${initialPosition}`, () =>
      inApplication(
        async (app) => {
          const worker = app.worker('a', { initialPosition })
          const running = worker.run()
          await app.until('reading', () =>
            [0, 1, 2].every(
              (id) =>
                app.row(shardId(id))?.['startTimestampMs'] !== undefined ||
                (initialPosition === 'TRIM_HORIZON' && app.row(shardId(id)) !== undefined),
            ),
          )
          await sleep(2000)
          const before = numbered(30, 'before')
          await app.put(...before)
          await app.until('what came before', () => app.deliveries.length === 30)
          await sleep(5000)
          const counter = Number(app.row(shardId(1))?.['leaseCounter']?.N)
          await loseRow(app, shardId(1))
          // Until it is told by its next renewal the holder goes on, in vain.
          await app.until('the news', () => worker.heard('leaseLost').length === 1)
          const lost = numbered(30, 'lost')
          await app.put(...lost)
          const healedMs = await healed(app, shardId(1))
          assert.ok(healedMs <= L7_MS, `${healedMs}`)
          assert.ok(Number(app.row(shardId(1))?.['leaseCounter']?.N) > counter)
          assert.equal(new Set(app.delivered).size, 80)
          assert.equal(app.delivered.length, 80, 'nothing was read again')
          assert.deepEqual(
            worker.heard('leaseLost').map(([, reason]) => reason),
            ['stolen'],
          )
          await worker.consumer.close()
          await running
        },
        { shards: 3 },
      ))
  }

  it('is not skipped at LATEST by workers that never saw it', () =>
    inApplication(
      async (app) => {
        const options = { initialPosition: 'LATEST' } as const
        const first = app.worker('a', options)
        const running = first.run()
        await app.until('a start', () =>
          [0, 1].every((id) => app.row(shardId(id))?.['startTimestampMs'] !== undefined),
        )
        await first.consumer.close()
        await running
        await loseRow(app, shardId(1))
        const records = numbered(30)
        await app.put(...records)
        await sleep(5000)
        const second = app.worker('b', options)
        const again = second.run()
        await app.until('all', () => records.every((text) => app.delivered.includes(text)))
        assert.equal(app.row(shardId(1)) !== undefined, true)
        await second.consumer.close()
        await again
      },
      { shards: 2 },
    ))

  it('comes back below a parent that has ended, which KCL leaves as it is', () =>
    inApplication(async (app) => {
      const first = app.worker('a')
      const running = first.run()
      await app.put(...numbered(20))
      await app.until('the first', () => app.deliveries.length === 20)
      await split(app, 0)
      await app.until('the end', () => isDone(app, 0) && app.row(shardId(2)) !== undefined)
      await first.consumer.close()
      await running
      await loseRow(app, shardId(2))
      const second = app.worker('b')
      const again = second.run()
      const healedMs = await healed(app, shardId(2))
      assert.ok(healedMs <= L7_MS, `${healedMs}`)
      await second.consumer.close()
      await again
    }))
})

describe('Leases of finished shards', () => {
  it('go, the eldest first, once their children have begun; the holder is not disturbed', () =>
    inApplication(async (app) => {
      const worker = app.worker('a', { lease: QUICK })
      const running = worker.run()
      await app.put(...numbered(10))
      await app.until('the first', () => app.deliveries.length === 10)
      await split(app, 0)
      await app.until('the end', () => isDone(app, 0))
      await sleep(30_000)
      assert.ok(isDone(app, 0), 'its children have not begun')
      await app.put(...numbered(20, 's'))
      await app.until('the clean-up', () => app.row(SHARD) === undefined)
      await app.kinesis.mergeShards({
        StreamName: 'orders',
        ShardToMerge: shardId(1),
        AdjacentShardToMerge: shardId(2),
      })
      await app.until('both ends', () => isDone(app, 1) && isDone(app, 2))
      await sleep(30_000)
      assert.ok(isDone(app, 1) && isDone(app, 2))
      await app.put(...numbered(10, 't'))
      await app.until('the clean-up', () => app.leases().size === 1)
      assert.deepEqual([...app.leases().keys()], [shardId(3)])
      await sleep(120_000)
      assert.equal(app.leases().size, 1, 'nothing is made again')
      assert.equal(app.delivered.length, 40)
      for (const [, reason] of worker.heard('leaseLost')) assert.equal(reason, 'released')
      assert.deepEqual(worker.heard('error'), [])
      await worker.consumer.close()
      await running
    }))

  it('stay for five minutes by default, and for ever when told so', () =>
    inApplication(async (app) => {
      const worker = app.worker('a')
      const running = worker.run()
      await app.until('a lease', () => app.row(SHARD)?.['leaseOwner'] !== undefined)
      await split(app, 0)
      await app.put(...numbered(20))
      await app.until('the children', () => app.deliveries.length === 20 && isDone(app, 0))
      await sleep(280_000)
      assert.ok(isDone(app, 0))
      await app.until('the clean-up', () => app.row(SHARD) === undefined, 120_000)
      await worker.consumer.close()
      await running
      const keeper = app.worker('b', { lease: { leaseCleanup: { enabled: false } } })
      const again = keeper.run()
      await app.until('a lease', () => keeper.heard('leaseAcquired').length === 2)
      await split(app, 1, HALF / 2n)
      await app.put(...numbered(20, 's'))
      await app.until('the end', () => isDone(app, 1))
      await sleep(900_000)
      assert.ok(isDone(app, 1))
      await keeper.consumer.close()
      await again
    }))

  it('of shards that retention has passed over count as ended, and their children run (R29)', () =>
    inApplication(
      async (app) => {
        const first = app.worker('a', { initialPosition: 'LATEST', lease: QUICK })
        const running = first.run()
        await app.until('a start', () => app.row(SHARD)?.['startTimestampMs'] !== undefined)
        await app.put('read')
        await app.until('the first', () => app.deliveries.length === 1)
        await first.consumer.close()
        await running
        await split(app, 0)
        // Nobody runs until the parent has left retention.
        await sleep(2 * 3_600_000)
        const kept = numbered(20, 'kept')
        await app.put(...kept)
        const second = app.worker('b', { initialPosition: 'LATEST', lease: QUICK })
        const again = second.run()
        await app.until('all', () => kept.every((text) => app.delivered.includes(text)))
        await app.until('the clean-up', () => app.row(SHARD) === undefined)
        assert.deepEqual([...app.leases().keys()], [shardId(1), shardId(2)])
        await second.consumer.close()
        await again
      },
      { kinesis: { retentionHours: 1 } },
    ))
})

describe('A stream that was deleted and created anew under its name (R33)', () => {
  async function leftBehind(app: Application): Promise<void> {
    const first = app.worker('a')
    const running = first.run()
    await app.put(...numbered(20, 'old'))
    await app.until('the old ones', () => app.deliveries.length === 20)
    await first.consumer.close()
    await running
    await app.kinesis.deleteStream({ StreamName: 'orders' })
    await sleep(60_000)
    await app.kinesis.createStream({ StreamName: 'orders', ShardCount: 2 })
    await sleep(60_000)
    await app.put(...numbered(20, 'new'))
  }

  it('is refused by name, the table untouched', () =>
    inApplication(
      async (app) => {
        await leftBehind(app)
        const before = [...app.leases()]
        const second = app.worker('b')
        await assert.rejects(second.run(), (cause) => {
          assert.ok(cause instanceof LeaseTableError)
          assert.match(cause.message, /former stream/)
          return true
        })
        assert.deepEqual([...app.leases()], before)
        assert.equal(second.consumer.state, 'failed')
      },
      { shards: 2 },
    ))

  it('is read from its beginning by a fleet that is told to reset, however many start at once', () =>
    inApplication(
      async (app) => {
        await leftBehind(app)
        const workers = ['b', 'c', 'd'].map((id) => app.worker(id, { onRecreatedStream: 'reset' }))
        const running = workers.map((worker) => worker.run())
        await app.until('the new ones', () =>
          numbered(20, 'new').every((text) => app.delivered.includes(text)),
        )
        assert.equal(app.leases().size, 2)
        await Promise.all(workers.map((worker) => worker.consumer.close()))
        await Promise.all(running)
        // A worker that starts later finds nothing amiss.
        const late = app.worker('e')
        const again = late.run()
        await app.until('a lease', () => late.heard('leaseAcquired').length === 2)
        await late.consumer.close()
        await again
      },
      { shards: 2 },
    ))
})
