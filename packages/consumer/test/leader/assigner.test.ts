import assert from 'node:assert/strict'
import { type dynamo, isServiceError } from '@millrace/core'
import { ControlPlane, nowMs, resolveStreamRef, silentLogger, sleep } from '@millrace/core/internal'
import {
  runInVirtualTime,
  type SimulatedDynamo,
  SimulatedKinesis,
  type VirtualTime,
} from '@millrace/testing'
import { Assigner } from '../../src/leader/assigner.ts'
import { LeaderLock } from '../../src/leader/leader-lock.ts'
import type { Lease } from '../../src/lease/lease.ts'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { workerMetricsWrite } from '../../src/lease/worker-metrics-row.ts'
import type { LeaseOptions, ResolvedLeaseOptions } from '../../src/options.ts'
import { resolveConsumerOptions } from '../../src/resolve-options.ts'
import { ShardSyncer } from '../../src/shard-sync/shard-syncer.ts'
import { TABLE, tableWith } from '../lease/lease-table-fixture.ts'

const LEASE = leaseOptions({})
const F = LEASE.failoverTimeMs

function leaseOptions(lease: LeaseOptions): ResolvedLeaseOptions {
  return resolveConsumerOptions({
    applicationName: TABLE,
    stream: 'orders',
    lease: { workerMetrics: 'off', ...lease },
  }).lease
}

/** A fleet on one table; nobody holds leases here, they are only given. */
class Fleet {
  readonly time: VirtualTime
  readonly dynamo: SimulatedDynamo
  readonly store: LeaseStore
  readonly #kinesis: SimulatedKinesis

  constructor(time: VirtualTime, dynamo: SimulatedDynamo, kinesis: SimulatedKinesis) {
    this.time = time
    this.dynamo = dynamo
    this.#kinesis = kinesis
    this.store = new LeaseStore({ dynamo, tableName: TABLE, requestTimeoutMs: 20_000 })
  }

  async alive(...workers: readonly string[]): Promise<void> {
    for (const id of workers) await this.dynamo.updateItem(workerMetricsWrite(TABLE, id, nowMs()))
  }

  worker(
    workerId: string,
    lease = LEASE,
  ): {
    readonly assigner: Assigner
    readonly lock: LeaderLock
    readonly scans: number[]
    readonly fatal: unknown[]
  } {
    const fatal: unknown[] = []
    const scans: number[] = []
    const lock = new LeaderLock({
      dynamo: this.dynamo,
      tableName: TABLE,
      workerId,
      leaseDurationMs: lease.leaderLeaseDurationMs,
      requestTimeoutMs: 2000,
      random: this.time.random(workerId),
    })
    const control = new ControlPlane({
      kinesis: this.#kinesis,
      stream: resolveStreamRef('stream', 'orders'),
      logger: silentLogger,
      retries: 0,
    })
    const syncer = new ShardSyncer({
      control,
      store: this.store,
      initialPosition: 'LATEST',
      workerId,
      logger: silentLogger,
    })
    const assigner = new Assigner({
      store: this.store,
      lock,
      syncer,
      workerId,
      lease,
      logger: silentLogger,
      signal: new AbortController().signal,
      onFatal: (cause) => void fatal.push(cause),
      onScan: (leases) => void scans.push(leases.length),
    })
    return { assigner, lock, scans, fatal }
  }

  /** Worker a leads and has all leases. */
  async ofOne(options: LeaseOptions = {}): Promise<ReturnType<Fleet['worker']>> {
    await this.alive('a')
    // Nobody here would hand a lease over.
    const gracefulHandoff = { enabled: false }
    const worker = this.worker('a', leaseOptions({ gracefulHandoff, ...options }))
    await worker.assigner.step()
    return worker
  }

  /** Until the next round of a leader is due, with a and b alive. */
  async round(lock: LeaderLock): Promise<void> {
    await this.alive('a', 'b')
    await sleep(LEASE.assignmentIntervalMs)
    await this.renew('a')
    await this.renew('b')
    await lock.heartbeat()
  }

  /** What the holders measure of their leases, in the order of the shards. */
  async carry(throughputs: readonly number[]): Promise<void> {
    for (const [i, { leaseKey }] of (await this.leases()).entries()) {
      await this.dynamo.updateItem({
        TableName: TABLE,
        Key: { leaseKey: { S: leaseKey } },
        UpdateExpression: 'SET throughputKBps = :kbps',
        ExpressionAttributeValues: { ':kbps': { N: String(throughputs[i]) } },
      })
    }
  }

  async owners(): Promise<(string | undefined)[]> {
    return (await this.leases()).map(({ leaseOwner }) => leaseOwner)
  }

  async leases(): Promise<readonly Lease[]> {
    return (await this.store.scan(true)).leases
  }

