import assert from 'node:assert/strict'
import type { kinesis } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { Producer, UserRecordFailedError, type UserRecordResult } from '@millrace/producer'
import { type Fault, runInVirtualTime, SimulatedKinesis } from '@millrace/testing'
import fc from 'fast-check'
import { placeOf, storedUserRecords } from './stored-records.ts'

const STREAM = 'orders'
/** `MILLRACE_SCRIPTS=10000 npx mocha packages/producer/test/no-loss.property.test.ts` runs them all. */
const SCRIPTS = Number(process.env['MILLRACE_SCRIPTS'] ?? 300)

type Step =
  | {
      readonly kind: 'put'
      readonly count: number
      readonly bytes: number
      /** With `tryPut()`: no promise, losses are told by `failed`. */
      readonly unheard: boolean
    }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'reshard'; readonly pick: number; readonly merge: boolean }
  | { readonly kind: 'wait'; readonly ms: number }

const putFault = fc.record({
  operation: fc.constantFrom(
    'putRecords',
    'putRecords',
    'putRecords',
    'listShards',
  ) as fc.Arbitrary<Fault['operation']>,
  kind: fc.constantFrom('throttle', 'fail', 'lose-reply', 'delay') as fc.Arbitrary<Fault['kind']>,
  times: fc.constantFrom(1, 2, 3, 5, 30),
  shardId: fc.constantFrom(undefined, 'shardId-000000000000', 'shardId-000000000002'),
  delayMs: fc.constantFrom(5, 50, 400, 3000, 9000),
  delayed: fc.constantFrom('reply', 'request') as fc.Arbitrary<'reply' | 'request'>,
})

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      count: fc.integer({ min: 1, max: 120 }),
      bytes: fc.constantFrom(0, 10, 200, 2000),
      unheard: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fault' as const), fault: putFault }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('reshard' as const),
      pick: fc.nat(),
      merge: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 30, 110, 130, 700, 6000),
    }),
  },
)

async function reshard(service: SimulatedKinesis, pick: number, merge: boolean): Promise<void> {
  const open = service
    .shards(STREAM)
    .filter(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined)
    .sort((a, b) => (start(a) < start(b) ? -1 : 1))
  const at = pick % open.length
  const shard = open[at] as kinesis.ServiceShard
  const next = open[at + 1]
  if (merge && next !== undefined) {
    await service.mergeShards({
      StreamName: STREAM,
      ShardToMerge: shard.ShardId,
      AdjacentShardToMerge: next.ShardId,
    })
  } else {
    const middle = (start(shard) + BigInt(shard.HashKeyRange.EndingHashKey)) / 2n
    await service.splitShard({
      StreamName: STREAM,
      ShardToSplit: shard.ShardId,
      NewStartingHashKey: (middle + 1n).toString(),
    })
  }
}

function start(shard: kinesis.ServiceShard): bigint {
  return BigInt(shard.HashKeyRange.StartingHashKey)
}

describe('Producer under any script of faults and reshards', () => {
  it('settles every put once, and what it acknowledges can be read where it says', async function () {
    this.timeout(60_000 + SCRIPTS * 100)
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 14 }),
        fc.record({
          aggregation: fc.boolean(),
          limits: fc.boolean(),
          collectionMaxRecords: fc.constantFrom(2, 500),
          recordTtlMs: fc.constantFrom(5000, 1_200_000),
          maxOutstandingRecords: fc.constantFrom(60, 50_000),
          seed: fc.nat(),
        }),
        async (steps, { aggregation, limits, collectionMaxRecords, ...options }) => {
          const { recordTtlMs, seed, maxOutstandingRecords } = options
          await runInVirtualTime(
            async () => {
              const service = new SimulatedKinesis({ limits })
              await service.createStream({ StreamName: STREAM, ShardCount: 2 })
              const producer = new Producer({
                stream: STREAM,
                client: service,
                logger: false,
                ...(aggregation ? {} : { aggregation: false as const }),
                collection: { maxRecords: collectionMaxRecords },
                recordTtlMs,
                maxOutstandingRecords,
              })
              let serial = 0
              const settled = new Map<string, UserRecordResult | Error>()
              const puts: Promise<void>[] = []
              const unheard = new Set<string>()
              const told: string[] = []
              producer.on('failed', ({ data }) => {
                told.push(Buffer.from(data).toString())
              })
              const settle = (text: string, how: UserRecordResult | Error): void => {
                assert.ok(!settled.has(text), 'settled twice')
                settled.set(text, how)
              }
              for (const action of steps) {
                if (action.kind === 'wait') await sleep(action.ms)
                if (action.kind === 'fault') service.injectFault(action.fault)
                if (action.kind === 'reshard') {
                  // The control plane refuses more than a few a second.
                  await reshard(service, action.pick, action.merge).catch(() => {})
                }
                if (action.kind !== 'put') continue
                for (let i = 0; i < action.count; i++) {
                  const text = `${serial++}:`.padEnd(action.bytes, 'x')
                  const data = Buffer.from(text)
                  if (action.unheard) {
                    if (producer.tryPut({ partitionKey: `key-${i % 37}`, data })) unheard.add(text)
                    continue
                  }
                  const put = producer.put({ partitionKey: `key-${i % 37}`, data })
                  puts.push(
                    put.then(
                      (result) => settle(text, result),
                      (error: Error) => settle(text, error),
                    ),
                  )
                }
              }
              // Who waits for room has its TTL still before it: close() would not wait so long.
              await producer.flush()
              const report = await producer.close()
              await Promise.all(puts)
              assert.equal(report.droppedRecords, 0)
              assert.equal(settled.size, puts.length)
              assert.equal(producer.outstandingRecords, 0)
              const stored = new Map(
                storedUserRecords(service, STREAM).map((record) => [placeOf(record), record]),
              )
              const texts = new Set([...stored.values()].map(({ text }) => text))
              for (const text of told) {
                assert.ok(unheard.delete(text), 'told of twice, or of a record with a promise')
              }
              for (const text of unheard) assert.ok(texts.has(text), 'lost without a word')
              for (const [text, how] of settled) {
                if (how instanceof Error) {
                  assert.ok(how instanceof UserRecordFailedError, how.stack)
                  assert.equal(how.attempts.at(-1)?.error?.code, 'Expired')
                  // Every fault of the script passes, so a patient producer stores everything.
                  assert.equal(recordTtlMs, 5000)
                  continue
                }
                const found = stored.get(placeOf(how))
                assert.equal(found?.text, text)
                assert.ok(found.readable, `acknowledged, but KCL drops it: ${placeOf(how)}`)
                assert.equal(how.attempts.at(-1)?.error, undefined)
                assert.ok(how.attempts.slice(0, -1).every(({ error }) => error !== undefined))
              }
            },
            { seed },
          )
        },
      ),
      { numRuns: SCRIPTS },
    )
  })
})
