import assert from 'node:assert/strict'
import { InvalidOptionError, type Metrics } from '@millrace/core'
import { metricsSnapshot, sleep } from '@millrace/core/internal'
import type { Producer, ProducerMetric, ProducerMetricsQuery } from '@millrace/producer'
import { METRICS } from '../../src/metrics/metric-names.ts'
import { ProducerMetrics } from '../../src/metrics/producer-metrics.ts'
import { putAll, STREAM, withProducer } from '../virtual-producer.ts'

const SHARD = 'shardId-000000000000'

function find(
  metrics: readonly ProducerMetric[],
  name: string,
  dimensions: Record<string, string> = {},
): ProducerMetric {
  const found = metrics.filter(
    (metric) =>
      metric.name === name && JSON.stringify(metric.dimensions) === JSON.stringify(dimensions),
  )
  assert.equal(found.length, 1, `${name} ${JSON.stringify(dimensions)}: ${found.length}`)
  return found[0] as ProducerMetric
}

function namesOf(producer: Producer): Set<string> {
  return new Set(producer.metrics().map(({ name }) => name))
}

const SUMMARY = METRICS.filter(({ level }) => level === 'summary').map(({ name }) => name)

describe('Producer.metrics()', () => {
  it("has KPL's fifteen names, each with its unit, and nothing before the first record", () =>
    withProducer(1, { recordTtlMs: 3000 }, async ({ service, producer }) => {
      assert.deepEqual(producer.metrics(), [])
      await putAll(producer, 10, 'a')
      service.injectFault({
        operation: 'putRecords',
        kind: 'throttle',
        shardId: SHARD,
        times: 1000,
      })
      await assert.rejects(producer.put({ partitionKey: 'k', data: new Uint8Array(1) }))
      assert.deepEqual(namesOf(producer), new Set(METRICS.map(({ name }) => name)))
      for (const { name, unit } of producer.metrics()) {
        assert.equal(unit, METRICS.find((metric) => metric.name === name)?.unit)
      }
    }))

  it('counts each value under every prefix of its dimensions', () =>
    withProducer(2, {}, async ({ service, producer }) => {
      await service.createStream({ StreamName: 'returns', ShardCount: 1 })
      await putAll(producer, 100, 'a')
      for (let i = 0; i < 7; i++) {
        producer.tryPut({ stream: 'returns', partitionKey: 'k', data: new Uint8Array(3) })
      }
      await producer.flush()
      const puts = producer.metrics({ name: 'UserRecordsPut' })
      // All, two streams, three shards.
      assert.equal(puts.length, 6)
      assert.equal(find(puts, 'UserRecordsPut').sum, 107)
      assert.equal(find(puts, 'UserRecordsPut', { StreamName: 'returns' }).sum, 7)
      const shards = ['shardId-000000000000', 'shardId-000000000001'].map(
        (ShardId) => find(puts, 'UserRecordsPut', { StreamName: STREAM, ShardId }).count,
      )
      assert.equal(shards[0] && shards[1] && shards[0] + shards[1], 100)
      const bytes = find(producer.metrics(), 'UserRecordsDataPut', { StreamName: 'returns' })
      assert.deepEqual([bytes.count, bytes.sum, bytes.mean, bytes.min, bytes.max], [7, 21, 3, 3, 3])
    }))

  it('counts errors by code, also under the code alone, and successes as no error', () =>
    withProducer(1, {}, async ({ service, producer }) => {
      service.injectFault({ operation: 'putRecords', kind: 'throttle', shardId: SHARD })
      service.injectFault({ operation: 'putRecords', kind: 'fail' })
      await putAll(producer, 10, 'a')
      const metrics = producer.metrics()
      const throttled = { ErrorCode: 'ProvisionedThroughputExceededException' }
      assert.equal(find(metrics, 'ErrorsByCode').sum, 2)
      assert.equal(find(metrics, 'ErrorsByCode', throttled).sum, 1)
      const ofShard = { ...throttled, StreamName: STREAM, ShardId: SHARD }
      assert.equal(find(metrics, 'ErrorsByCode', ofShard).sum, 1)
      const failed = { ErrorCode: 'InternalFailure', StreamName: STREAM }
      assert.equal(find(metrics, 'ErrorsByCode', failed).sum, 1)
      const { count, sum, max } = find(metrics, 'AllErrors', { StreamName: STREAM })
      assert.deepEqual([count, sum, max], [3, 2, 1])
      // Not counted for the request that failed as a whole.
      const records = find(metrics, 'KinesisRecordsPut', { StreamName: STREAM })
      assert.deepEqual([records.count, records.sum], [2, 1])
    }))

  it('counts a record that expires under the shard that it was meant for', () =>
    withProducer(1, { recordTtlMs: 1000 }, async ({ service, producer }) => {
      await putAll(producer, 1, 'a')
      service.injectFault({
        operation: 'putRecords',
        kind: 'throttle',
        shardId: SHARD,
        times: 1000,
      })
      await assert.rejects(producer.put({ partitionKey: 'k', data: new Uint8Array(1) }))
      const metrics = producer.metrics()
      const dimensions = { StreamName: STREAM, ShardId: SHARD }
      assert.equal(find(metrics, 'UserRecordExpired', dimensions).sum, 1)
      // One stored, one failed.
      assert.equal(find(metrics, 'UserRecordsPut', dimensions).mean, 0.5)
      // A sample for each attempt: the one that was stored, the refused ones, and `Expired`.
      const retries = find(metrics, 'RetriesPerRecord', dimensions)
      assert.equal(find(metrics, 'BufferingTime', dimensions).count, retries.sum + 2)
    }))

  it('samples outstanding records each 200 ms while there are any', () =>
    withProducer(1, {}, async ({ client, producer }) => {
      await putAll(producer, 1, 'a')
      const before = producer.metrics({ name: 'UserRecordsPending' })
      client.putInstead = async () => {
        await sleep(2000)
        throw new Error('no answer')
      }
      const puts = putAll(producer, 8, 'b')
      await sleep(1500)
      client.putInstead = undefined
      await puts
      await sleep(60_000)
      const { count, min, max } = find(producer.metrics(), 'UserRecordsPending')
      assert.deepEqual([min, max], [8, 8])
      const samples = count - (before[0]?.count ?? 0)
      assert.ok(samples >= 10 && samples <= 14, `${samples}`)
    }))

  it('tells of a window, of whole buckets, and what it covers', () =>
    withProducer(1, {}, async ({ producer }) => {
      await putAll(producer, 5, 'a')
      await sleep(30_000)
      await putAll(producer, 3, 'b')
      const windowMs = 10_000
      const recent = find(producer.metrics({ windowMs }), 'UserRecordsPut')
      assert.equal(recent.count, 3)
      assert.ok(recent.durationMs >= windowMs && recent.durationMs <= windowMs + 5000)
      const all = find(producer.metrics(), 'UserRecordsPut')
      assert.equal(all.count, 8)
      assert.ok(all.durationMs >= 30_000 && all.durationMs < 31_000, `${all.durationMs}`)
      assert.equal(find(producer.metrics({ windowMs: 60_000 }), 'UserRecordsPut').count, 8)
      await sleep(70_000)
      assert.deepEqual(producer.metrics({ windowMs: 60_000 }), [])
    }))

  it('keeps streams or shards apart as it is told to', async () => {
    const keys = async (
      metricsGranularity: 'global' | 'stream' | 'shard',
    ): Promise<Set<string>> => {
      const found = new Set<string>()
      await withProducer(1, { metricsGranularity }, async ({ service, producer }) => {
        service.injectFault({ operation: 'putRecords', kind: 'throttle', shardId: SHARD })
        await putAll(producer, 10, 'a')
        for (const { dimensions } of producer.metrics()) {
          for (const key of Object.keys(dimensions)) found.add(key)
        }
        assert.equal(find(producer.metrics(), 'UserRecordsPut').sum, 10)
      })
      return found
    }
    assert.deepEqual(await keys('global'), new Set(['ErrorCode']))
    assert.deepEqual(await keys('stream'), new Set(['ErrorCode', 'StreamName']))
    assert.deepEqual(await keys('shard'), new Set(['ErrorCode', 'StreamName', 'ShardId']))
  })

  it('measures less at level summary, and nothing at none, for the sink too', async () => {
    for (const [metricsLevel, expected] of [
      ['summary', SUMMARY],
      ['none', []],
    ] as const) {
      const given = new Set<string>()
      const metrics: Metrics = { put: (name) => given.add(name) }
      const options = { metricsLevel, metrics, recordTtlMs: 1000 }
      await withProducer(1, options, async ({ service, producer }) => {
        const times = 1000
        await putAll(producer, 1, 'a')
        service.injectFault({ operation: 'putRecords', kind: 'throttle', shardId: SHARD, times })
        await assert.rejects(producer.put({ partitionKey: 'k', data: new Uint8Array(1) }))
        assert.deepEqual(namesOf(producer), new Set(expected))
      })
      assert.deepEqual(given, new Set(expected))
    }
  })

  it('answers after close()', () =>
    withProducer(1, {}, async ({ producer }) => {
      await putAll(producer, 2, 'a')
      await producer.close()
      assert.equal(find(producer.metrics(), 'UserRecordsPut').sum, 2)
    }))

  it('refuses what it cannot tell, with what it can', () =>
    withProducer(1, {}, async ({ producer }) => {
      const hintOf = (query: unknown): string => {
        try {
          producer.metrics(query as ProducerMetricsQuery)
        } catch (error) {
          assert.ok(error instanceof InvalidOptionError)
          return error.hint
        }
        assert.fail('accepted')
      }
      assert.match(hintOf({ name: 'UserRecordPut' }), /"UserRecordsPut"/)
      assert.match(hintOf({ name: 7 }), /UserRecordsReceived/)
      for (const windowMs of [0, 60_001, 1500.5, '60']) {
        assert.match(hintOf({ windowMs }), /from 1000 to 60000/)
      }
      assert.match(hintOf({ window: 5 }), /windowMs/)
    }))
})

