import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import type { HandoffInfo } from '../../src/events.ts'
import type { LeaseOptions } from '../../src/options.ts'
import {
  type Application,
  inApplication,
  numbered,
  type Probe,
  SHARD,
  STREAM,
  TABLE,
} from '../application.ts'
import { leaseOf, rowOfLease } from '../lease/leases.ts'

/** Calls of handlers, by worker and shard. */
interface Call {
  readonly workerId: string
  readonly shardId: string
  readonly fromMs: number
  toMs: number | undefined
}

interface Worker extends Probe {
  readonly running: Promise<void>
}

class Scene {
  readonly app: Application
  readonly calls: Call[] = []

  constructor(app: Application) {
    this.app = app
  }

  start(workerId: string, tookMs: (data: string) => number, lease?: LeaseOptions): Worker {
    const probe = this.app.worker(workerId, { lease })
    const { time } = this.app
    const running = probe.runWith({
      eachRecord: async ({ data }, { shardId }) => {
        this.app.deliveries.push({ workerId, shardId, data, atMs: time.elapsedMs() })
        const call: Call = { workerId, shardId, fromMs: time.elapsedMs(), toMs: undefined }
        this.calls.push(call)
        await sleep(tookMs(data))
        call.toMs = time.elapsedMs()
      },
    })
    return Object.assign(probe, { running })
  }

  /** Worker a has all shards; then b joins, and the leader asks a for one of them. */
  async asked(
    a: Worker,
    b: () => Worker,
    shards = 2,
  ): Promise<{ readonly b: Worker; readonly shardId: string }> {
    const { app } = this
    await app.until('all at a', () => a.heard('leaseAcquired').length === shards)
    await sleep(6000)
    const started = b()
    await app.until('the request', () => this.pending() !== undefined, 30_000)
    return { b: started, shardId: this.pending() ?? assert.fail() }
  }

  /** The shard that is being handed over. */
  pending(): string | undefined {
    const found = [...this.app.leases()].find(([, row]) => row['checkpointOwner'] !== undefined)
    return found?.[0]
  }

  owner(shardId: string): string | undefined {
    const row = this.app.row(shardId)
    return row?.['checkpointOwner'] === undefined ? row?.['leaseOwner']?.S : undefined
  }

  /** A kill: nothing of this worker acts any more, its metrics row stands. */
  async kill(worker: Worker): Promise<void> {
    worker.consumer.destroy()
    await worker.running.catch(() => undefined)
  }

  async close(...workers: readonly Worker[]): Promise<void> {
    await Promise.all(workers.map(({ consumer }) => consumer.close()))
    await Promise.all(workers.map(({ running }) => running))
  }

  assertNoOverlap(shardId: string): void {
    const calls = this.calls.filter((call) => call.shardId === shardId)
    for (const one of calls) {
      for (const two of calls) {
        if (one.workerId === two.workerId || one.fromMs > two.fromMs) continue
        assert.ok(one.toMs !== undefined && one.toMs <= two.fromMs, 'calls of two workers overlap')
      }
    }
  }

  assertOnce(...put: readonly string[]): void {
    assert.deepEqual([...this.app.delivered].sort(), [...put].sort())
  }
}

function inScene(body: (scene: Scene) => Promise<void>, shards = 2): Promise<void> {
  return inApplication((app) => body(new Scene(app)), { shards })
}

/** As the owner of the parent makes it when the parent ends. */
async function putChild(
  app: Application,
  shardId: string,
  hashKeyRange: { readonly start: bigint; readonly end: bigint },
): Promise<void> {
  const lease = leaseOf(shardId, { leaseOwner: 'a', parentShardIds: [SHARD], hashKeyRange })
  const Item = { ...rowOfLease(lease), entityType: { S: 'LEASE' } }
  await app.dynamo.putItem({ TableName: TABLE, Item })
}

function ended(worker: Probe): HandoffInfo[] {
  return worker.heard('handoffEnded').map(([info]) => info as HandoffInfo)
}

