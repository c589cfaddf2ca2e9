import assert from 'node:assert/strict'
import { SimulatedKinesis } from '@millrace/testing'

describe('SimulatedKinesis', () => {
  it('gives back what was put, through a split, by walking the shards', async () => {
    const service = new SimulatedKinesis()
    await service.createStream({ StreamName: 'orders', ShardCount: 1 })
    await service.putRecords({
      StreamName: 'orders',
      Records: [{ Data: Buffer.from('one'), PartitionKey: 'a' }],
    })
    const [parent] = service.shards('orders')
    assert.ok(parent)
    await service.splitShard({
      StreamName: 'orders',
      ShardToSplit: parent.ShardId,
      NewStartingHashKey: (1n << 127n).toString(),
    })
    const start = await service.getShardIterator({
      StreamName: 'orders',
      ShardId: parent.ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    })
    const page = await service.getRecords(start)
    assert.deepEqual(
      page.Records.map((record) => Buffer.from(record.Data).toString()),
      ['one'],
    )
    assert.equal(page.NextShardIterator, undefined)
    assert.deepEqual(
      page.ChildShards?.map((child) => child.ParentShards),
      [[parent.ShardId], [parent.ShardId]],
    )
    const listed = await service.listShards({ StreamName: 'orders' })
    assert.deepEqual(listed.Shards, service.shards('orders'))
  })
})
