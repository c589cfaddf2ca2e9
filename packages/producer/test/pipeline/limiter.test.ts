import assert from 'node:assert/strict'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { clockMs } from '../../src/pipeline/alarm.ts'
import { KinesisRecord } from '../../src/pipeline/kinesis-record.ts'
import { Limiter } from '../../src/pipeline/limiter.ts'
import { OutstandingList } from '../../src/pipeline/outstanding-list.ts'
import { ShardLane } from '../../src/pipeline/shard-lane.ts'
import { makeRecord } from './make-record.ts'

function kinesisRecord(lane: ShardLane, name: string, bytes: number, attempts = 0): KinesisRecord {
  const userRecord = makeRecord(new Uint8Array(bytes - 1), name, clockMs())
  if (attempts > 0) userRecord.attempts = [{ delayMs: 0, durationMs: 0 }]
  const record = new KinesisRecord(lane, new OutstandingList())
  record.add(userRecord, 0, 0)
  return record
}

describe('Limiter', () => {
  it('lets retried records go before fresh ones, in their order', () =>
    runInVirtualTime(async () => {
      const order: string[] = []
      const limiter = new Limiter({
        passed: ({ userRecords }) => order.push(userRecords[0]?.partitionKey ?? ''),
        limited: () => {},
      })
      const lane = new ShardLane('shardId-000000000000', 100, clockMs())
      limiter.add(kinesisRecord(lane, 'a', 262_144), clockMs())
      limiter.add(kinesisRecord(lane, 'b', 200_000), clockMs())
      limiter.add(kinesisRecord(lane, 'c', 200_000, 1), clockMs())
      limiter.add(kinesisRecord(lane, 'd', 200_000, 1), clockMs())
      assert.deepEqual(order, ['a'])
      await sleep(1000)
      assert.deepEqual(order, ['a', 'c', 'd', 'b'])
      limiter.stop()
    }))

  it('holds up one shard only, and nothing without a prediction', () =>
    runInVirtualTime(async () => {
      const order: string[] = []
      const limiter = new Limiter({
        passed: ({ userRecords }) => order.push(userRecords[0]?.partitionKey ?? ''),
        limited: () => {},
      })
      const full = new ShardLane('shardId-000000000000', 100, clockMs())
      const free = new ShardLane('shardId-000000000001', 100, clockMs())
      const unpredicted = new ShardLane(undefined, 100, clockMs())
      limiter.add(kinesisRecord(full, 'a', 1_000_000), clockMs())
      limiter.add(kinesisRecord(full, 'b', 10), clockMs())
      limiter.add(kinesisRecord(free, 'c', 10), clockMs())
      for (let i = 0; i < 5; i++) limiter.add(kinesisRecord(unpredicted, 'u', 1_000_000), clockMs())
      assert.deepEqual(order, ['a', 'c', 'u', 'u', 'u', 'u', 'u'])
      const startMs = monotonicMs()
      while (order.length < 8) await sleep(1)
      assert.equal(order.at(-1), 'b')
      // The debt of the large record is paid first.
      assert.ok(monotonicMs() - startMs > 700)
      limiter.stop()
    }))

  it('lets what waits go in batches, lanes together, and says when a shard is at its limit', () =>
    runInVirtualTime(async () => {
      const passedMs: number[] = []
      let limited = 0
      const limiter = new Limiter({
        passed: () => passedMs.push(clockMs()),
        limited: () => limited++,
      })
      const lanes = ['0', '1'].map(
        (id) => new ShardLane(`shardId-00000000000${id}`, 100, clockMs()),
      )
      for (let i = 0; i < 300; i++) {
        for (const lane of lanes) limiter.add(kinesisRecord(lane, 'k', 10), clockMs())
        if (i === 260) await sleep(7)
      }
      assert.ok(limited > 0)
      await sleep(200)
      assert.equal(passedMs.length, 600)
      const later = new Set(passedMs.slice(500))
      assert.deepEqual([...later], [25, 50])
      limiter.stop()
    }))
})
