import assert from 'node:assert/strict'
import { AbortedError } from '@millrace/core'
import { sleep, startTimer } from '@millrace/core/internal'
import fc from 'fast-check'
import { type Setting, STREAM, withProducer } from './virtual-producer.ts'

const SHARDS = 3
const shard = fc.nat(SHARDS - 1)

type Step =
  | { readonly kind: 'put'; readonly shard: number; readonly abortAfterMs: number | undefined }
  | { readonly kind: 'flush' }
  | { readonly kind: 'throttle'; readonly shard: number; readonly forMs: number }
  | { readonly kind: 'sleep'; readonly ms: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      shard,
      abortAfterMs: fc.option(fc.nat(2000), { nil: undefined, freq: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('throttle' as const), shard, forMs: fc.nat(8000) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('sleep' as const), ms: fc.nat(400) }) },
)

/** Plays the steps; what was left of the puts before it when a flush() resolved, by flush. */
async function play({ service, client, producer }: Setting, steps: readonly Step[]) {
  const shards = service.shards(STREAM)
  const open = new Set<number>()
  const ends: Promise<void>[] = []
  const leftByFlush: (readonly number[])[] = []
  let turn = 0
  client.putInstead = async (input, options) => {
    await sleep((turn++ * 97) % 300)
    return service.putRecords(input, options)
  }
  for (const [id, step] of steps.entries()) {
    if (step.kind === 'sleep') {
      await sleep(step.ms)
    } else if (step.kind === 'flush') {
      const before = [...open]
      const flushed = producer.flush().then(() => {
        leftByFlush.push(before.filter((each) => open.has(each)))
      })
      ends.push(flushed)
    } else if (step.kind === 'throttle') {
      const shardId = shards[step.shard]?.ShardId
      const times = Number.POSITIVE_INFINITY
      const fault = service.injectFault({
        operation: 'putRecords',
        kind: 'throttle',
        shardId,
        times,
      })
      startTimer(step.forMs, () => fault.clear())
    } else {
      const giveUp = new AbortController()
      if (step.abortAfterMs !== undefined) startTimer(step.abortAfterMs, () => giveUp.abort())
      const explicitHashKey = shards[step.shard]?.HashKeyRange.StartingHashKey
      const record = { partitionKey: 'k', explicitHashKey, data: Buffer.from(`${id}`) }
      open.add(id)
      const settled = producer.put(record, { signal: giveUp.signal }).catch((error) => {
        assert.ok(error instanceof AbortedError, String(error))
      })
      ends.push(settled.then(() => void open.delete(id)))
    }
  }
  await Promise.all(ends)
  return leftByFlush
}

describe('flush() under any load', () => {
  it('resolves when nothing that was put before is left, however shards throttle and calls wait', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { minLength: 50, maxLength: 200 }),
        fc.integer({ min: 4, max: 30 }),
        fc.integer({ min: 1, max: 5 }),
        (steps, maxOutstandingRecords, maxRecords) => {
          const options = { maxOutstandingRecords, aggregation: { maxRecords } }
          return withProducer(SHARDS, { ...options, recordTtlMs: 600_000 }, async (setting) => {
            const leftByFlush = await play(setting, steps)
            assert.deepEqual(leftByFlush.flat(), [])
            // Records of calls that were given up.
            await setting.producer.flush()
            assert.equal(setting.producer.outstandingRecords, 0)
            assert.equal(setting.producer.bufferedBytes, 0)
          })
        },
      ),
      { numRuns: 40 },
    )).timeout(60_000)
})