  /** A heartbeat of each lease of this worker. */
  async renew(workerId: string): Promise<void> {
    for (const lease of await this.leases()) {
      if (lease.leaseOwner === workerId) await this.store.renew(lease, workerId)
    }
  }
}

function inFleet(shards: number, body: (fleet: Fleet) => Promise<void>): Promise<void> {
  return runInVirtualTime(async (time) => {
    const kinesis = new SimulatedKinesis()
    await kinesis.createStream({ StreamName: 'orders', ShardCount: shards })
    await body(new Fleet(time, await tableWith([]), kinesis))
  })
}

describe('Assigner', () => {
  it('takes the lead, makes the leases and spreads them over the living, in one step', () =>
    inFleet(4, async (fleet) => {
      await fleet.alive('a', 'b')
      const { assigner, lock, scans } = fleet.worker('a')
      await assigner.step()
      assert.equal(lock.leads, true)
      assert.deepEqual(await fleet.owners(), ['a', 'b', 'a', 'b'])
      assert.deepEqual(scans, [4])
      assert.deepEqual(assigner.peers, ['b'])
    }))

  it('shares a new stream with workers that start up to a second later', () =>
    inFleet(4, async (fleet) => {
      await fleet.alive('a')
      const step = fleet.worker('a').assigner.step()
      await sleep(900)
      await fleet.alive('b')
      await step
      assert.deepEqual(await fleet.owners(), ['a', 'b', 'a', 'b'])
    }))

  it('leaves assignment to the leader', () =>
    inFleet(2, async (fleet) => {
      await fleet.alive('a')
      await fleet.worker('a').assigner.step()
      await fleet.alive('a', 'b')
      const b = fleet.worker('b')
      await b.assigner.step()
      assert.equal(b.lock.leads, false)
      assert.deepEqual(await fleet.owners(), ['a', 'a'])
    }))

  it('gives the leases of a silent worker away after F, those of a live one never', () =>
    inFleet(4, async (fleet) => {
      await fleet.alive('a', 'b')
      const { assigner, lock } = fleet.worker('a')
      await assigner.step()
      await fleet.renew('a')
      await fleet.renew('b')
      await assigner.step()
      const start = fleet.time.elapsedMs()
      let movedAtMs: number | undefined
      for (let i = 0; i < 10; i++) {
        await sleep(2000)
        await fleet.alive('a')
        await fleet.renew('a')
        await lock.heartbeat()
        await assigner.step()
        if ((await fleet.owners()).every((owner) => owner === 'a')) {
          movedAtMs ??= fleet.time.elapsedMs() - start
        }
      }
      assert.ok(movedAtMs !== undefined && movedAtMs > F && movedAtMs <= F + 4000, `${movedAtMs}`)
    }))

  it('gives nothing to the leader whose lock has just run out, however fresh its row is (R36)', () =>
    inFleet(4, async (fleet) => {
      await fleet.alive('a', 'b')
      await fleet.worker('a').assigner.step()
      for (const lease of await fleet.leases()) await fleet.store.assign(lease, 'b')
      const { assigner, lock } = fleet.worker('b')
      for (let i = 0; i < 20 && !lock.leads; i++) {
        await fleet.renew('b')
        await fleet.alive('b')
        const [free] = await fleet.leases()
        if (free?.leaseOwner === 'b') await fleet.store.release(free)
        await assigner.step()
        await sleep(1000)
      }
      assert.equal(lock.leads, true)
      assert.deepEqual(await fleet.owners(), ['b', 'b', 'b', 'b'])
    }))

  it('takes no lease from a holder that renews, however slow its looks at the table are', () =>
    inFleet(4, async (fleet) => {
      await fleet.alive('a', 'b')
      const { assigner, lock } = fleet.worker('a')
      await assigner.step()
      const before = await fleet.owners()
      for (let i = 0; i < 8; i++) {
        fleet.dynamo.injectFault({
          operation: 'scan',
          kind: 'delay',
          delayed: 'request',
          delayMs: 9000,
        })
        const step = assigner.step()
        // The holders write just before the slow scan reads; at the next look they are silent for
        // less than F, although more than F has passed since the scan was sent.
        await sleep(8900)
        await fleet.renew('a')
        await fleet.renew('b')
        await lock.heartbeat()
        await fleet.alive('a', 'b')
        await step
        await sleep(1500)
        await fleet.renew('a')
        await assigner.step()
      }
      assert.deepEqual(await fleet.owners(), before)
    }))

  it('evens out when a worker joins, two of 100 leases a round (R46)', () =>
    inFleet(100, async (fleet) => {
      const { assigner, lock } = await fleet.ofOne()
      const owned = async (): Promise<number> =>
        (await fleet.owners()).filter((owner) => owner === 'b').length
      for (let round = 1; round <= 25; round++) {
        await fleet.round(lock)
        const before = await owned()
        await assigner.step()
        assert.equal((await owned()) - before, 2)
      }
      await fleet.round(lock)
      await assigner.step()
      assert.equal(await owned(), 50)
    }))

  it('gives the tenth worker of 1,000 leases its share within 26 s, for L4 to be 30 s', () =>
    inFleet(1000, async (fleet) => {
      const nine = ['1', '2', '3', '4', '5', '6', '7', '8', '9']
      await fleet.alive('a', ...nine.slice(1))
      // Nobody here renews or hands over.
      const lease = { failoverTimeMs: 60_000, gracefulHandoff: { enabled: false } }
      const { assigner, lock } = fleet.worker('a', leaseOptions(lease))
      await assigner.step()
      // The worst moment: the leader has just evened out.
      await fleet.alive('j')
      const joinedMs = fleet.time.elapsedMs()
      let spread = Number.POSITIVE_INFINITY
      while (spread > 1) {
        await sleep(assigner.delayMs())
        await lock.heartbeat()
        await assigner.step()
        const counts = new Map<string | undefined, number>([['j', 0]])
        for (const owner of await fleet.owners()) counts.set(owner, (counts.get(owner) ?? 0) + 1)
        spread = Math.max(...counts.values()) - Math.min(...counts.values())
        const tookMs = fleet.time.elapsedMs() - joinedMs
        assert.ok(tookMs <= 26_000, `spread ${spread} after ${tookMs} ms`)
      }
    }))

  it('evens out by throughput, when asked to, in every round that is due', () =>
    inFleet(4, async (fleet) => {
      const { assigner, lock } = await fleet.ofOne({
        assignmentStrategy: 'worker-utilization',
        workerUtilization: { varianceBalancingFrequency: 2 },
      })
      // The first round had nothing to move; the fourth shard carries nine tenths of the traffic.
      await fleet.carry([10, 10, 10, 270])
      const b: (readonly number[])[] = []
      for (let round = 1; round <= 4; round++) {
        await fleet.round(lock)
        await assigner.step()
        b.push((await fleet.owners()).flatMap((owner, i) => (owner === 'b' ? [i] : [])))
      }
      // Half of 300 is a share; what is below 60 % of the other half goes, the hot shard does not.
      assert.deepEqual(b, [[], [0, 1, 2], [0, 1, 2], [0, 1, 2]])
    }))

  it('steps down after three failures in a row and gives the lock back', () =>
    inFleet(1, async (fleet) => {
      await fleet.alive('a')
      const { assigner, lock } = fleet.worker('a')
      await assigner.step()
      fleet.dynamo.injectFault({ operation: 'scan', kind: 'throttle', times: 3 })
      for (let failures = 1; failures <= 3; failures++) {
        assert.equal(lock.leads, true)
        await assert.rejects(assigner.step(), isServiceError)
      }
      assert.equal(lock.leads, false)
      assert.equal((await fleet.store.scan(true)).leader, undefined)
    }))

  it('is not stopped by a stale read of a generation that the fleet has left', () =>
    inFleet(1, async (fleet) => {
      await fleet.alive('a')
      const row = (cv: string): dynamo.Item => ({ leaseKey: { S: 'Migration3.0' }, cv: { S: cv } })
      await fleet.dynamo.putItem({ TableName: TABLE, Item: row('CLIENT_VERSION_3X') })
      const stale = row('CLIENT_VERSION_UPGRADE_FROM_2X')
      const scan = fleet.dynamo.scan.bind(fleet.dynamo)
      fleet.dynamo.scan = async (input, options) => {
        const page = await scan(input, options)
        if (input.ConsistentRead === true) return page
        const rest = page.Items.filter((item) => item['leaseKey']?.S !== 'Migration3.0')
        return { ...page, Items: [...rest, stale] }
      }
      const { assigner, lock, fatal } = fleet.worker('a')
      await assigner.step()
      assert.deepEqual(fatal, [])
      assert.equal(lock.leads, true)
    }))

  it('serves itself when the lock stands still and nobody can take it', () =>
    inFleet(2, async (fleet) => {
      await fleet.alive('a')
      await fleet.worker('a').assigner.step()
      // The leader dies; its leases are free, and no attempt to follow it succeeds.
      for (const lease of await fleet.leases()) await fleet.store.release(lease)
      const b = fleet.worker('b')
      fleet.dynamo.injectFault({
        operation: 'putItem',
        kind: 'fail',
        times: Number.POSITIVE_INFINITY,
      })
      for (let i = 0; i < 12; i++) {
        await sleep(2000)
        await fleet.alive('b')
        await b.assigner.step().catch(() => undefined)
      }
      assert.equal(b.lock.leads, false)
      assert.ok((await fleet.owners()).includes('b'))
    }))
})
