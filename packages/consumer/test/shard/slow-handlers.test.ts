/** Handlers ten times slower than their shards, which share one read budget (S16, R50). */
import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import type { Handler } from '../../src/record-processor.ts'
import { ReadBudget } from '../../src/retrieval/read-budget.ts'
import { FakeTenure, leaseAt, type ServedShard, ShardWorld, through } from '../shard-fixture.ts'

const KIB = 1024
const RECORD_BYTES = 40 * KIB
const RECORDS = 30
const SHARDS = 6

/** Each of them reads all there is, in pages of three records. */
async function readers(
  maxTotalBytes: number,
  handlerMs: (reader: number) => number,
): Promise<{ budget: ReadBudget; all: ServedShard[]; done: number[]; largest: () => number }> {
  const world = await new ShardWorld({ limits: false }).create()
  for (let i = 0; i < RECORDS; i++) await world.putBytes(Buffer.alloc(RECORD_BYTES, i))
  const budget = new ReadBudget(maxTotalBytes)
  const done = Array<number>(SHARDS).fill(0)
  let largest = 0
  const look = (): void => {
    largest = Math.max(largest, budget.bytes)
  }
  const kinesis = through(world, {
    getRecords: async (input, options) => {
      look()
      const page = await world.service.getRecords(input, options)
      setImmediate(look)
      return page
    },
  })
  const all = done.map((_, reader) => {
    const handler: Handler<string> = {
      eachBatch: async ({ records }) => {
        look()
        await sleep(handlerMs(reader))
        done[reader] = (done[reader] ?? 0) + records.length
      },
    }
    const tenure = new FakeTenure(leaseAt('TRIM_HORIZON'))
    const options = { retrieval: { mode: 'polling', maxRecords: 3 } } as const
    return world.serve(handler, { tenure, kinesis, budget, options })
  })
  return { budget, all, done, largest: () => largest }
}

describe('slow handlers', () => {
  it('hold no more than the budget of all shards, and all get on', () =>
    runInVirtualTime(async () => {
      const maxTotalBytes = 700 * KIB
      const { budget, all, done, largest } = await readers(maxTotalBytes, () => 2000)
      await sleep(120_000)
      assert.deepEqual(done, Array(SHARDS).fill(RECORDS))
      assert.ok(largest() <= maxTotalBytes, `${largest()}`)
      assert.ok(largest() > maxTotalBytes / 2, 'the bound was met')
      for (const { consumer } of all) consumer.requestStop()
      await Promise.all(all.map((served) => served.done))
      assert.equal(budget.bytes, 0)
    }))

  it('that hang hold up no other shard', () =>
    runInVirtualTime(async () => {
      const maxTotalBytes = 2000 * KIB
      const never = Number.MAX_SAFE_INTEGER
      const { budget, all, done, largest } = await readers(maxTotalBytes, (reader) =>
        reader < 3 ? never : 100,
      )
      await sleep(120_000)
      assert.deepEqual(done, [0, 0, 0, RECORDS, RECORDS, RECORDS])
      assert.ok(largest() <= maxTotalBytes, `${largest()}`)
      for (const { consumer } of all) consumer.abandon()
      await Promise.all(all.map((served) => served.done))
      // What a handler still has is held, whoever owns the shard by now.
      assert.equal(budget.bytes, 3 * 3 * RECORD_BYTES)
    }))
})
