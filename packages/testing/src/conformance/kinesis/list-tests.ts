/** ListShards: pages, tokens and all six filters. */
import assert from 'node:assert/strict'
import type { StreamTest } from './group.ts'
import { patiently, refused } from './stream-driver.ts'

export function declareListTests(test: StreamTest): void {
  test('lists shards by pages, each shard once', { ShardCount: 5 }, async (stream) => {
    const whole = await stream.shards()
    assert.equal(whole.length, 5)
    assert.deepEqual(await stream.shards(undefined, 2), whole)
    const after = await patiently(() =>
      stream.port.listShards({
        StreamName: stream.name,
        ExclusiveStartShardId: whole[1]?.ShardId,
      }),
    )
    assert.deepEqual(after.Shards, whole.slice(2))
    assert.equal(after.NextToken, undefined)
  })

  test('takes a page token alone', { ShardCount: 3 }, async (stream) => {
    const StreamName = stream.name
    const { StreamARN } = await stream.describe()
    const first = await patiently(() => stream.port.listShards({ StreamName, MaxResults: 1 }))
    const NextToken = first.NextToken
    assert.ok(NextToken !== undefined)
    const wrong = [
      { NextToken, StreamName },
      { NextToken, StreamARN },
      { NextToken, ExclusiveStartShardId: first.Shards[0]?.ShardId },
      { NextToken, ShardFilter: { Type: 'AT_LATEST' as const } },
      { NextToken: 'forged' },
    ]
    for (const input of wrong) await refused(() => stream.port.listShards(input), 'invalid')
    const rest = await patiently(() => stream.port.listShards({ NextToken }))
    assert.equal(rest.Shards.length, 2)
  })

  test('filters shards exactly', { ShardCount: 2 }, async (stream) => {
    const [a = '', b = ''] = await stream.shardIds()
    const beforeMs = await stream.serviceTimeMs()
    await stream.serviceTimeMs(beforeMs)
    await stream.split(a, 1n << 126n)
    // Twice, so that the split lies clearly before.
    const afterMs = await stream.serviceTimeMs(await stream.serviceTimeMs())
    const ids = await stream.shardIds()
    const [, , c = '', d = ''] = ids
    assert.equal(ids.length, 4)
    const before = { Timestamp: new Date(beforeMs) }
    const after = { Timestamp: new Date(afterMs) }
    const longAgo = { Timestamp: new Date(beforeMs - 3_600_000) }

    assert.deepEqual(await stream.shardIds({ Type: 'AT_LATEST' }), [b, c, d])
    assert.deepEqual(await stream.shardIds({ Type: 'AT_TRIM_HORIZON' }), [a, b])
    assert.deepEqual(await stream.shardIds({ Type: 'FROM_TRIM_HORIZON' }), ids)
    assert.deepEqual(await stream.shardIds({ Type: 'AFTER_SHARD_ID', ShardId: b }), [c, d])
    assert.deepEqual(await stream.shardIds({ Type: 'AT_TIMESTAMP', ...before }), [a, b])
    assert.deepEqual(await stream.shardIds({ Type: 'AT_TIMESTAMP', ...after }), [b, c, d])
    assert.deepEqual(await stream.shardIds({ Type: 'AT_TIMESTAMP', ...longAgo }), [a, b])
    assert.deepEqual(await stream.shardIds({ Type: 'FROM_TIMESTAMP', ...before }), ids)
    assert.deepEqual(await stream.shardIds({ Type: 'FROM_TIMESTAMP', ...after }), [b, c, d])
    assert.deepEqual(await stream.shardIds({ Type: 'FROM_TIMESTAMP', ...longAgo }), ids)
  })

  test('keeps the filter over pages', { ShardCount: 3 }, async (stream) => {
    const [a = ''] = await stream.shardIds()
    await stream.split(a, 1n << 125n)
    const open = await stream.shards({ Type: 'AT_LATEST' })
    assert.equal(open.length, 4)
    assert.deepEqual(await stream.shards({ Type: 'AT_LATEST' }, 1), open)
  })

  test('refuses filters that lack what they need', { ShardCount: 1 }, async (stream) => {
    await refused(() => stream.shards({ Type: 'AFTER_SHARD_ID' }), 'invalid')
    await refused(() => stream.shards({ Type: 'AT_TIMESTAMP' }), 'invalid')
    await refused(() => stream.shards({ Type: 'FROM_TIMESTAMP' }), 'invalid')
  })
}
