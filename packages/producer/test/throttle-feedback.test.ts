import assert from 'node:assert/strict'
import { monotonicMs, sleep } from '@millrace/core/internal'
import type { ProducerOptions } from '@millrace/producer'
import type { SimulatedKinesis } from '@millrace/testing'
import { storedUserRecords } from './stored-records.ts'
import { type Setting, STREAM, withProducer } from './virtual-producer.ts'

const SHARDS = 4
const THROTTLED = 'shardId-000000000001'

interface LoadRun {
  readonly storedByShard: ReadonlyMap<string, number>
  /** Times of the calls that held an entry for the throttled shard. */
  readonly callsMs: readonly number[]
}

/** The middle of a shard's range. */
function hashKeyIn(service: SimulatedKinesis, shardId: string): string {
  const { HashKeyRange: range } = service.shards(STREAM).find((s) => s.ShardId === shardId) ?? {
    HashKeyRange: { StartingHashKey: '0', EndingHashKey: '0' },
  }
  return ((BigInt(range.StartingHashKey) + BigInt(range.EndingHashKey)) / 2n).toString()
}

/** An open loop: every shard is offered its records whatever becomes of them. */
async function offer(
  { service, client, producer }: Setting,
  load: { readonly seconds: number; readonly perSecond: number; readonly bytes: number },
): Promise<LoadRun> {
  const startMs = client.requests.length
  const hashKeys = service.shards(STREAM).map(({ ShardId }) => hashKeyIn(service, ShardId))
  const data = new Uint8Array(load.bytes)
  const everyMs = 50
  const batch = (load.perSecond * everyMs) / 1000
  for (let i = 0; i < (load.seconds * 1000) / everyMs; i++) {
    for (const explicitHashKey of hashKeys) {
      for (let n = 0; n < batch; n++) {
        producer.put({ partitionKey: `k${n}`, explicitHashKey, data }).catch(() => {})
      }
    }
    await sleep(everyMs)
  }
  const storedByShard = new Map<string, number>()
  for (const { shardId } of storedUserRecords(service, STREAM)) {
    storedByShard.set(shardId, (storedByShard.get(shardId) ?? 0) + 1)
  }
  const throttledKey = hashKeyIn(service, THROTTLED)
  const callsMs = client.requests
    .slice(startMs)
    .filter(({ input }) => input.Records.some((entry) => entry.ExplicitHashKey === throttledKey))
    .map(({ atMs }) => atMs)
  producer.destroy()
  return { storedByShard, callsMs }
}

async function run(
  throttled: boolean,
  options: ProducerOptions,
  load: Parameters<typeof offer>[1],
): Promise<LoadRun> {
  let result: LoadRun | undefined
  await withProducer(SHARDS, options, async (setting) => {
    if (throttled) {
      setting.service.injectFault({
        operation: 'putRecords',
        kind: 'throttle',
        shardId: THROTTLED,
        times: Number.POSITIVE_INFINITY,
      })
    }
    result = await offer(setting, load)
  })
  return result as LoadRun
}

describe('a shard that is throttled to 100 %', () => {
  for (const [what, options, load] of [
    ['aggregating', {}, { seconds: 40, perSecond: 200, bytes: 1000 }],
    ['with aggregation off', { aggregation: false }, { seconds: 40, perSecond: 100, bytes: 500 }],
    [
      'at more than the buffer can hold of it',
      { maxOutstandingRecords: 2000 },
      { seconds: 40, perSecond: 200, bytes: 1000 },
    ],
  ] as const) {
    it(`gets at most one call a second, and the others lose nothing by it, ${what}`, async () => {
      const control = await run(false, options, load)
      const beset = await run(true, options, load)
      assert.ok(beset.callsMs.length > 3, `${beset.callsMs.length} calls`)
      assert.ok(beset.callsMs.length <= load.seconds, `${beset.callsMs.length} calls`)
      // After the first two, whose pause is full jitter, none comes sooner.
      const gaps = beset.callsMs.slice(2).map((ms, i) => ms - (beset.callsMs[i + 1] ?? 0))
      assert.ok(Math.min(...gaps) >= 1000, `${Math.min(...gaps)} ms`)
      for (const [shardId, stored] of control.storedByShard) {
        if (shardId === THROTTLED) continue
        const share = (beset.storedByShard.get(shardId) ?? 0) / stored
        assert.ok(share >= 0.9, `${shardId}: ${share}`)
      }
    })
  }
})

describe('a shard that takes again after it was throttled', () => {
  it('gets its backlog within seconds', () =>
    withProducer(SHARDS, {}, async ({ service, producer }) => {
      const fault = service.injectFault({
        operation: 'putRecords',
        kind: 'throttle',
        shardId: THROTTLED,
        times: Number.POSITIVE_INFINITY,
      })
      const explicitHashKey = hashKeyIn(service, THROTTLED)
      const puts = Array.from({ length: 150 }, (_, i) =>
        producer.put({ partitionKey: `k${i}`, explicitHashKey, data: new Uint8Array(20_000) }),
      )
      await sleep(12_000)
      fault.clear()
      const clearedMs = monotonicMs()
      await Promise.all(puts)
      assert.ok(monotonicMs() - clearedMs < 11_000, `${monotonicMs() - clearedMs} ms`)
    }))
})

describe('a shard that is offered more than it takes', () => {
  for (const [what, options, count, bytes] of [
    ['aggregates', {}, 1600, 40_000],
    ['records, many in a request', { aggregation: false }, 30_000, 10],
  ] as const) {
    it(`is used in full, and few of its calls are in vain: ${what}`, () =>
      withProducer(
        1,
        { recordTtlMs: 600_000, maxBufferedBytes: 1024 * 1024 * 64, ...options },
        async ({ service, client, producer }) => {
          const startMs = monotonicMs()
          const puts = Array.from({ length: count }, (_, i) =>
            producer.put({ partitionKey: `k${i}`, data: new Uint8Array(bytes) }),
          )
          await Promise.all(puts)
          const seconds = (monotonicMs() - startMs) / 1000
          const stored = service.records(STREAM)
          const used = Math.max(stored.length / 1000, (count * bytes) / 1024 / 1024) / seconds
          assert.ok(used >= 0.9, `${used} of what it takes`)
          const sent = client.requests.reduce((sum, { input }) => sum + input.Records.length, 0)
          const inVain = 1 - stored.length / sent
          assert.ok(inVain < 0.1, `${inVain}`)
        },
      ))
  }
})
