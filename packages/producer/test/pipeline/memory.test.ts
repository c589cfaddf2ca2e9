import assert from 'node:assert/strict'
import type { kinesis } from '@millrace/core'
import { deaggregate } from '@millrace/core/aggregation'
import type { AggregateEncoder } from '@millrace/core/internal'
import { AggregateBuffers } from '../../src/pipeline/aggregate-buffers.ts'
import { Aggregator } from '../../src/pipeline/aggregator.ts'
import type { KinesisRecord } from '../../src/pipeline/kinesis-record.ts'
import { OutstandingList } from '../../src/pipeline/outstanding-list.ts'
import type { OutstandingRecord } from '../../src/pipeline/outstanding-record.ts'
import { requestEntries } from '../../src/pipeline/request-entries.ts'
import { ShardLane } from '../../src/pipeline/shard-lane.ts'
import { makeRecord } from './make-record.ts'

function encoderOf(lane: ShardLane): AggregateEncoder | undefined {
  return lane.open?.encoder
}

describe('OutstandingRecord.keepData', () => {
  it('copies the data of its user, once', () => {
    const given = new Uint8Array([1, 2, 3])
    const record = makeRecord(given)
    assert.equal(record.data, given)
    record.keepData()
    const { data } = record
    given.fill(9)
    assert.deepEqual(data, new Uint8Array([1, 2, 3]))
    record.keepData()
    assert.equal(record.data, data)
  })
})

describe('AggregateBuffers', () => {
  const filled = (buffer: Buffer, bytes: number): Uint8Array => buffer.subarray(0, bytes)

  it('writes over what was given back, whatever its size was', () => {
    const reused = new AggregateBuffers(1000, true)
    const first = reused.take(900)
    reused.give(filled(first, 900))
    const second = reused.take(1000)
    assert.equal(second.buffer, first.buffer)
    assert.equal(second.length, 1000)
    assert.notEqual(reused.take(1000).buffer, first.buffer)
  })

  it('keeps no buffer for what is much smaller or larger, and no more than 64', () => {
    const reused = new AggregateBuffers(1000, true)
    for (const bytes of [100, 2000]) {
      const own = reused.take(bytes)
      assert.equal(own.buffer.byteLength, bytes)
      reused.give(own)
      assert.notEqual(reused.take(bytes).buffer, own.buffer)
    }
    const many = Array.from({ length: 70 }, () => reused.take(1000))
    for (const buffer of many) reused.give(buffer)
    const again = new Set(Array.from({ length: 70 }, () => reused.take(1000).buffer))
    assert.equal(many.filter(({ buffer }) => again.has(buffer)).length, 64)
  })

  it('takes nothing back for a client that may hold on to it, nor for large aggregates', () => {
    for (const reused of [new AggregateBuffers(1000, false), new AggregateBuffers(100_000, true)]) {
      const buffer = reused.take(1000)
      reused.give(buffer)
      assert.notEqual(reused.take(1000).buffer, buffer.buffer)
    }
  })
})

describe('Aggregator', () => {
  const buffers = new AggregateBuffers(100, false)
  const options = {
    enabled: true,
    maxRecords: 100,
    maxBytes: 100,
    bufferedTimeMs: 100,
    recordTtlMs: 30_000,
    list: new OutstandingList(),
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

  it('keeps the data of packed records in the aggregate, and gives each its own back', () => {
    const sent: KinesisRecord[] = []
    const aggregator = new Aggregator(options, (record) => sent.push(record))
    const lane = new ShardLane('shardId-0', 100, 0)
    const records = [1, 2, 3].map((value) =>
      makeRecord(new Uint8Array(10).fill(value), `k${value}`),
    )
    for (const record of records) {
      aggregator.add(record, lane, 0)
      record.keepData()
    }
    aggregator.flush(0, 0)
    const [aggregate] = sent as [KinesisRecord]
    const check = (): void => {
      for (const [i, { data }] of records.entries()) {
        assert.deepEqual(data, new Uint8Array(10).fill(i + 1))
        assert.equal(data.buffer.byteLength, 10, 'holds on to the others')
      }
    }
    check()
    aggregate.write(buffers)
    aggregator.recycle(aggregate)
    aggregate.unpack()
    check()
    aggregator.stop()
  })

  it('leaves out what settled while it waited, and packs the rest anew', () => {
    const sent: KinesisRecord[] = []
    const aggregator = new Aggregator(options, (record) => sent.push(record))
    const lane = new ShardLane('shardId-0', 100, 0)
    const records = [1, 2, 3].map((value) =>
      makeRecord(new Uint8Array(10).fill(value), `k${value}`),
    )
    for (const record of records) aggregator.add(record, lane, 0)
    aggregator.flush(0, 0)
    const [aggregate] = sent as [KinesisRecord]
    const [first, second, third] = records as [
      OutstandingRecord,
      OutstandingRecord,
      OutstandingRecord,
    ]
    second.phase = 'settled'
    aggregate.depart()
    const [entry] = requestEntries([aggregate], buffers) as [kinesis.PutRecordsEntry]
    const left = [...deaggregate({ Data: entry.Data, SequenceNumber: '1' })]
    assert.deepEqual(
      left.map(({ partitionKey, data }) => [partitionKey, data[0]]),
      [
        ['k1', 1],
        ['k3', 3],
      ],
    )
    for (const each of [first, third]) assert.equal(each.phase, 'in-flight')
    assert.deepEqual(second.data, new Uint8Array(10).fill(2))
    aggregator.stop()
  })

  it('packs no record without a key: inside an aggregate it would have none either', () => {
    const sent: KinesisRecord[] = []
    const aggregator = new Aggregator(options, (record) => sent.push(record))
    const lane = new ShardLane('shardId-0', 100, 0)
    for (let i = 0; i < 3; i++) aggregator.add(makeRecord(new Uint8Array(1), ''), lane, 0)
    assert.deepEqual(
      sent.map(({ userRecords }) => userRecords.length),
      [1, 1, 1],
    )
    aggregator.stop()
  })
})
