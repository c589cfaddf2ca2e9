import assert from 'node:assert/strict'
import { ServiceError, type Shard } from '@millrace/core'
import { silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import type { Lease } from '../../src/lease/lease.ts'
import { LeaseCleaner } from '../../src/shard-sync/lease-cleaner.ts'
import { leaseOf, position } from '../lease/leases.ts'
import { shardId, shardOf } from './lineage.ts'

const ended = leaseOf(shardId(0), { checkpoint: position('SHARD_END') })
const begun = leaseOf(shardId(1), { checkpoint: position(9), parentShardIds: [shardId(0)] })
const childOpen = shardOf({ id: 1, parents: [0], open: true })

class Bench {
  readonly deleted: string[] = []
  leads = true
  lists = 0
  delete: (key: string) => Promise<boolean> = async (key) => this.deleted.push(key) > 0
  list: () => readonly Shard[] = () => [childOpen]
  readonly cleaner: LeaseCleaner

  constructor(enabled = true) {
    this.cleaner = new LeaseCleaner({
      store: { deleteEnded: (key) => this.delete(key) },
      listShards: async () => {
        this.lists++
        return this.list()
      },
      cleanup: { enabled, intervalMs: 1000, completedAfterMs: 5000 },
      logger: silentLogger,
      signal: new AbortController().signal,
      workerId: 'a',
      leads: () => this.leads,
    })
  }

  /** One look now, one when what was seen ended may go. */
  async twice(leases: readonly Lease[]): Promise<readonly string[]> {
    await this.cleaner.step(leases)
    await sleep(5000)
    await this.cleaner.step(leases)
    return this.deleted
  }
}

describe('LeaseCleaner', () => {
  it('deletes a lease that has been seen ended for long enough, without a list of shards', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      await bench.cleaner.step([ended, begun])
      await sleep(4999)
      await bench.cleaner.step([ended, begun])
      assert.deepEqual(bench.deleted, [])
      await sleep(1000)
      await bench.cleaner.step([ended, begun])
      assert.deepEqual(bench.deleted, [ended.leaseKey])
      assert.equal(bench.lists, 0)
    }))

  it('counts anew when the row was made again meanwhile', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      await bench.cleaner.step([ended, begun])
      await bench.cleaner.step([begun])
      await sleep(4000)
      assert.deepEqual(await bench.twice([ended, begun]), [ended.leaseKey])
    }))

  it('looks no more often than it is told, and not at all when switched off', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      await bench.twice([ended])
      for (let i = 0; i < 5; i++) await bench.cleaner.step([ended])
      assert.equal(bench.lists, 1)
      const off = new Bench(false)
      assert.deepEqual(await off.twice([ended, begun]), [])
    }))

  it('deletes the lease of a shard that the service has no more', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      bench.list = () => [shardOf({ id: 7, open: true })]
      assert.deepEqual(await bench.twice([ended]), [ended.leaseKey])
    }))

  it('takes nothing for gone when a list failed, or leaves hash keys out', () =>
    runInVirtualTime(async () => {
      const failed = new Bench()
      failed.list = () => {
        throw new ServiceError('ListShards', 'ResourceNotFoundException', 'no stream')
      }
      assert.deepEqual(await failed.twice([ended]), [])
      const partial = new Bench()
      partial.list = () => [shardOf({ id: 7 })]
      assert.deepEqual(await partial.twice([ended]), [])
      assert.equal(partial.lists, 1)
    }))

  it('stops with the lead', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      bench.leads = false
      assert.deepEqual(await bench.twice([ended, begun]), [])
    }))

  it('deletes its own a little later where another leads', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      bench.leads = false
      const own = { ...ended, leaseOwner: 'a' }
      const other = leaseOf(shardId(5), {
        ...{ checkpoint: position('SHARD_END'), leaseOwner: 'b', childShardIds: [shardId(1)] },
      })
      assert.deepEqual(await bench.twice([own, other, begun]), [])
      await sleep(1000)
      await bench.cleaner.step([own, other, begun])
      assert.deepEqual(bench.deleted, [own.leaseKey])
      await bench.cleaner.step([other, begun])
      assert.equal(bench.lists, 0)
    }))

  it('tries again when a delete fails, and fails nobody', () =>
    runInVirtualTime(async () => {
      const bench = new Bench()
      const { delete: works } = bench
      bench.delete = async () => {
        throw new ServiceError('DeleteItem', 'AccessDeniedException', 'no', { kind: 'denied' })
      }
      assert.deepEqual(await bench.twice([ended, begun]), [])
      bench.delete = works
      await sleep(1000)
      await bench.cleaner.step([ended, begun])
      assert.deepEqual(bench.deleted, [ended.leaseKey])
    }))
})
