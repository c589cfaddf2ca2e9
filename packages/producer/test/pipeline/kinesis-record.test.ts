import assert from 'node:assert/strict'
import { ProducerMetrics } from '../../src/metrics/producer-metrics.ts'
import { AggregateBuffers } from '../../src/pipeline/aggregate-buffers.ts'
import { Aggregator } from '../../src/pipeline/aggregator.ts'
import { Backpressure } from '../../src/pipeline/backpressure.ts'
import type { KinesisRecord } from '../../src/pipeline/kinesis-record.ts'
import { OutstandingList } from '../../src/pipeline/outstanding-list.ts'
import { OutstandingRecord, type Told } from '../../src/pipeline/outstanding-record.ts'
import { RecordOutcomes } from '../../src/pipeline/record-outcomes.ts'
import { ShardLane } from '../../src/pipeline/shard-lane.ts'

const HASH_KEY = '340282366920938463463374607431768211455'

/** Aggregates of one shard, and the list of what is outstanding, without a network. */
class Bench {
  readonly list = new OutstandingList()
  readonly lane = new ShardLane('shardId-000000000000', 100, 0)
  readonly sent: KinesisRecord[] = []
  readonly aggregator = new Aggregator(
    {
      enabled: true,
      maxRecords: 100,
      maxBytes: 10_000,
      bufferedTimeMs: 100,
      recordTtlMs: 30_000,
      list: this.list,
    },
    (record) => this.sent.push(record),
  )
  #sequence = 0

  /** With an object of its own. */
  add(key: string, nowMs: number, data = key): OutstandingRecord {
    const bytes = Buffer.from(data)
    const record = new OutstandingRecord(
      ++this.#sequence,
      key,
      Buffer.byteLength(key),
      undefined,
      bytes,
      undefined,
      nowMs,
    )
    this.list.add(record)
    this.aggregator.add(record, this.lane, nowMs)
    record.keepData()
    return record
  }

  /** True if it was taken without one. */
  addRow(key: string, nowMs: number, told?: Told, explicitHashKey?: string): boolean {
    const sequence = ++this.#sequence
    const keyBytes = Buffer.byteLength(key)
    const bytes = Buffer.from(key)
    const isTaken = this.aggregator.addRow(
      this.lane,
      sequence,
      key,
      keyBytes,
      explicitHashKey,
      bytes,
      told,
      nowMs,
    )
    if (isTaken) this.list.notePassed(sequence)
    return isTaken
  }

  /** Keys of what is outstanding, in the order of its age. */
  listed(): readonly string[] {
    const keys: string[] = []
    for (let record = this.list.oldest; record !== undefined; record = record.newer) {
      keys.push(record.partitionKey)
    }
    return keys
  }

  closed(): KinesisRecord {
    this.aggregator.flush(-1, 0)
    const [record] = this.sent.splice(0)
    assert.ok(record)
    return record
  }
}

