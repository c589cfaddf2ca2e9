import assert from 'node:assert/strict'
import type { kinesis } from '@millrace/core'
import { SimulatedKinesis, type StoredRecordNotice } from '@millrace/testing'
import { clockedService, entryOf, kind, SHARD_0, STREAM, textsOf } from './clocked-service.ts'

const LIFETIME_MS = 300_000

describe('SimulatedKinesis', () => {
  it('refuses unknown options', () => {
    assert.throws(() => new SimulatedKinesis({ limit: false } as object), {
      option: 'limit',
      hint: 'Did you mean "limits"?',
    })
  })

  it('gives 56-digit sequence numbers', async () => {
    const service = await clockedService()
    const [put] = (await service.put('x')).Records
    assert.match(put?.SequenceNumber ?? '', /^49[0-9]{54}$/)
  })

  it('expires an iterator when it is older than its lifetime, to the millisecond', async () => {
    const service = await clockedService()
    const iterator = await service.iterator('LATEST')
    service.pass(LIFETIME_MS)
    await service.read(iterator)
    service.pass(1)
    await assert.rejects(service.read(iterator), kind('expired-iterator'))
  })

  it('expires a page token after 300 s', async () => {
    const service = await clockedService({ listShardsPageSize: 2 }, 5)
    const { NextToken } = await service.listShards({ StreamName: STREAM })
    service.pass(LIFETIME_MS)
    assert.equal((await service.listShards({ NextToken })).Shards.length, 2)
    service.pass(1)
    await assert.rejects(service.listShards({ NextToken }), kind('expired-token'))
  })

  it('does not take an iterator for a page token, nor the reverse', async () => {
    const service = await clockedService({ listShardsPageSize: 1 }, 2)
    const { NextToken } = await service.listShards({ StreamName: STREAM })
    const iterator = await service.iterator('LATEST')
    await assert.rejects(service.read(NextToken ?? ''), kind('invalid'))
    await assert.rejects(service.listShards({ NextToken: iterator }), kind('invalid'))
  })

  it('says how far the reader is behind now, not behind the newest record', async () => {
    const service = await clockedService()
    await service.put('a')
    service.pass(1000)
    await service.put('b')
    service.pass(500)
    const start = await service.iterator('TRIM_HORIZON')
    const first = await service.read(start, 1)
    assert.equal(first.MillisBehindLatest, 1500)
    const second = await service.read(first.NextShardIterator ?? '', 1)
    assert.equal(second.MillisBehindLatest, 0)
  })

  it('is never 0 behind while records follow, even within one millisecond', async () => {
    const service = await clockedService()
    await service.put('a', 'b')
    const page = await service.read(await service.iterator('TRIM_HORIZON'), 1)
    assert.equal(page.MillisBehindLatest, 1)
  })

  it('finds the first record at or after a time', async () => {
    const service = await clockedService()
    const startMs = service.nowMs
    for (const text of ['0', '10', '20']) {
      await service.put(text)
      service.pass(10)
    }
    const from = async (ms: number): Promise<string[]> => {
      service.pass(1000)
      const Timestamp = new Date(startMs + ms)
      return textsOf(await service.read(await service.iterator('AT_TIMESTAMP', { Timestamp })))
    }
    assert.deepEqual(await from(10), ['10', '20'])
    assert.deepEqual(await from(11), ['20'])
    assert.deepEqual(await from(21), [])
    await assert.rejects(from(2_000_000), kind('invalid'))
  })

  it('refuses a sequence number beyond the end of a closed shard', async () => {
    const service = await clockedService()
    await service.split(SHARD_0)
    const [parent, child] = service.shards(STREAM)
    const ending = parent?.SequenceNumberRange.EndingSequenceNumber ?? ''
    const later = child?.SequenceNumberRange.StartingSequenceNumber ?? ''
    const beyond = later.slice(0, -12) + ending.slice(-12)
    const from = (StartingSequenceNumber: string): Promise<string> =>
      service.iterator('AT_SEQUENCE_NUMBER', { StartingSequenceNumber })
    await from(ending)
    await assert.rejects(from(beyond), kind('invalid'))
  })

  it('tells of every stored record at once, in order, and of no refused one', async () => {
    const told: StoredRecordNotice[] = []
    const service = await clockedService({ onRecord: (stored) => void told.push(stored) }, 3)
    service.injectFault({ operation: 'putRecords', kind: 'throttle', shardId: SHARD_0 })
    await service.put('a', 'b', 'c', 'd', 'e', 'f')
    await service.putRecord({ StreamName: STREAM, ...entryOf('g') })
    assert.deepEqual(
      told.map(({ shardId, record }) => ({ shardId, record })),
      service.records(STREAM),
    )
    assert.ok(told.length > 1 && told.length < 7)
    assert.ok(told.every(({ streamName }) => streamName === STREAM))
  })

  it('keeps its own bytes: writers and readers may change theirs', async () => {
    const service = await clockedService()
    const Data = Buffer.from('mine')
    await service.putRecords({ StreamName: STREAM, Records: [{ Data, PartitionKey: 'k' }] })
    Data.fill(0)
    const iterator = await service.iterator('TRIM_HORIZON')
    const first = await service.read(iterator)
    first.Records[0]?.Data.fill(0)
    assert.deepEqual(textsOf(await service.read(iterator)), ['mine'])
  })

  it('counts the partition key in bytes towards the size, in code points towards its length', async () => {
    const service = await clockedService()
    const put = (bytes: number, PartitionKey: string): Promise<kinesis.PutRecordsOutput> =>
      service.putRecords({
        StreamName: STREAM,
        Records: [{ Data: new Uint8Array(bytes), PartitionKey }],
      })
    await put(1, '😀'.repeat(256))
    await assert.rejects(put(1, '😀'.repeat(257)), kind('invalid'))
    await assert.rejects(put(1024 * 1024 - 3, '😀'), kind('invalid'))
  })

  it('merges whichever of the two is named first, and keeps the order of naming', async () => {
    const service = await clockedService({}, 2)
    await service.mergeShards({
      StreamName: STREAM,
      ShardToMerge: 'shardId-000000000001',
      AdjacentShardToMerge: SHARD_0,
    })
    const child = service.shards(STREAM).at(-1)
    assert.deepEqual(
      [child?.ParentShardId, child?.AdjacentParentShardId],
      ['shardId-000000000001', SHARD_0],
    )
  })
})