describe('the memory of metrics', () => {
  const options = {
    metrics: { put() {} },
    metricsLevel: 'detailed',
    metricsGranularity: 'shard',
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  } as const

  function store(metrics: ProducerMetrics, shardId: string): void {
    metrics.userRecordReceived(0)
    metrics.userRecordStored({ shardId, sequenceNumber: '1', startMs: 5, endMs: 6 }, 0, 4, 0)
  }

  it('is bounded: the oldest of very many shards is counted with its stream only', () => {
    const metrics = new ProducerMetrics(options, STREAM, 0)
    for (let i = 0; i < 10_050; i++) store(metrics, `shardId-${i}`)
    const series = metrics.series(0)
    // That of the stream, and 10,000.
    assert.equal(series.length, 10_001)
    assert.ok(!series.some(({ shardId }) => shardId === 'shardId-49'))
    const query = { name: 'UserRecordsPut', windowMs: undefined } as const
    const [all] = metricsSnapshot([{ kinds: METRICS, series }], query, 0)
    assert.equal(all?.count, 10_050)
  })

  it('is bounded in error codes', () => {
    const metrics = new ProducerMetrics(options, STREAM, 0)
    for (let i = 0; i < 1000; i++) metrics.requestFailed(`Code${i}`)
    const codes = [...(metrics.series(0)[0]?.codes ?? [])]
    assert.equal(codes.length, 51)
    assert.equal(codes.at(-1)?.dimensions['ErrorCode'], 'Other')
  })
})
