import assert from 'node:assert/strict'
import { Producer } from '@millrace/producer'
import { runInVirtualTime, SimulatedKinesis } from '@millrace/testing'

describe('Producer', () => {
  it('stores a record and says where', () =>
    runInVirtualTime(async () => {
      const service = new SimulatedKinesis()
      await service.createStream({ StreamName: 'orders', ShardCount: 2 })
      const producer = new Producer({ stream: 'orders', client: service })
      const results = await Promise.all(
        Array.from({ length: 1000 }, (_, i) =>
          producer.put({ partitionKey: `k${i}`, data: new Uint8Array([i & 255]) }),
        ),
      )
      assert.equal(results.length, 1000)
      await producer.close()
      assert.equal(producer.outstandingRecords, 0)
    }))
})
