import assert from 'node:assert/strict'
import type { Metrics } from '@millrace/core'
import { Producer } from '@millrace/producer'
import { runInVirtualTime, SimulatedKinesis } from '@millrace/testing'

class Sums implements Metrics {
  readonly sums = new Map<string, number>()
  readonly dimensions = new Map<string, Set<string>>()

  put(name: string, value: number, _unit: string, dimensions: Record<string, string> = {}): void {
    this.sums.set(name, (this.sums.get(name) ?? 0) + value)
    const known = this.dimensions.get(name) ?? new Set()
    known.add(JSON.stringify(dimensions))
    this.dimensions.set(name, known)
  }
}

describe("the producer's metrics", () => {
  it('may throw: no record is lost by it, and it is logged once', () =>
    runInVirtualTime(async () => {
      const service = new SimulatedKinesis()
      await service.createStream({ StreamName: 'orders', ShardCount: 1 })
      const warnings: string[] = []
      const ignore = (): void => {}
      const producer = new Producer({
        stream: 'orders',
        client: service,
        metrics: {
          put: () => {
            throw new Error('no space left')
          },
        },
        logger: {
          debug: ignore,
          info: ignore,
          warn: (_, message) => warnings.push(message),
          error: ignore,
        },
      })
      service.injectFault({ operation: 'putRecords', kind: 'fail' })
      const puts = Array.from({ length: 10 }, () =>
        producer.put({ partitionKey: 'k', data: new Uint8Array(7) }),
      )
      assert.equal((await Promise.all(puts)).length, 10)
      await producer.close()
      assert.deepEqual(warnings, ['the metrics sink threw: its numbers are wrong from here on'])
    }))

  it("bear KPL's names and dimensions", () =>
    runInVirtualTime(async () => {
      const service = new SimulatedKinesis()
      await service.createStream({ StreamName: 'orders', ShardCount: 1 })
      service.injectFault({
        operation: 'putRecords',
        kind: 'throttle',
        shardId: 'shardId-000000000000',
      })
      service.injectFault({ operation: 'putRecords', kind: 'fail' })
      const metrics = new Sums()
      const producer = new Producer({ stream: 'orders', client: service, metrics, logger: false })
      const puts = Array.from({ length: 10 }, () =>
        producer.put({ partitionKey: 'k', data: new Uint8Array(7) }),
      )
      await Promise.all(puts)
      await producer.close()
      const { sums, dimensions } = metrics
      assert.equal(sums.get('UserRecordsReceived'), 10)
      assert.equal(sums.get('UserRecordsPut'), 10)
      assert.equal(sums.get('UserRecordsDataPut'), 70)
      assert.equal(sums.get('RetriesPerRecord'), 20)
      assert.equal(sums.get('KinesisRecordsPut'), 1)
      assert.equal(sums.get('UserRecordsPerKinesisRecord'), 30)
      assert.equal(sums.get('KinesisRecordsPerPutRecordsRequest'), 3)
      assert.equal(sums.get('ErrorsByCode'), 2)
      assert.equal(sums.get('AllErrors'), 2)
      assert.ok((sums.get('BufferingTime') ?? 0) > 0)
      const shard = { StreamName: 'orders', ShardId: 'shardId-000000000000' }
      assert.deepEqual(dimensions.get('UserRecordsPut'), new Set([JSON.stringify(shard)]))
      assert.deepEqual(
        dimensions.get('ErrorsByCode'),
        new Set([
          JSON.stringify({ ErrorCode: 'ProvisionedThroughputExceededException', ...shard }),
          JSON.stringify({ ErrorCode: 'InternalFailure', StreamName: 'orders' }),
        ]),
      )
    }))
})