describe('Worker, asked to hand a lease over', () => {
  it('lets a slow handler finish; the next owner goes on after it, and nothing comes twice', () =>
    inScene(async (scene) => {
      const { app } = scene
      const a = scene.start('a', () => 3000)
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10))
      const put = numbered(12)
      await app.put(...put)
      await app.until('it', () => scene.owner(shardId) === 'b', 20_000)
      const [handoff] = ended(a)
      assert.deepEqual(
        { ...handoff, tookMs: 0 },
        {
          ...{ leaseKey: shardId, shardId, to: 'b', reason: 'completed', tookMs: 0 },
        },
      )
      assert.deepEqual(
        a.heard('leaseLost').map(([, reason]) => reason),
        ['released'],
      )
      await app.until('all', () => app.deliveries.length >= put.length, 60_000)
      await sleep(5000)
      scene.assertOnce(...put)
      scene.assertNoOverlap(shardId)
      assert.deepEqual(new Set(app.owners()), new Set(['a', 'b']))
      await scene.close(a, b)
    }))

  it('renews and stores what is done all the while', () =>
    inScene(async (scene) => {
      const { app } = scene
      await app.put(...numbered(40))
      const a = scene.start('a', () => 40_000)
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10))
      const before = Number(app.row(shardId)?.['leaseCounter']?.N)
      await sleep(12_000)
      const row = app.row(shardId)
      assert.equal(row?.['checkpointOwner']?.S, 'a')
      assert.ok(Number(row?.['leaseCounter']?.N) >= before + 3)
      await app.until('it', () => scene.owner(shardId) === 'b', 30_000)
      assert.match(app.row(shardId)?.['checkpoint']?.S ?? '', /^\d+$/)
      scene.assertNoOverlap(shardId)
      await scene.close(a, b)
    }))

  it('lets go of it in time although its handler does not stop', () =>
    inScene(async (scene) => {
      const { app } = scene
      await app.put(...numbered(20))
      const lease = { gracefulHandoff: { timeoutMs: 5000 } }
      const a = scene.start('a', () => 1_000_000, lease)
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10, lease))
      await app.until('it', () => scene.owner(shardId) === 'b', 10_000)
      assert.deepEqual(
        ended(a).map(({ reason, to }) => [reason, to]),
        [['timed-out', 'b']],
      )
      const tookMs = ended(a)[0]?.tookMs ?? 0
      assert.ok(tookMs >= 5000 && tookMs < 6000, `${tookMs}`)
      await app.until('a record at b', () =>
        app.deliveries.some(({ workerId }) => workerId === 'b'),
      )
      assert.equal(a.heard('leaseLost').length, 1)
      await a.consumer.close({ timeoutMs: 3000 })
      await scene.close(b)
    }))

  it('tells that a handoff is lost with the lease when somebody else takes it meanwhile', () =>
    inScene(async (scene) => {
      const { app } = scene
      await app.put(...numbered(20))
      const a = scene.start('a', () => 20_000)
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10))
      await sleep(4000)
      const { checkpointOwner: _, ...row } = app.row(shardId) ?? assert.fail()
      const leaseCounter = { N: String(Number(row['leaseCounter']?.N) + 1) }
      const leaseOwner = { S: 'third' }
      const Item = { ...row, leaseCounter, leaseOwner }
      await app.dynamo.putItem({ TableName: TABLE, Item })
      await app.until('the end of it', () => ended(a).length === 1, 10_000)
      assert.deepEqual(
        ended(a).map(({ reason, to }) => [reason, to]),
        [['lost', undefined]],
      )
      await scene.close(a, b)
    }))

  it('gives at once what waits for its parents (R40)', () =>
    inScene(async (scene) => {
      const { app } = scene
      const a = scene.start('a', () => 10_000_000)
      await app.until('the lease', () => a.heard('leaseAcquired').length === 1)
      await app.put('stuck')
      await app.until('the call', () => app.deliveries.length === 1)
      await app.kinesis.splitShard({
        StreamName: STREAM,
        ShardToSplit: SHARD,
        NewStartingHashKey: (1n << 127n).toString(),
      })
      // The children wait for the parent, whose handler does not settle.
      const middle = 1n << 127n
      await putChild(app, 'shardId-000000000001', { start: 0n, end: middle - 1n })
      await putChild(app, 'shardId-000000000002', { start: middle, end: (1n << 128n) - 1n })
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10), 3)
      assert.notEqual(shardId, SHARD)
      await app.until('it', () => scene.owner(shardId) === 'b', 6000)
      assert.equal(ended(a)[0]?.reason, 'completed')
      await a.consumer.close({ timeoutMs: 3000 })
      await scene.close(b)
    }, 1))

  it('is followed by the next owner when it dies (R39)', () =>
    inScene(async (scene) => {
      const { app } = scene
      await app.put(...numbered(20))
      const a = scene.start('a', () => 1_000_000)
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10))
      await scene.kill(a)
      await app.until(
        'both at b',
        () => scene.owner(shardId) === 'b' && new Set(app.owners()).size === 1,
        30_000,
      )
      await app.until(
        'all',
        () =>
          new Set(app.deliveries.filter(({ workerId }) => workerId === 'b').map(({ data }) => data))
            .size === 20,
        10_000,
      )
      await scene.close(b)
    }))

  it('leaves no trace of a next owner that dies before it begins (R41)', () =>
    inScene(async (scene) => {
      const { app } = scene
      await app.put(...numbered(20))
      let open = false
      const a = scene.start('a', () => (open ? 10 : 6000))
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10))
      await scene.kill(b)
      open = true
      await app.until('it', () => scene.owner(shardId) === 'a', 40_000)
      await app.until('all', () => new Set(app.delivered).size === 20, 30_000)
      await scene.close(a)
    }))

  it('frees it at once when the next owner has stopped in the meantime', () =>
    inScene(async (scene) => {
      const { app } = scene
      await app.put(...numbered(20))
      const a = scene.start('a', () => 8000)
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10))
      await scene.close(b)
      assert.equal(app.row(shardId)?.['leaseOwner']?.S, 'b')
      await app.until('the end', () => ended(a).length === 1, 20_000)
      assert.equal(ended(a)[0]?.reason, 'freed')
      await app.until('it', () => scene.owner(shardId) === 'a', 5000)
      await scene.close(a)
    }))

  it('ends the handoff of its former life when it starts anew with the same id (R39)', () =>
    inScene(async (scene) => {
      const { app } = scene
      await app.put(...numbered(20))
      const a = scene.start('a', () => 1_000_000)
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10))
      await scene.kill(a)
      const again = scene.start('a', () => 10)
      await app.until('it', () => scene.owner(shardId) === 'b', 3000)
      await app.until(
        'all',
        () => new Set(app.deliveries.slice(2).map(({ data }) => data)).size === 20,
      )
      await scene.close(again, b)
    }))

  it('is picked up when the two change places: the next owner is gone, the holder starts anew', () =>
    inScene(async (scene) => {
      const { app } = scene
      await app.put(...numbered(20))
      const a = scene.start('a', () => 1_000_000)
      const { b } = await scene.asked(a, () => scene.start('b', () => 10))
      await Promise.all([scene.kill(a), scene.kill(b)])
      const again = scene.start('a', () => 10)
      await app.until(
        'both at a',
        () => app.owners().every((owner) => owner === 'a') && scene.pending() === undefined,
        30_000,
      )
      await app.until('all', () => new Set(app.delivered).size === 20, 10_000)
      await scene.close(again)
    }))

  it('gives it to the next owner when it is closed meanwhile', () =>
    inScene(async (scene) => {
      const { app } = scene
      const put = numbered(20)
      await app.put(...put)
      const a = scene.start('a', () => 7000)
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10))
      await a.consumer.close()
      await a.running
      assert.equal(scene.owner(shardId), 'b')
      assert.ok(app.owners().every((owner) => owner === 'b'))
      await app.until('all', () => app.deliveries.length >= 20)
      scene.assertNoOverlap(shardId)
      scene.assertOnce(...put)
      await scene.close(b)
    }))

  it('moves at once where the leader is told so', () =>
    inScene(async (scene) => {
      const { app } = scene
      const lease = { gracefulHandoff: { enabled: false } }
      const a = scene.start('a', () => 10, lease)
      await app.until('both at a', () => a.heard('leaseAcquired').length === 2)
      const b = scene.start('b', () => 10, lease)
      await app.until('one at b', () => b.heard('leaseAcquired').length === 1, 30_000)
      await app.until('the loss', () => a.heard('leaseLost').length === 1, 5000)
      assert.deepEqual(ended(a), [])
      assert.deepEqual(
        a.heard('leaseLost').map(([, reason]) => reason),
        ['stolen'],
      )
      await scene.close(a, b)
    }))

  it('hands over a shard that ends meanwhile, whatever comes first', () =>
    inScene(async (scene) => {
      const { app } = scene
      const put = numbered(20)
      await app.put(...put)
      const a = scene.start('a', () => 3000)
      const { b, shardId } = await scene.asked(a, () => scene.start('b', () => 10))
      await app.kinesis.splitShard({
        StreamName: STREAM,
        ShardToSplit: shardId,
        NewStartingHashKey: (shardId === SHARD ? 1000n : (1n << 127n) + 1000n).toString(),
      })
      await app.until('the end', () => app.row(shardId)?.['checkpoint']?.S === 'SHARD_END', 90_000)
      await app.until('no handoff', () => scene.pending() === undefined, 45_000)
      await app.until('all', () => app.deliveries.length >= put.length, 90_000)
      scene.assertNoOverlap(shardId)
      scene.assertOnce(...put)
      await scene.close(a, b)
    }))
})
