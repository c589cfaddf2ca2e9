/** SplitShard, MergeShards, lineage, and the end of closed shards; streams made and deleted. */
import assert from 'node:assert/strict'
import type { kinesis } from '@millrace/core'
import { compareSequenceNumbers, MAX_HASH_KEY } from '@millrace/core'
import type { StreamTest } from './group.ts'
import { entryOf, patiently, refused, StreamDriver, textsOf } from './stream-driver.ts'

const MIDDLE = 1n << 127n

export function declareReshardTests(test: StreamTest): void {
  test('splits a shard: lineage, ranges, and records on their side', {
    ShardCount: 1,
  }, async (stream) => {
    await putAtEnds(stream, 'before')
    const [parentId = ''] = await stream.shardIds()
    await stream.split(parentId, MIDDLE)
    await putAtEnds(stream, 'after')
    const [parent, low, high] = await stream.shards()
    assert.ok(parent && low && high)
    assert.deepEqual([low.ParentShardId, low.AdjacentParentShardId], [parentId, undefined])
    assert.deepEqual([high.ParentShardId, high.AdjacentParentShardId], [parentId, undefined])
    assert.deepEqual(rangeOf(low), [0n, MIDDLE - 1n])
    assert.deepEqual(rangeOf(high), [MIDDLE, MAX_HASH_KEY])
    assertChildFollows(parent, low)
    assertChildFollows(parent, high)

    const ended = await stream.readAll(parentId, 2)
    assert.deepEqual(textsOf(ended.records), ['before low', 'before high'])
    assertEnded(ended.last, [low, high], [parentId])
    for (const { SequenceNumber } of ended.records) assertWithin(SequenceNumber, parent)
    assert.deepEqual(textsOf((await stream.readAll(low.ShardId, 1)).records), ['after low'])
    assert.deepEqual(textsOf((await stream.readAll(high.ShardId, 1)).records), ['after high'])
  })

  test('merges two shards: lineage, range, and both parents end in the child', {
    ShardCount: 2,
  }, async (stream) => {
    await putAtEnds(stream, 'before')
    const [lowId = '', highId = ''] = await stream.shardIds()
    await stream.merge(lowId, highId)
    await putAtEnds(stream, 'after')
    const [low, high, child] = await stream.shards()
    assert.ok(low && high && child)
    assert.deepEqual([child.ParentShardId, child.AdjacentParentShardId], [lowId, highId])
    assert.deepEqual(rangeOf(child), [0n, MAX_HASH_KEY])
    for (const [parent, text] of [
      [low, 'before low'],
      [high, 'before high'],
    ] as const) {
      assertChildFollows(parent, child)
      const ended = await stream.readAll(parent.ShardId, 1)
      assert.deepEqual(textsOf(ended.records), [text])
      assertEnded(ended.last, [child], [lowId, highId])
    }
    const { records } = await stream.readAll(child.ShardId, 2)
    assert.deepEqual(textsOf(records), ['after low', 'after high'])
  })

  test('ends a closed shard only with its last record', { ShardCount: 1 }, async (stream) => {
    const [at] = await stream.putTexts('a', 'b', 'c')
    const shardId = at?.shardId ?? ''
    await stream.split(shardId, MIDDLE)
    let iterator: string | undefined = await stream.iterator(shardId, 'TRIM_HORIZON')
    const texts: string[] = []
    while (iterator !== undefined) {
      const ShardIterator: string = iterator
      const page = await patiently(() => stream.port.getRecords({ ShardIterator, Limit: 1 }))
      texts.push(...textsOf(page.Records))
      iterator = page.NextShardIterator
      assert.equal(page.ChildShards === undefined, iterator !== undefined)
      if (page.ChildShards !== undefined) assert.equal(texts.length, 3)
    }
    assert.deepEqual(texts, ['a', 'b', 'c'])
  })

  test('ends an empty closed shard, from each place one can start at', {
    ShardCount: 1,
  }, async (stream) => {
    const [shardId = ''] = await stream.shardIds()
    const beforeSplit = await stream.iterator(shardId, 'LATEST')
    await stream.split(shardId, MIDDLE)
    const [parent] = await stream.shards()
    const range = parent?.SequenceNumberRange
    const starts = [
      beforeSplit,
      await stream.iterator(shardId, 'TRIM_HORIZON'),
      await stream.iterator(shardId, 'LATEST'),
      await stream.iterator(shardId, 'AT_SEQUENCE_NUMBER', range),
      await stream.iterator(shardId, 'AFTER_SEQUENCE_NUMBER', {
        StartingSequenceNumber: range?.EndingSequenceNumber,
      }),
    ]
    for (const start of starts) {
      const { records, last } = await stream.read(start, 1)
      assert.deepEqual(records, [])
      assert.equal(last.ChildShards?.length, 2)
    }
  })

  test('refuses reshards against the rules', { ShardCount: 3 }, async (stream) => {
    const [a, b, c] = await stream.shards()
    assert.ok(a && b && c)
    const [, end] = rangeOf(a)
    await refused(() => stream.split(a.ShardId, 0n), 'invalid')
    await refused(() => stream.split(a.ShardId, end + 1n), 'invalid')
    await refused(() => stream.split(a.ShardId, MAX_HASH_KEY + 1n), 'invalid')
    await refused(() => stream.split('shardId-000000000099', MIDDLE), 'missing')
    await refused(() => stream.merge(a.ShardId, c.ShardId), 'invalid')
    await refused(() => stream.merge(a.ShardId, a.ShardId), 'invalid')
    await refused(() => stream.merge(a.ShardId, 'shardId-000000000099'), 'missing')
    await stream.split(a.ShardId, 1n << 125n)
    await refused(() => stream.split(a.ShardId, 1n << 124n), 'invalid', 'in-use', 'missing')
    await refused(() => stream.merge(a.ShardId, b.ShardId), 'invalid', 'in-use', 'missing')
    assert.equal((await stream.describe()).OpenShardCount, 4)
  })

  test('describes a stream and refuses its name twice', {
    ShardCount: 2,
  }, async (stream) => {
    const summary = await stream.describe()
    assert.equal(summary.StreamName, stream.name)
    assert.equal(summary.OpenShardCount, 2)
    assert.ok(summary.StreamARN.endsWith(`:stream/${stream.name}`))
    assert.ok(summary.RetentionPeriodHours >= 24)
    await refused(() => stream.create({ ShardCount: 1 }), 'in-use')
    await refused(() => stream.port.createStream({ StreamName: 'a b', ShardCount: 1 }), 'invalid')
  })

  test('forgets a deleted stream, its iterators too', { ShardCount: 1 }, async (stream) => {
    const other = new StreamDriver(stream.port, `${stream.name}-deleted`)
    await other.create({ ShardCount: 1 })
    const [at] = await other.putTexts('gone')
    const ShardIterator = await other.iterator(at?.shardId ?? '', 'TRIM_HORIZON')
    await other.delete()
    await other.untilGone()
    await refused(() => stream.port.getRecords({ ShardIterator }), 'missing')
    await other.create({ ShardCount: 1 })
    await refused(() => stream.port.getRecords({ ShardIterator }), 'missing', 'invalid')
    const StartingSequenceNumber = at?.sequenceNumber
    await refused(
      () => other.iterator(at?.shardId ?? '', 'AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber }),
      'invalid',
    )
    await other.delete()
  })
}

async function putAtEnds(stream: StreamDriver, text: string): Promise<void> {
  await stream.putAll([
    { ...entryOf(`${text} low`, 'k'), ExplicitHashKey: '0' },
    { ...entryOf(`${text} high`, 'k'), ExplicitHashKey: MAX_HASH_KEY.toString() },
  ])
}

function rangeOf(shard: { readonly HashKeyRange: kinesis.HashKeyRange }): [bigint, bigint] {
  const { StartingHashKey, EndingHashKey } = shard.HashKeyRange
  return [BigInt(StartingHashKey), BigInt(EndingHashKey)]
}

function assertEnded(
  last: kinesis.GetRecordsOutput,
  children: readonly kinesis.ServiceShard[],
  parentIds: readonly string[],
): void {
  assert.equal(last.NextShardIterator, undefined)
  assert.deepEqual(
    last.ChildShards?.map((child) => [
      child.ShardId,
      [...child.ParentShards].sort(),
      rangeOf(child),
    ]),
    children.map((child) => [child.ShardId, [...parentIds].sort(), rangeOf(child)]),
  )
}

function assertChildFollows(parent: kinesis.ServiceShard, child: kinesis.ServiceShard): void {
  const end = parent.SequenceNumberRange.EndingSequenceNumber
  assert.ok(end !== undefined, 'a closed shard has no ending sequence number')
  assert.equal(child.SequenceNumberRange.EndingSequenceNumber, undefined)
  const start = child.SequenceNumberRange.StartingSequenceNumber
  assert.ok(compareSequenceNumbers(end, start) < 0, "a child starts below its parent's end")
}

function assertWithin(sequenceNumber: string, shard: kinesis.ServiceShard): void {
  const { StartingSequenceNumber: start, EndingSequenceNumber: end } = shard.SequenceNumberRange
  assert.ok(compareSequenceNumbers(start, sequenceNumber) <= 0)
  assert.ok(end !== undefined && compareSequenceNumbers(sequenceNumber, end) <= 0)
}
