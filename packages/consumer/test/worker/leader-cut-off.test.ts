import assert from 'node:assert/strict'
import { type Fleet, inFleet, TABLE } from './fleet.ts'

/** Cuts the leader, and nobody else, off from Kinesis; takes the row of a lease of another away. */
async function cutOff(fleet: Fleet, leader: string): Promise<string> {
  fleet.handle(leader)?.disconnect('kinesis', 600_000)
  await fleet.world.sleep(1000)
  const [leaseKey] = [...fleet.owners()].find(([, owner]) => owner !== leader) ?? []
  assert.ok(leaseKey !== undefined)
  await fleet.world.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: leaseKey } } })
  return leaseKey
}

describe('A leader that is cut off from Kinesis alone', () => {
  it('makes way for one that is not, so that shards are synced within 90 s', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      for (const id of ['a', 'b', 'c']) fleet.start(id)
      await fleet.until('spread', () => fleet.isSpread(4, 'a', 'b', 'c'))
      const leader = fleet.leader()
      assert.ok(leader !== undefined)
      const leaseKey = await cutOff(fleet, leader)
      await fleet.until('healed', () => fleet.row(leaseKey) !== undefined, 90_000)
      // It does not come back to lead while it is cut off.
      await fleet.world.sleep(120_000)
      assert.notEqual(fleet.leader(), leader)
      for (const id of ['a', 'b', 'c']) fleet.kill(id)
    }))

  it('goes on where nobody else could lead', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      fleet.start('a')
      await fleet.until('spread', () => fleet.isSpread(4, 'a'))
      fleet.handle('a')?.disconnect('kinesis', 200_000)
      const key = fleet.leasesOf('a')[0] ?? ''
      await fleet.world.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: key } } })
      await fleet.world.sleep(190_000)
      assert.equal(fleet.leader(), 'a')
      await fleet.until('healed', () => fleet.row(key) !== undefined, 90_000)
      fleet.kill('a')
    }))
})
