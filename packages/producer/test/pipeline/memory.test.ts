import assert from 'node:assert/strict'
import type { AggregateEncoder } from '@millrace/core/internal'
import { Aggregator } from '../../src/pipeline/aggregator.ts'
import { DataCopier } from '../../src/pipeline/data-copier.ts'
import type { KinesisRecord } from '../../src/pipeline/kinesis-record.ts'
import { OutstandingRecord } from '../../src/pipeline/outstanding-record.ts'
import { ShardLane } from '../../src/pipeline/shard-lane.ts'

function makeRecord(data: Uint8Array, partitionKey = 'k'): OutstandingRecord {
  const keyBytes = partitionKey.length
  return new OutstandingRecord(
    {
      sequence: 1,
      partitionKey,
      keyBytes,
      explicitHashKey: undefined,
      data,
      onStored: undefined,
      onFailed: undefined,
    },
    0,
  )
}

function encoderOf(lane: ShardLane): AggregateEncoder | undefined {
  return lane.open?.encoder
}

describe('DataCopier', () => {
  it('keeps no more than a small slab alive for one record', () => {
    const copier = new DataCopier()
    for (let size = 1; size < 10_000; size += 97) {
      const given = new Uint8Array(size).fill(7)
      const copy = copier.copy(given)
      assert.deepEqual(copy, given)
      assert.ok(copy.buffer.byteLength <= Math.max(8192, size), `${copy.buffer.byteLength}`)
    }
  })
})

describe('OutstandingRecord.keepApart', () => {
  it('copies the data out of a shared slab', () => {
    const record = makeRecord(new DataCopier().copy(new Uint8Array([1, 2, 3])))
    assert.ok(record.data.buffer.byteLength > 3)
    record.keepApart()
    assert.deepEqual(record.data, new Uint8Array([1, 2, 3]))
    assert.equal(record.data.buffer.byteLength, 3)
    const { data } = record
    record.keepApart()
    assert.equal(record.data, data)
  })
})

describe('Aggregator', () => {
  const options = {
    enabled: true,
    maxRecords: 100,
    maxBytes: 100,
    bufferedTimeMs: 100,
    recordTtlMs: 30_000,
  }

  it('takes an encoder for a record only when it gets company', () => {
    const sent: KinesisRecord[] = []
    const aggregator = new Aggregator(options, (record) => sent.push(record))
    const lane = new ShardLane('shardId-0', 100, 0)
    aggregator.add(makeRecord(new Uint8Array(10)), lane, 0)
    assert.equal(encoderOf(lane), undefined)
    aggregator.add(makeRecord(new Uint8Array(10)), lane, 0)
    assert.equal(encoderOf(lane)?.records, 2)
    aggregator.add(makeRecord(new Uint8Array(90)), lane, 0)
    assert.equal(sent[0]?.encoder?.records, 2)
    assert.equal(encoderOf(lane), undefined)
    aggregator.add(makeRecord(new Uint8Array(80)), lane, 0)
    assert.equal(sent[1]?.encoder, undefined)
    assert.equal(sent[1]?.userRecords.length, 1)
    aggregator.stop()
  })
})