describe('KinesisRecord', () => {
  it('gives user records without an object theirs when they are asked for', () => {
    const bench = new Bench()
    const told = (): void => {}
    bench.add('first', 1)
    bench.add('second', 2)
    assert.equal(bench.addRow('schlüssel', 3, told, HASH_KEY), true)
    assert.equal(bench.addRow('last', 4), true)
    const record = bench.closed()
    assert.deepEqual([record.length, record.plainRows], [4, 2])
    const [, , third, fourth] = record.userRecords
    assert.equal(third?.partitionKey, 'schlüssel')
    assert.equal(third.keyBytes, 10)
    assert.equal(third.explicitHashKey, HASH_KEY)
    assert.equal(Buffer.from(third.data).toString(), 'schlüssel')
    assert.equal(third.admittedMs, 3)
    assert.equal(third.told, told)
    assert.equal(third.phase, 'buffered')
    assert.equal(third.place, bench.lane)
    assert.equal(fourth?.told, undefined)
    assert.equal(fourth?.explicitHashKey, undefined)
    assert.equal(record.plainRows, 0)
  })

  it('does so also when the aggregate is written and its encoder used again', () => {
    const bench = new Bench()
    bench.add('first', 1)
    bench.add('second', 2)
    bench.addRow('third', 3)
    const record = bench.closed()
    record.depart()
    record.write(new AggregateBuffers(10_000, false))
    bench.aggregator.recycle(record)
    const third = record.userRecords[2]
    assert.equal(third?.partitionKey, 'third')
    assert.equal(third.phase, 'in-flight')
    record.unpack()
    assert.deepEqual(
      record.userRecords.map(({ data }) => Buffer.from(data).toString()),
      ['first', 'second', 'third'],
    )
  })

  it('needs an object for the first two of an aggregate, and for one whose elders have all expired', () => {
    const bench = new Bench()
    assert.equal(bench.addRow('nothing is open', 1), false)
    const first = bench.add('first', 1)
    assert.equal(bench.addRow('it would be alone with it', 1), false)
    bench.add('second', 1)
    first.phase = 'settled'
    assert.equal(bench.addRow('nobody looks after its age', 1), false)
  })

  it('lists those that get their object late by their age', () => {
    const bench = new Bench()
    bench.add('a', 1)
    bench.add('b', 1)
    bench.addRow('c', 5)
    bench.addRow('d', 9)
    const record = bench.closed()
    bench.add('e', 7)
    bench.add('f', 9)
    record.unfold()
    // Of those of the same time the row came first.
    assert.deepEqual(bench.listed(), ['a', 'b', 'c', 'e', 'd', 'f'])
  })

  it('keeps flush() waiting for a record without an object until it has its outcome', () => {
    const bench = new Bench()
    const a = bench.add('a', 1)
    const b = bench.add('b', 1)
    bench.addRow('c', 1)
    const record = bench.closed()
    const d = bench.add('d', 1)
    record.unfold()
    bench.list.remove(a)
    bench.list.remove(b)
    assert.equal(bench.list.holdsThrough(3), true)
    const c = record.userRecords[2] as OutstandingRecord
    bench.list.remove(c)
    assert.equal(bench.list.holdsThrough(3), false)
    assert.equal(bench.list.oldest, d)
  })

  it('lists those too that came after its data was asked for, once the first is', () => {
    const bench = new Bench()
    const first = bench.add('a', 1)
    bench.add('b', 2)
    assert.equal(bench.addRow('c', 3), true)
    assert.equal(Buffer.from(first.data).toString(), 'a')
    assert.deepEqual(bench.listed(), ['a', 'b', 'c'])
    assert.equal(bench.addRow('d', 4), true)
    first.unfoldCompany()
    assert.deepEqual(bench.listed(), ['a', 'b', 'c', 'd'])
    assert.equal(Buffer.from(first.data).toString(), 'a')
  })

  it('waits again, rows and objects, when it comes back', () => {
    const bench = new Bench()
    bench.add('a', 1)
    bench.add('b', 2)
    bench.addRow('c', 3)
    const record = bench.closed()
    record.depart()
    assert.equal(record.isInFlight, true)
    record.comeBack()
    assert.equal(record.isInFlight, false)
    assert.deepEqual(
      record.userRecords.map(({ phase }) => phase),
      ['buffered', 'buffered', 'buffered'],
    )
  })

  it('leaves its shard and the buffer with all that it brought, rows or not', () => {
    const bench = new Bench()
    const counts = { records: 0, bytes: 0 }
    bench.lane.enters = (records, bytes) => {
      counts.records += records
      counts.bytes += bytes
    }
    bench.lane.leaves = (records, bytes) => {
      counts.records -= records
      counts.bytes -= bytes
    }
    const backpressure = new Backpressure(
      { maxOutstandingRecords: 10, maxBufferedBytes: 1000, maxWaitingPuts: 0 },
      { drained: () => {}, settled: () => {} },
    )
    const outcomes = new RecordOutcomes({
      streamName: 'orders',
      resource: 'stream orders',
      recordTtlMs: 30_000,
      list: bench.list,
      backpressure,
      metrics: new ProducerMetrics(
        {
          metrics: { put() {} },
          metricsLevel: 'none',
          metricsGranularity: 'shard',
          logger: { debug() {}, info() {}, warn() {}, error() {} },
        },
        'orders',
        0,
      ),
      predictedShard: () => undefined,
      lost: () => assert.fail('nothing is lost'),
    })
    for (const key of ['a', 'bb']) {
      const record = bench.add(key, 1)
      record.moveTo(bench.lane)
      backpressure.charge(record.chargedBytes)
    }
    const rows = ['ccc', 'dddd']
    for (const key of rows) {
      assert.ok(bench.addRow(key, 2))
      bench.lane.enters(1, 2 * key.length)
      backpressure.charge(2 * key.length)
    }
    assert.deepEqual(counts, { records: 4, bytes: 20 })
    outcomes.succeedAll(bench.closed(), {
      shardId: 'shardId-000000000000',
      sequenceNumber: '1',
      startMs: 3,
      endMs: 4,
    })
    assert.deepEqual(counts, { records: 0, bytes: 0 })
    assert.deepEqual([backpressure.records, backpressure.bytes], [0, 0])
    assert.equal(bench.list.oldest, undefined)
  })
})
