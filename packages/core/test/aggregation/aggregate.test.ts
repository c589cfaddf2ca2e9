import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type AggregateInput, aggregate, deaggregate } from '../../src/aggregation/index.ts'
import { InvalidOptionError, InvalidRecordError } from '../../src/errors.ts'
import { hashKeyOf } from '../../src/hash-key.ts'
import { MAX_HASH_KEY, type Shard } from '../../src/shard.ts'
import { ShardMap } from '../../src/shard-map.ts'

function shards(count: number): Shard[] {
  const width = (MAX_HASH_KEY + 1n) / BigInt(count)
  return Array.from({ length: count }, (_, i) => ({
    shardId: `shardId-${i}`,
    parentShardIds: [],
    hashKeyRange: {
      start: width * BigInt(i),
      end: i === count - 1 ? MAX_HASH_KEY : width * BigInt(i + 1) - 1n,
    },
    startingSequenceNumber: '1',
    endingSequenceNumber: undefined,
  }))
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}

describe('aggregate', () => {
  it('writes the bytes of KPL: two records of one key', () => {
    const [record, ...rest] = aggregate([
      { partitionKey: 'a', data: Buffer.from('x') },
      { partitionKey: 'a', data: Buffer.from('yz') },
    ])
    assert.equal(
      record && Buffer.from(record.data).toString('hex'),
      'f3899ac20a01611a0508001a01781a0608001a02797a0a4448cfabc0bb73fd5401aa8540e421',
    )
    assert.equal(record?.partitionKey, 'a')
    assert.equal(record?.explicitHashKey, '16955237001963240173058271559858726497')
    assert.deepEqual(rest, [])
  })

  it('writes the bytes of KPL: two keys, one explicit hash key, empty data', () => {
    const [record] = aggregate([
      { partitionKey: 'pk1', data: Buffer.from('hello') },
      { partitionKey: 'pk2', explicitHashKey: '123', data: Buffer.from('world') },
      { partitionKey: 'pk1', explicitHashKey: '0123', data: Buffer.alloc(0) },
    ])
    assert.equal(
      record && Buffer.from(record.data).toString('hex'),
      'f3899ac20a03706b310a03706b3212033132331a0908001a0568656c6c6f1a0b080110001a05776f726c641a06080010001a006a863f8c5d033d3350a1d0c757e7fedc',
    )
    assert.equal(record?.explicitHashKey, '329398341438914906102347661116985167824')
  })

  it('leaves a user record that stays alone as it is, under its own key', () => {
    const data = Buffer.from('lonely')
    assert.deepEqual(aggregate([{ partitionKey: 'k', data }]), [
      { data, partitionKey: 'k', explicitHashKey: hashKeyOf('k').toString() },
    ])
    const [placed] = aggregate([{ partitionKey: 'k', explicitHashKey: ' 007 ', data }])
    assert.equal(placed?.explicitHashKey, '7')
    assert.deepEqual(aggregate([]), [])
  })

  it('keeps keys that objects would lose or reorder', () => {
    const keys = ['10', '2', '__proto__', 'hasOwnProperty', 'constructor', 'toString', '😀', 'é']
    const [record] = aggregate(
      [...keys, ...keys].map((partitionKey) => ({
        partitionKey,
        data: Buffer.from(hex(partitionKey)),
      })),
    )
    assert.ok(record)
    const back = [...deaggregate(record)]
    assert.deepEqual(
      back.map(({ partitionKey }) => partitionKey),
      [...keys, ...keys],
    )
    for (const { partitionKey, data } of back)
      assert.equal(`${Buffer.from(data)}`, hex(partitionKey ?? ''))
  })

  it('stays within maxBytes and maxRecords, and fills them', () => {
    const userRecords = Array.from({ length: 1000 }, (_, i) => ({
      partitionKey: `key-${i % 10}`,
      data: Buffer.alloc(100, `${i}`),
    }))
    const bySize = aggregate(userRecords)
    assert.deepEqual(
      bySize.map((record) => record.data.length <= 51_200),
      [true, true, true],
    )
    assert.ok((bySize[0]?.data.length ?? 0) > 51_200 - 110)
    assert.equal(aggregate(userRecords, { maxRecords: 100 }).length, 10)
    assert.equal(aggregate(userRecords, { maxRecords: 1 }).length, 1000)
    assert.equal(aggregate(userRecords, { maxBytes: 1024 * 1024 }).length, 1)
  })

  it('keeps data and partition key of an aggregate within maxRecordBytes', () => {
    const maxRecordBytes = 1000
    let most = 0
    for (let second = 300; second < 520; second++) {
      const records = aggregate(
        [
          { partitionKey: 'k', data: new Uint8Array(480) },
          { partitionKey: 'k', data: new Uint8Array(second) },
        ],
        { maxBytes: maxRecordBytes, maxRecordBytes },
      )
      for (const { data, partitionKey } of records) {
        most = Math.max(most, data.length + partitionKey.length)
      }
    }
    assert.equal(most, maxRecordBytes)
  })

  it('refuses what is no record', () => {
    for (const wrong of [null, undefined, 7, 'text']) {
      assert.throws(
        () => aggregate([wrong as unknown as AggregateInput]),
        (error) => error instanceof InvalidRecordError && error.field === 'record',
      )
    }
  })

  it('never lets an aggregate cross two shards when it knows them', () => {
    const stream = shards(4)
    const map = ShardMap.from(stream)
    const userRecords = Array.from({ length: 400 }, (_, i) => ({
      partitionKey: `key-${i}`,
      data: Buffer.from(`${i}`),
    }))
    const records = aggregate(userRecords, { shards: stream })
    assert.equal(records.length, 4)
    let seen = 0
    for (const record of records) {
      const home = map.shardFor(BigInt(record.explicitHashKey))
      for (const { partitionKey } of deaggregate(record)) {
        seen++
        assert.equal(map.shardFor(hashKeyOf(partitionKey ?? '')), home)
      }
    }
    assert.equal(seen, 400)
  })

  it('sends alone what no known shard owns', () => {
    const [left] = shards(2)
    assert.ok(left)
    const outside = {
      partitionKey: 'x',
      explicitHashKey: `${MAX_HASH_KEY}`,
      data: Buffer.from('x'),
    }
    const inside = { partitionKey: 'x', explicitHashKey: '1', data: Buffer.from('x') }
    const records = aggregate([outside, inside, outside, inside, outside], { shards: [left] })
    assert.deepEqual(records.map(({ explicitHashKey }) => explicitHashKey).sort(), [
      '1',
      ...Array.from({ length: 3 }, () => `${MAX_HASH_KEY}`),
    ])
  })

  it('gives every user record back, in order per shard, whatever goes in', () => {
    const userRecord: fc.Arbitrary<AggregateInput> = fc.record({
      partitionKey: fc.oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
        fc.constantFrom('__proto__', '0', 'a'),
      ),
      explicitHashKey: fc.option(
        fc.bigInt({ min: 0n, max: MAX_HASH_KEY }).map((hashKey) => hashKey.toString()),
        { nil: undefined },
      ),
      // A first byte of its own: data that starts as an aggregate does is taken for one by everybody.
      data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.of(0, ...bytes)),
    })
    const maxBytes = fc.integer({ min: 64, max: 3000 })
    fc.assert(
      fc.property(fc.array(userRecord, { maxLength: 60 }), maxBytes, (userRecords, limit) => {
        const records = aggregate(userRecords, { maxBytes: limit })
        const back = records.flatMap((record) => [...deaggregate(record)])
        assert.deepEqual(
          back.map(({ partitionKey, data }) => [partitionKey, [...data]]),
          userRecords.map(({ partitionKey, data }) => [partitionKey, [...data]]),
        )
        for (const record of records) {
          const members = deaggregate(record)
          assert.ok(record.data.length <= limit || members.count === 1)
          if (!members.aggregated) continue
          assert.deepEqual(
            [...members].map((member) => member.subSequenceNumber),
            [...Array(members.count).keys()],
          )
        }
      }),
      { numRuns: 300 },
    )
  })

  it('refuses a bad user record by name, before anything is returned', () => {
    const good = { partitionKey: 'k', data: Buffer.from('x') }
    const bad: unknown[] = [
      { ...good, partitionKey: '' },
      { ...good, partitionKey: '\ud800' },
      { ...good, explicitHashKey: (MAX_HASH_KEY + 1n).toString() },
      { ...good, data: 'text' },
      { ...good, data: new Uint8Array(1024 * 1024) },
    ]
    for (const each of bad) {
      assert.throws(() => aggregate([good, each as AggregateInput]), InvalidRecordError)
    }
    const large = { ...good, data: new Uint8Array(1024 * 1024) }
    assert.equal(aggregate([large], { maxRecordBytes: 2 * 1024 * 1024 }).length, 1)
  })

  it('refuses an unknown option with the name that was meant', () => {
    assert.throws(
      () => aggregate([], { maxByte: 1 } as object),
      (error) => error instanceof InvalidOptionError && error.hint.includes('maxBytes'),
    )
  })
})
