/** GetShardIterator and GetRecords. */
import assert from 'node:assert/strict'
import type { StreamTest } from './group.ts'
import { entryOf, patiently, refused, type StreamDriver, textsOf } from './stream-driver.ts'

const MIB = 1024 * 1024
const ONE_SHARD = { ShardCount: 1 }

export function declareReadTests(test: StreamTest): void {
  test('starts at each of the five iterator types', ONE_SHARD, async (stream) => {
    const early = await stream.putTexts('0', '1', '2')
    const afterMs = await lastArrivalMs(stream, 3)
    const laterMs = await stream.serviceTimeMs(afterMs)
    const late = await stream.putTexts('3', '4')
    const [shardId = ''] = await stream.shardIds()
    const stored = textsOf((await stream.readAll(shardId, 6)).records)
    const read = async (iterator: string, wanted: number): Promise<string[]> =>
      textsOf((await stream.read(iterator, wanted)).records)
    const second = { StartingSequenceNumber: early[1]?.sequenceNumber }
    const last = { StartingSequenceNumber: late[1]?.sequenceNumber }

    assert.deepEqual(stored.slice(0, 3), ['0', '1', '2'])
    assert.deepEqual(stored.slice(-2), ['3', '4'])
    const at = await stream.iterator(shardId, 'AT_SEQUENCE_NUMBER', second)
    assert.deepEqual(await read(at, stored.length - 1), stored.slice(1))
    const after = await stream.iterator(shardId, 'AFTER_SEQUENCE_NUMBER', second)
    assert.deepEqual(await read(after, stored.length - 2), stored.slice(2))
    const atEnd = await stream.iterator(shardId, 'AFTER_SEQUENCE_NUMBER', last)
    const latest = await stream.iterator(shardId, 'LATEST')
    const fromTime = { Timestamp: new Date(laterMs) }
    const timed = await read(await stream.iterator(shardId, 'AT_TIMESTAMP', fromTime), 3)
    assert.deepEqual(timed, ['clock', '3', '4'])
    const long = { Timestamp: new Date(laterMs - 3_600_000) }
    const all = await stream.iterator(shardId, 'AT_TIMESTAMP', long)
    assert.deepEqual(await read(all, stored.length), stored)
    await stream.putTexts('5')
    assert.deepEqual(await read(latest, 1), ['5'])
    assert.deepEqual(await read(atEnd, 1), ['5'])
  })

  test('refuses iterators that make no sense', { ShardCount: 2 }, async (stream) => {
    const [first = '', second = ''] = await stream.shardIds()
    const [inSecond] = await stream.putAll([
      { ...entryOf('x', 'k'), ExplicitHashKey: ((1n << 128n) - 1n).toString() },
    ])
    assert.equal(inSecond?.shardId, second)
    const StartingSequenceNumber = inSecond?.sequenceNumber
    const soon = new Date((await stream.serviceTimeMs()) + 3_600_000)
    const no = (call: Promise<string>): Promise<void> => refused(() => call, 'invalid')

    await no(stream.iterator(first, 'AT_SEQUENCE_NUMBER', { StartingSequenceNumber }))
    await no(stream.iterator(first, 'AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber }))
    await no(stream.iterator(first, 'AT_SEQUENCE_NUMBER', { StartingSequenceNumber: 'x' }))
    await no(stream.iterator(first, 'AT_SEQUENCE_NUMBER'))
    await no(stream.iterator(first, 'AT_TIMESTAMP'))
    await no(stream.iterator(first, 'AT_TIMESTAMP', { Timestamp: soon }))
    await refused(() => stream.iterator('shardId-000000000099', 'LATEST'), 'missing')
  })

  test('refuses an iterator that it did not issue', ONE_SHARD, async (stream) => {
    const [shardId = ''] = await stream.shardIds()
    const genuine = await stream.iterator(shardId, 'TRIM_HORIZON')
    const middle = genuine.length >> 1
    const other = genuine[middle] === 'A' ? 'B' : 'A'
    const tampered = genuine.slice(0, middle) + other + genuine.slice(middle + 1)
    for (const ShardIterator of ['forged', 'A'.repeat(200), tampered]) {
      await refused(() => stream.port.getRecords({ ShardIterator }), 'invalid')
    }
    await patiently(() => stream.port.getRecords({ ShardIterator: genuine }))
  })

  test('reads the same records again from the same iterator', ONE_SHARD, async (stream) => {
    const [at] = await stream.putTexts('a', 'b')
    const iterator = await stream.iterator(at?.shardId ?? '', 'TRIM_HORIZON')
    assert.deepEqual(textsOf((await stream.read(iterator, 2)).records), ['a', 'b'])
    assert.deepEqual(textsOf((await stream.read(iterator, 2)).records), ['a', 'b'])
  })

  test('gives every record once over pages, and says how far behind', ONE_SHARD, async (stream) => {
    const texts = Array.from({ length: 25 }, (_, i) => `record ${i}`)
    const [at] = await stream.putTexts(...texts)
    const start = await stream.iterator(at?.shardId ?? '', 'TRIM_HORIZON')
    const page = await patiently(() => stream.port.getRecords({ ShardIterator: start, Limit: 4 }))
    assert.ok(page.Records.length <= 4)
    assert.ok((page.MillisBehindLatest ?? 0) > 0, 'records follow, yet it is not behind')
    const { records, last } = await stream.read(start, 25, 4)
    assert.deepEqual(textsOf(records), texts)
    assert.equal(last.MillisBehindLatest, 0)
    assert.equal(last.ChildShards, undefined)
    assert.ok(last.NextShardIterator !== undefined)
    for (const Limit of [0, 10_001]) {
      await refused(() => stream.port.getRecords({ ShardIterator: start, Limit }), 'invalid')
    }
  })

  test('answers no page over 10 MiB', ONE_SHARD, async (stream) => {
    const entries = Array.from({ length: 6 }, (_, i) => ({
      Data: new Uint8Array(MIB - 1).fill(i),
      PartitionKey: 'k',
    }))
    await stream.putAll(entries)
    const [at] = await stream.putAll(entries)
    const start = await stream.iterator(at?.shardId ?? '', 'TRIM_HORIZON')
    const page = await patiently(() => stream.port.getRecords({ ShardIterator: start }))
    assert.ok(page.Records.length <= 10, `${page.Records.length} MiB on a page`)
    const { records } = await stream.readAll(at?.shardId ?? '', 12)
    assert.deepEqual(
      records.map((record) => record.Data[0]),
      [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5],
    )
  })

  test('rejects a call whose signal has fired', ONE_SHARD, async (stream) => {
    const options = { signal: AbortSignal.abort() }
    await refused(() => stream.port.listShards({ StreamName: stream.name }, options), 'aborted')
  })
}

/** For a door whose iterators live a few milliseconds. */
export function declareIteratorExpiryTest(test: StreamTest): void {
  test('expires an iterator by its age, not by its use', ONE_SHARD, async (stream) => {
    const [shardId = ''] = await stream.shardIds()
    const old = await stream.iterator(shardId, 'TRIM_HORIZON')
    const issuedMs = await stream.serviceTimeMs()
    // Each turn asks the service's own clock, so no wait here is longer than it needs to be.
    await stream.serviceTimeMs(issuedMs + EXPIRY_TEST_LIFETIME_MS + 2)
    await refused(() => stream.port.getRecords({ ShardIterator: old }), 'expired-iterator')
    const fresh = await stream.iterator(shardId, 'TRIM_HORIZON')
    const page = await patiently(() => stream.port.getRecords({ ShardIterator: fresh }))
    assert.ok(page.Records.length > 0)
  })
}

/** Long enough that a fresh iterator reaches the service in time over a slow door. */
export const EXPIRY_TEST_LIFETIME_MS = 400

async function lastArrivalMs(stream: StreamDriver, wanted: number): Promise<number> {
  const [shardId = ''] = await stream.shardIds()
  const { records } = await stream.readAll(shardId, wanted)
  return records.at(-1)?.ApproximateArrivalTimestamp.getTime() ?? 0
}
