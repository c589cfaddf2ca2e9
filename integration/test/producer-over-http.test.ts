/** The producer as users have it: its own client, over HTTP, buffers of aggregates used again. */
import assert from 'node:assert/strict'
import { deaggregate } from '@millrace/core/aggregation'
import { Producer } from '@millrace/producer'
import { type LocalKinesis, startLocalKinesis } from '@millrace/testing'

const STREAM = 'orders'
const WAVES = 6
const RECORDS_A_WAVE = 1200

describe('a producer without a client of the user’s', () => {
  let local: LocalKinesis

  before(async () => {
    local = await startLocalKinesis({ streams: [{ name: STREAM, shardCount: 2 }] })
  })
  after(() => local.close())

  it('stores each record once and whole, however often it used its buffers again', async () => {
    await using producer = new Producer({
      stream: STREAM,
      region: 'us-east-1',
      endpoint: local.kinesisUrl,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      aggregation: { maxBytes: 8192 },
      rateLimitPercent: 100,
    })
    const expected = new Set<string>()
    for (let wave = 0; wave < WAVES; wave++) {
      const puts = Array.from({ length: RECORDS_A_WAVE }, (_, i) => {
        const text = `${wave}-${i}-${'x'.repeat(i % 100)}`
        expected.add(text)
        return producer.put({ partitionKey: `key-${i % 50}`, data: Buffer.from(text) })
      })
      await Promise.all(puts)
    }
    const stored = await storedTexts(local)
    assert.equal(stored.length, WAVES * RECORDS_A_WAVE)
    assert.deepEqual(new Set(stored), expected)
  })
})

async function storedTexts({ kinesis }: LocalKinesis): Promise<readonly string[]> {
  const texts: string[] = []
  for (const { ShardId } of kinesis.shards(STREAM)) {
    const { ShardIterator } = await kinesis.getShardIterator({
      StreamName: STREAM,
      ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    })
    const { Records } = await kinesis.getRecords({ ShardIterator })
    for (const record of Records) {
      for (const { data } of deaggregate(record)) texts.push(Buffer.from(data).toString())
    }
  }
  return texts
}
