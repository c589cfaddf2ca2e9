import assert from 'node:assert/strict'
import { silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import type { Lease } from '../../src/lease/lease.ts'
import type { ShardSyncer } from '../../src/shard-sync/shard-syncer.ts'
import { ShardSyncDuty } from '../../src/worker/shard-sync-duty.ts'
import { leaseOf } from '../lease/leases.ts'

const LEASES: readonly Lease[] = [leaseOf('shardId-000000000000')]

class Bench {
  readonly controller = new AbortController()
  readonly failures: number[] = []
  syncs = 0
  fails = false
  readonly duty: ShardSyncDuty

  constructor() {
    const sync = async (): Promise<number> => {
      this.syncs++
      await sleep(1000)
      if (this.fails) throw new Error('no shards')
      return 2
    }
    this.duty = new ShardSyncDuty({
      syncer: { sync } as unknown as ShardSyncer,
      logger: silentLogger,
      signal: this.controller.signal,
      onFailure: async (_cause, failures) => void this.failures.push(failures),
    })
  }
}

describe('ShardSyncDuty', () => {
  it('syncs once a minute, one at a time, and keeps nobody waiting', () =>
    runInVirtualTime(async (time) => {
      const bench = new Bench()
      bench.duty.beside(LEASES)
      bench.duty.beside(LEASES)
      assert.equal(time.elapsedMs(), 0)
      await bench.duty.settled()
      assert.equal(bench.syncs, 1)
      await sleep(59_000)
      bench.duty.beside(LEASES)
      assert.equal(bench.syncs, 1)
      await sleep(1000)
      bench.duty.beside(LEASES)
      assert.equal(bench.syncs, 2)
      await bench.duty.settled()
    }))

  it('syncs again at once for a new leader', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      assert.equal(await bench.duty.now(LEASES), 2)
      bench.duty.beside(LEASES)
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
