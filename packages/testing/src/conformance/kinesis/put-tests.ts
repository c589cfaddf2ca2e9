/** PutRecord and PutRecords: where records go, and what is refused whole. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { kinesis } from '@millrace/core'
import type { StreamTest } from './group.ts'
import { entryOf, patiently, refused, textsOf } from './stream-driver.ts'

const MIB = 1024 * 1024
const ONE_SHARD = { ShardCount: 1 }

export function declarePutTests(test: StreamTest): void {
  test('stores entries and answers for each in order', { ShardCount: 3 }, async (stream) => {
    const texts = Array.from({ length: 30 }, (_, i) => `record ${i}`)
    const stored = await stream.putAll(texts.map((text, i) => entryOf(text, `key ${i}`)))
    for (const shardId of await stream.shardIds()) {
      const expected = texts.filter((_, i) => stored[i]?.shardId === shardId)
      const { records } = await stream.readAll(shardId, expected.length)
      assert.deepEqual(textsOf(records), expected)
      assert.deepEqual(
        records.map((record) => record.SequenceNumber),
        stored.filter((at) => at.shardId === shardId).map((at) => at.sequenceNumber),
      )
    }
  })

  test('stores a single record with its key', ONE_SHARD, async (stream) => {
    const answer = await patiently(() =>
      stream.port.putRecord({ StreamName: stream.name, ...entryOf('alone', 'ключ €') }),
    )
    const { records } = await stream.readAll(answer.ShardId, 1)
    assert.deepEqual(textsOf(records), ['alone'])
    assert.equal(records[0]?.SequenceNumber, answer.SequenceNumber)
    assert.equal(records[0]?.PartitionKey, 'ключ €')
  })

  test('keeps every byte, and an empty record', ONE_SHARD, async (stream) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    const [at] = await stream.putAll([
      { Data: bytes, PartitionKey: 'k' },
      { Data: new Uint8Array(0), PartitionKey: 'k' },
    ])
    const { records } = await stream.readAll(at?.shardId ?? '', 2)
    assert.deepEqual([...(records[0]?.Data ?? [])], [...bytes])
    assert.equal(records[1]?.Data.byteLength, 0)
  })

  test('places a record by the MD5 of its key, or by its hash key', {
    ShardCount: 4,
  }, async (stream) => {
    const shards = await stream.shards()
    const explicit = shards[2]?.HashKeyRange.EndingHashKey ?? ''
    const [byKey, byHash] = await stream.putAll([
      entryOf('a', 'schlüssel'),
      { ...entryOf('b', 'schlüssel'), ExplicitHashKey: explicit },
    ])
    const hash = BigInt(`0x${createHash('md5').update('schlüssel').digest('hex')}`)
    assert.equal(byKey?.shardId, ownerOf(shards, hash))
    assert.equal(byHash?.shardId, shards[2]?.ShardId)
  })

  test('takes a stream by its ARN', ONE_SHARD, async (stream) => {
    const { StreamARN } = await stream.describe()
    const answer = await patiently(() =>
      stream.port.putRecords({ StreamARN, Records: [entryOf('x', 'k')] }),
    )
    assert.equal(answer.FailedRecordCount, 0)
  })

  test('refuses 501 entries and takes 500', ONE_SHARD, async (stream) => {
    const Records = Array.from({ length: 501 }, (_, i) => entryOf('x', `k${i}`))
    await refused(() => stream.port.putRecords({ StreamName: stream.name, Records }), 'invalid')
    await refused(() => stream.port.putRecords({ StreamName: stream.name, Records: [] }), 'invalid')
    assert.equal((await stream.putAll(Records.slice(1))).length, 500)
  })

  test(
    'takes a record of 1 MiB with its key and refuses one byte more',
    ONE_SHARD,
    async (stream) => {
      const entry = (bytes: number): kinesis.PutRecordsEntry => ({
        Data: new Uint8Array(bytes - 1),
        PartitionKey: 'k',
      })
      const [at] = await stream.putAll([entry(MIB)])
      for (const Records of [[entry(MIB + 1)], [entry(1), entry(MIB + 1)]]) {
        await refused(() => stream.port.putRecords({ StreamName: stream.name, Records }), 'invalid')
      }
      await refused(
        () => stream.port.putRecord({ StreamName: stream.name, ...entry(MIB + 1) }),
        'invalid',
      )
      // Refused whole: the entry of one byte was not stored either.
      const { records } = await stream.readAll(at?.shardId ?? '', 1)
      assert.deepEqual(
        records.map((record) => record.Data.byteLength),
        [MIB - 1],
      )
    },
  )

  test('takes records of 10 MiB where the stream allows them', {
    ShardCount: 1,
    MaxRecordSizeInKiB: 10_240,
  }, async (stream) => {
    const [at] = await stream.putAll([{ Data: new Uint8Array(10 * MIB - 1), PartitionKey: 'k' }])
    const { records } = await stream.readAll(at?.shardId ?? '', 1)
    assert.deepEqual(
      records.map((record) => record.Data.byteLength),
      [10 * MIB - 1],
    )
  })

  test('refuses a request of 11 MiB', ONE_SHARD, async (stream) => {
    const Records = Array.from({ length: 11 }, () => ({
      Data: new Uint8Array(MIB - 1),
      PartitionKey: 'k',
    }))
    await refused(() => stream.port.putRecords({ StreamName: stream.name, Records }), 'invalid')
  })

  test(
    'refuses keys that are absent, empty, over-long or out of the key space',
    ONE_SHARD,
    async (stream) => {
      const Data = new Uint8Array(1)
      const wrong: kinesis.PutRecordsEntry[] = [
        { Data },
        { Data, PartitionKey: '' },
        { Data, PartitionKey: 'k'.repeat(257) },
        { Data, PartitionKey: 'k', ExplicitHashKey: (1n << 128n).toString() },
        { Data, PartitionKey: 'k', ExplicitHashKey: '-1' },
      ]
      for (const entry of wrong) {
        await refused(
          () => stream.port.putRecords({ StreamName: stream.name, Records: [entry] }),
          'invalid',
        )
      }
      await stream.putAll([
        { Data, PartitionKey: 'k'.repeat(256), ExplicitHashKey: ((1n << 128n) - 1n).toString() },
      ])
    },
  )

  test('refuses streams that do not exist', ONE_SHARD, async (stream) => {
    const StreamName = `${stream.name}-absent`
    const Records = [entryOf('x', 'k')]
    await refused(() => stream.port.putRecords({ StreamName, Records }), 'missing')
    await refused(() => stream.port.listShards({ StreamName }), 'missing')
    await refused(() => stream.port.describeStreamSummary({ StreamName }), 'missing')
    await refused(() => stream.port.deleteStream({ StreamName }), 'missing')
  })
}

function ownerOf(shards: readonly kinesis.ServiceShard[], hash: bigint): string | undefined {
  return shards.find(
    ({ HashKeyRange: range }) =>
      BigInt(range.StartingHashKey) <= hash && hash <= BigInt(range.EndingHashKey),
  )?.ShardId
}
