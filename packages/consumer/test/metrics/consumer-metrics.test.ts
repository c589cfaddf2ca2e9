import assert from 'node:assert/strict'
import { InvalidOptionError, type Metrics, ServiceError } from '@millrace/core'
import { silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { ConsumerMetrics } from '../../src/metrics/consumer-metrics.ts'
import { measured } from '../../src/metrics/measured.ts'
import {
  type ConsumerMetric,
  type ConsumerOperation,
  METRIC_NAMES,
  OPERATIONS,
} from '../../src/metrics/metric-names.ts'
import type { ConsumerOptions } from '../../src/options.ts'
import { type Application, inApplication, numbered, SHARD, STREAM } from '../application.ts'

const HALF = 1n << 127n

interface Put {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly dimensions: Readonly<Record<string, string>>
}

function collecting(): { readonly metrics: Metrics; readonly puts: Put[] } {
  const puts: Put[] = []
  const metrics: Metrics = {
    put: (name, value, unit, dimensions = {}) => void puts.push({ name, value, unit, dimensions }),
  }
  return { metrics, puts }
}

/** A minute of a worker: a split, a handler that fails once, a skip, an iterator that expires, a stop. */
async function minute(
  app: Application,
  options: Partial<ConsumerOptions<string>>,
): Promise<readonly ConsumerMetric[]> {
  const worker = app.worker('w', {
    ...options,
    onHandlerError: ({ attempts }) => (attempts < 2 ? 'retry' : 'skip'),
  })
  const running = worker.run((data) => {
    if (data === 'r007') throw new Error('never this one')
  })
  await app.put(...numbered(40))
  await app.until('the records', () => app.deliveries.length >= 40)
  app.kinesis.injectFault({ operation: 'getRecords', kind: 'expire-iterators' })
  await sleep(5000)
  await app.kinesis.splitShard({
    StreamName: STREAM,
    ShardToSplit: SHARD,
    NewStartingHashKey: HALF.toString(),
  })
  await sleep(30_000)
  await worker.consumer.close()
  await running
  return worker.consumer.metrics()
}

function find(
  metrics: readonly ConsumerMetric[],
  name: string,
  dimensions: Readonly<Record<string, string>>,
): ConsumerMetric {
  const wanted = JSON.stringify(dimensions)
  const found = metrics.filter(
    (metric) => metric.name === name && JSON.stringify(metric.dimensions) === wanted,
  )
  assert.equal(found.length, 1, `${name} ${wanted}: ${found.length}`)
  return found[0] as ConsumerMetric
}

/** What a minute has no occasion for; their own tests see them counted. */
const NO_OCCASION = new Set([
  'MalformedRecords',
  'MisplacedUserRecords',
  'RetentionPassed',
  'LostLeases',
  'LeaseSpillover',
  'SkippedLeaseRows',
])

describe('Consumer.metrics()', () => {
  it("has KCL's names, by operation, each with its unit", () =>
    inApplication(async (app) => {
      const metrics = await minute(app, {})
      const seen = new Set(metrics.map(({ name }) => name as string))
      const expected = METRIC_NAMES.filter((name) => !NO_OCCASION.has(name))
      assert.deepEqual([...seen].sort(), [...expected].sort())
      for (const { name, unit, dimensions } of metrics) {
        const kinds = OPERATIONS[dimensions['Operation'] as ConsumerOperation]
        assert.equal(unit, kinds.find((kind) => kind.name === name)?.unit, name)
      }
    }))

  it('counts what was handled, failed and skipped, of a shard and of all together', () =>
    inApplication(async (app) => {
      const metrics = await minute(app, {})
      const all = { Operation: 'ProcessTask' }
      const shard = { ...all, ShardId: SHARD }
      assert.equal(find(metrics, 'RecordsProcessed', all).sum, 40)
      assert.equal(find(metrics, 'RecordsProcessed', shard).sum, 40)
      assert.equal(find(metrics, 'DataBytesProcessed', shard).sum, 40 * 'r000'.length)
      assert.equal(find(metrics, 'HandlerFailures', shard).sum, 2)
      assert.equal(find(metrics, 'SkippedRecords', shard).sum, 1)
      const { sum, count } = find(metrics, 'Success', shard)
      assert.equal(count - sum, 2, 'each failed call is a zero')
      assert.equal(find(metrics, 'ExpiredIterator', all).sum, 1)
      assert.ok(find(metrics, 'MillisBehindLatest', { Operation: 'ApplicationTracker' }).count > 5)
      assert.equal(
        find(metrics, 'Initialize.Success', { Operation: 'Scheduler:Initialize' }).sum,
        1,
      )
      const renewals = { Operation: 'RenewAllLeases', WorkerIdentifier: 'w' }
      // Both children, and the parent for as long as its lease stands.
      assert.equal(find(metrics, 'CurrentLeases', renewals).max, 3)
      assert.equal(find(metrics, 'RenewLease.Success', renewals).mean, 1)
      assert.equal(find(metrics, 'TotalLeases', { Operation: 'LeaseAssignmentManager' }).max, 3)
    }))

  it('goes on telling how far behind a shard is while its handler hangs, and not while it works', () =>
    inApplication(async (app) => {
      const { metrics: sink, puts } = collecting()
      const worker = app.worker('w', { metrics: sink })
      const lags = (): number[] =>
        puts.filter(({ name }) => name === 'MillisBehindLatest').map(({ value }) => value)
      let release = (): void => {}
      const hanging = new Promise<void>((resolve) => {
        release = resolve
      })
      const running = worker.run((data) => (data === 'hangs' ? hanging : undefined))
      await app.put(...numbered(10))
      await sleep(60_000)
      assert.deepEqual([...new Set(lags())], [0])
      await app.put('hangs')
      await sleep(60_000)
      const grown = lags().filter((value) => value > 0)
      assert.ok(grown.length >= 8, `${grown.length}`)
      assert.ok((grown.at(-1) ?? 0) >= 45_000, `${grown.at(-1)}`)
      release()
      await sleep(5000)
      assert.equal(lags().at(-1), 0)
      await worker.consumer.close()
      await running
    }))

  it('gives a sink each value once, under its finest dimensions', () =>
    inApplication(async (app) => {
      const { metrics: sink, puts } = collecting()
      const metrics = await minute(app, { metrics: sink })
      for (const name of METRIC_NAMES) {
        const sum = puts
          .filter((put) => put.name === name)
          .reduce((total, { value }) => total + value, 0)
        const kept = metrics
          .filter((metric) => metric.name === name)
          .filter(({ dimensions }) => Object.keys(dimensions).length === 1)
          .reduce((total, metric) => total + metric.sum, 0)
        assert.ok(Math.abs(sum - kept) < 0.001, `${name}: ${sum}, ${kept}`)
      }
      const processed = puts.filter(({ name }) => name === 'RecordsProcessed')
      assert.ok(processed.every(({ dimensions }) => dimensions['ShardId'] !== undefined))
    }))

  it('measures nothing at level none, and no calls to AWS at level summary', () =>
    inApplication(async (app) => {
      const { metrics: sink, puts } = collecting()
      assert.deepEqual(await minute(app, { metrics: sink, metricsLevel: 'none' }), [])
      assert.deepEqual(puts, [])
      app.deliveries.length = 0
    }).then(() =>
      inApplication(async (app) => {
        const metrics = await minute(app, { metricsLevel: 'summary' })
        const detailed = metrics.filter(({ name, dimensions }) => {
          const kinds = OPERATIONS[dimensions['Operation'] as ConsumerOperation]
          return kinds.find((kind) => kind.name === name)?.level !== 'summary'
        })
        assert.deepEqual(detailed, [])
        assert.ok(metrics.length > 20)
      }),
    ))

  it('refuses a question that has no answer', () =>
    inApplication(async (app) => {
      const { consumer } = app.worker('w')
      assert.throws(() => consumer.metrics({ name: 'RecordProcessed' as 'RecordsProcessed' }), {
        name: 'InvalidOptionError',
        hint: 'Did you mean "RecordsProcessed"?',
      })
      assert.throws(() => consumer.metrics({ windowMs: 5 }), InvalidOptionError)
      assert.deepEqual(consumer.metrics(), [])
    }))
})

describe('ConsumerMetrics', () => {
  const options = { metrics: { put() {} }, metricsLevel: 'detailed', logger: silentLogger } as const

  it('forgets no value of very many shards, and keeps 10,000 of them apart', () => {
    const metrics = new ConsumerMetrics(options)
    for (let i = 0; i < 10_050; i++) {
      const dimensions = { Operation: 'ProcessTask', ShardId: `shardId-${i}` } as const
      metrics.put('RecordsProcessed', 1, 'Count', dimensions)
    }
    const snapshot = metrics.snapshot({ name: 'RecordsProcessed' })
    assert.equal(find(snapshot, 'RecordsProcessed', { Operation: 'ProcessTask' }).sum, 10_050)
    assert.ok(snapshot.length <= 10_001, `${snapshot.length}`)
  })

  it('goes on when the sink throws, and says so once', () => {
    const warned: string[] = []
    const metrics = new ConsumerMetrics({
      ...options,
      metrics: {
        put() {
          throw new Error('no room')
        },
      },
      logger: { ...silentLogger, warn: (_fields, message) => void warned.push(String(message)) },
    })
    for (let i = 0; i < 3; i++) {
      metrics.put('RecordsProcessed', 1, 'Count', { Operation: 'ProcessTask' })
    }
    assert.equal(metrics.snapshot(undefined)[0]?.sum, 3)
    assert.equal(warned.length, 1)
  })
})

describe('measured', () => {
  const DIMENSIONS = { Operation: 'ShardSyncTask' } as const

  function failing(error: Error): Promise<readonly Put[]> {
    const { metrics, puts } = collecting()
    return measured(metrics, '', DIMENSIONS, () => Promise.reject(error)).then(
      () => assert.fail('it was to fail'),
      (cause: unknown) => {
        assert.equal(cause, error)
        return puts
      },
    )
  }

  it('says how long a call took, and that it did what it should', () =>
    runInVirtualTime(async () => {
      const { metrics, puts } = collecting()
      const value = await measured(metrics, '', DIMENSIONS, async () => {
        await sleep(250)
        return 7
      })
      assert.equal(value, 7)
      assert.deepEqual(
        puts.map(({ name, value: put }) => [name, put]),
        [
          ['Time', 250],
          ['Success', 1],
        ],
      )
    }))

  it('counts a call that failed, and not one that was given up', async () => {
    const failed = await failing(new ServiceError('Scan', 'InternalServerError', 'no'))
    assert.deepEqual(
      failed.filter(({ name }) => name === 'Success').map(({ value }) => value),
      [0],
    )
    assert.deepEqual(await failing(new ServiceError('Scan', 'AbortError', 'given up')), [])
  })
})
