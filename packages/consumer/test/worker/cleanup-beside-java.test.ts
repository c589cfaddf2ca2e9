import assert from 'node:assert/strict'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { type Fleet, inFleet, STREAM, TABLE } from './fleet.ts'

const PARENT = 'shardId-000000000000'

/** Holds the lock and assigns free leases, as Java's leader; it cleans only what it ended itself. */
function leadFromJava(fleet: Fleet, workerId: string): () => void {
  const { dynamo } = fleet.world
  const store = new LeaseStore({ dynamo, tableName: TABLE, requestTimeoutMs: 2000 })
  let leads = true
  void (async () => {
    for (let version = 0; leads; version++) {
      await dynamo.putItem({
        TableName: TABLE,
        Item: {
          leaseKey: { S: 'Leader' },
          entityType: { S: 'LEADER' },
          ownerName: { S: 'java' },
          leaseDuration: { S: '120000' },
          recordVersionNumber: { S: `v${version}` },
        },
      })
      for (const lease of (await store.scan(true)).leases) {
        if (lease.leaseOwner === undefined) await store.assign(lease, workerId)
      }
      await fleet.world.sleep(10_000)
    }
  })()
  return () => {
    leads = false
  }
}

describe('A worker whose leader is a Java worker', () => {
  it('deletes the lease of a shard that it has ended itself, once its children are read', () =>
    inFleet({ shards: 1 }, async (fleet) => {
      const leaseCleanup = { intervalMs: 10_000, completedAfterMs: 30_000 }
      fleet.start('a', { options: { lease: { leaseCleanup } } })
      await fleet.until('the lease', () => fleet.isSpread(1, 'a'))
      const stopPutting = fleet.keepPutting()
      const stopLeading = leadFromJava(fleet, 'a')
      await fleet.world.sleep(15_000)
      assert.equal(fleet.leader(), 'java')
      await fleet.world.kinesis.splitShard({
        StreamName: STREAM,
        ShardToSplit: PARENT,
        NewStartingHashKey: String(2n ** 127n),
      })
      await fleet.until('the children', () => fleet.served('a', 0).size === 3)
      await fleet.until('the parent row is gone', () => fleet.row(PARENT) === undefined, 70_000)
      assert.equal(fleet.leader(), 'java')
      assert.equal(fleet.isSpread(2, 'a'), true)
      stopLeading()
      stopPutting()
      await fleet.close('a')
    }))
})
