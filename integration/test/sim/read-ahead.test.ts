import assert from 'node:assert/strict'
import { SimulatedKinesis } from '@millrace/testing'
import { ReadAhead } from '../../sim/checkers/read-ahead.ts'

const STREAM = 'flights'
const SHARD = 'shardId-000000000000'

/** A worker that reads page by page, one record of 10 bytes each. */
class Reader {
  readonly said: string[] = []
  readonly watch: ReadAhead
  readonly service = new SimulatedKinesis()
  #iterator = ''
  stored: string | undefined

  constructor(limits: {
    maxPendingBatches: number
    maxPendingBytes: number
    maxTotalPendingBytes?: number
  }) {
    this.watch = new ReadAhead({
      readyPages: 0,
      maxTotalPendingBytes: Number.POSITIVE_INFINITY,
      ...limits,
      storedOf: () =>
        this.stored === undefined
          ? undefined
          : { sequenceNumber: this.stored, subSequenceNumber: 0 },
      report: (rule) => this.said.push(rule),
    })
  }

  async start(records: number): Promise<this> {
    await this.service.createStream({ StreamName: STREAM, ShardCount: 1 })
    for (let i = 0; i < records; i++) {
      const Data = new Uint8Array(10)
      await this.service.putRecord({ StreamName: STREAM, Data, PartitionKey: 'k' })
    }
    this.watch.began(SHARD)
    const port = this.watch.watched(this.service)
    const input = { StreamName: STREAM, ShardId: SHARD, ShardIteratorType: 'TRIM_HORIZON' } as const
    this.#iterator = (await port.getShardIterator(input)).ShardIterator
    return this
  }

  /** @returns the sequence number that came */
  async page(): Promise<string> {
    const port = this.watch.watched(this.service)
    const page = await port.getRecords({ ShardIterator: this.#iterator, Limit: 1 })
    this.#iterator = page.NextShardIterator ?? ''
    return page.Records[0]?.SequenceNumber ?? ''
  }
}

describe('ReadAhead', () => {
  it('lets one page be under way and so many be held, and no more', async () => {
    const reader = await new Reader({ maxPendingBatches: 2, maxPendingBytes: 1000 }).start(5)
    for (let i = 0; i < 3; i++) await reader.page()
    assert.deepEqual(reader.said, [])
    await reader.page()
    assert.deepEqual(reader.said, ['S16'])
  })

  it('counts bytes, of which one page may exceed the limit', async () => {
    const reader = await new Reader({ maxPendingBatches: 9, maxPendingBytes: 15 }).start(5)
    for (let i = 0; i < 3; i++) await reader.page()
    assert.deepEqual(reader.said, [])
    await reader.page()
    assert.deepEqual(reader.said, ['S16'])
  })

  it('holds nothing that a handler has begun, or that is stored', async () => {
    const reader = await new Reader({ maxPendingBatches: 1, maxPendingBytes: 1000 }).start(6)
    reader.watch.delivered(SHARD, await reader.page())
    await reader.page()
    reader.stored = await reader.page()
    await reader.page()
    await reader.page()
    assert.deepEqual(reader.said, [])
  })

  it('counts what all shards hold, but for the newest page of each, until its tenure ends', async () => {
    const limits = { maxPendingBatches: 9, maxPendingBytes: 1000, maxTotalPendingBytes: 15 }
    const reader = await new Reader(limits).start(6)
    for (let i = 0; i < 3; i++) await reader.page()
    assert.deepEqual(reader.said, [])
    await reader.page()
    assert.deepEqual(reader.said, ['S16'])
    reader.watch.ended(SHARD)
    await reader.page()
    assert.deepEqual(reader.said, ['S16'])
  })
})
