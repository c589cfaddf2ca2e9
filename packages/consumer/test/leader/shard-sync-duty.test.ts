import assert from 'node:assert/strict'
import { MAX_HASH_KEY } from '@millrace/core'
import { silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { ShardSyncDuty } from '../../src/leader/shard-sync-duty.ts'
import type { Lease } from '../../src/lease/lease.ts'
import type { ResolvedLeaseCleanup } from '../../src/options.ts'
import type { LostRows } from '../../src/shard-sync/healed-leases.ts'
import type { ShardSyncer } from '../../src/shard-sync/shard-syncer.ts'
import { leaseOf, position } from '../lease/leases.ts'
import { shardId } from '../shard-sync/lineage.ts'

const whole = leaseOf(shardId(0), { hashKeyRange: { start: 0n, end: MAX_HASH_KEY } })
const half = leaseOf(shardId(1), { hashKeyRange: { start: 0n, end: 99n } })
const rest = leaseOf(shardId(2), {
  hashKeyRange: { start: 100n, end: MAX_HASH_KEY },
  checkpoint: position(4711),
})
const LEASES: readonly Lease[] = [whole]

class Bench {
  readonly controller = new AbortController()
  readonly failures: number[] = []
  readonly lost: LostRows[] = []
  /** What each sync was told when it was about to create. */
  readonly wentOn: boolean[] = []
  readonly deleted: string[] = []
  leads = true
  fails = false
  readonly duty: ShardSyncDuty

  constructor(leaseCleanup: Partial<ResolvedLeaseCleanup> = {}) {
    const sync = async (
      _leases: readonly Lease[],
      _signal: AbortSignal,
      lost: LostRows,
      mayGoOn: () => boolean,
    ): Promise<number> => {
      this.lost.push(lost)
      await sleep(1000)
      this.wentOn.push(mayGoOn())
      if (this.fails) throw new Error('no shards')
      return 2
    }
    this.duty = new ShardSyncDuty({
      syncer: { sync, shards: async () => [] } as unknown as ShardSyncer,
      store: { deleteEnded: async (key) => this.deleted.push(key) > 0 },
      lease: {
        leaseCleanup: { enabled: true, intervalMs: 1000, completedAfterMs: 5000, ...leaseCleanup },
      },
      workerId: 'a',
      logger: silentLogger,
      signal: this.controller.signal,
      leads: () => this.leads,
      onFailure: async (_cause, { failures }) => void this.failures.push(failures),
    })
  }

  get syncs(): number {
    return this.lost.length
  }

  /** Looks at the table every two seconds, as a leader does. */
  async look(leases: readonly Lease[], times = 1): Promise<void> {
    for (let i = 0; i < times; i++) {
      this.duty.see(leases)
      this.duty.beside(leases)
      await sleep(2000)
    }
  }
}

describe('ShardSyncDuty', () => {
  it('syncs once, one at a time, and keeps nobody waiting', () =>
    runInVirtualTime(async (time) => {
      const bench = new Bench()
      bench.duty.beside(LEASES)
      bench.duty.beside(LEASES)
      assert.equal(time.elapsedMs(), 0)
      await bench.duty.settled()
      assert.equal(bench.syncs, 1)
      await bench.look(LEASES, 100)
      assert.equal(bench.syncs, 1, 'no hole, no sync')
    }))

  it('heals a hole that two audits in a row have seen, with the row as last seen', () =>
    runInVirtualTime(async (time) => {
      const bench = new Bench()
      await bench.look([half, rest])
      const lostMs = time.elapsedMs()
      while (bench.syncs < 2) await bench.look([half])
      assert.ok(time.elapsedMs() - lostMs <= 45_000, `${time.elapsedMs() - lostMs}`)
      assert.deepEqual(bench.lost[1], { remembered: [rest], holes: [rest.hashKeyRange] })
    }))

  it('does not heal a hole that only one audit has seen', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      await bench.look([half, rest])
      for (let i = 0; i < 5; i++) {
        await bench.look([half], 10)
        await bench.look([half, rest], 10)
      }
      assert.equal(bench.syncs, 1)
    }))

  it('does not remember a row that left no hole', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      await bench.look([whole, rest])
      await bench.look([whole], 20)
      while (bench.syncs < 2) await bench.look([half])
      assert.deepEqual(
        bench.lost[1]?.remembered.map(({ leaseKey }) => leaseKey),
        [whole.leaseKey],
      )
    }))

  it('does not remember a row that left no hole when it began to lead', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      bench.duty.see([whole, rest])
      await bench.look([whole])
      while (bench.syncs < 2) await bench.look([half])
      assert.deepEqual(
        bench.lost[1]?.remembered.map(({ leaseKey }) => leaseKey),
        [whole.leaseKey],
      )
    }))

  it('creates nothing more once it leads no longer, and syncs anew in its next term', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      bench.duty.beside(LEASES)
      bench.leads = false
      await bench.duty.settled()
      bench.leads = true
      bench.duty.beside(LEASES)
      bench.duty.begin()
      await bench.duty.settled()
      bench.duty.beside(LEASES)
      await bench.duty.settled()
      assert.deepEqual(bench.wentOn, [false, false, true])
    }))

  it('tells a new leader at once what it saw before it led', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      bench.duty.see([half, rest])
      await bench.look([half])
      assert.deepEqual(bench.lost, [{ remembered: [rest], holes: [rest.hashKeyRange] }])
    }))

  it('remembers the rows of a table that was emptied', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      bench.duty.see([half, rest])
      bench.duty.see([])
      await bench.duty.now([])
      assert.deepEqual(bench.lost[0]?.remembered, [half, rest])
    }))

  it('has finished leases deleted while it leads', () =>
    runInVirtualTime(async () => {
      const ended = leaseOf(shardId(3), {
        checkpoint: position('SHARD_END'),
        childShardIds: [rest.shardId],
      })
      const bench = new Bench()
      await bench.look([half, rest, ended], 3)
      assert.deepEqual(bench.deleted, [])
      bench.leads = false
      await bench.look([half, rest, ended], 3)
      assert.deepEqual(bench.deleted, [])
      bench.leads = true
      await bench.look([half, rest, ended])
      assert.deepEqual(bench.deleted, [ended.leaseKey])
    }))

  it('syncs again at once for a new leader', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      assert.equal(await bench.duty.now(LEASES), 2)
      bench.duty.beside(LEASES)
      await bench.duty.settled()
      assert.equal(bench.syncs, 1)
      bench.duty.begin()
      bench.duty.beside(LEASES)
      assert.equal(bench.syncs, 2)
      await bench.duty.settled()
    }))

  it('counts failures in a row, and tries again with the next look', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      bench.fails = true
      for (let looks = 0; looks < 2; looks++) {
        bench.duty.beside(LEASES)
        await bench.duty.settled()
      }
      bench.fails = false
      bench.duty.beside(LEASES)
      await bench.duty.settled()
      bench.duty.begin()
      bench.fails = true
      bench.duty.beside(LEASES)
      await bench.duty.settled()
      assert.deepEqual(bench.failures, [1, 2, 1])
    }))

  it('says nothing of a sync that was stopped', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      bench.fails = true
      bench.duty.beside(LEASES)
      bench.controller.abort()
      await bench.duty.settled()
      assert.deepEqual(bench.failures, [])
    }))
})
