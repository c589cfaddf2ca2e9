import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvalidStreamModelError } from '../src/errors.ts'
import type { ServiceShard } from '../src/ports/kinesis.ts'
import {
  childShardFromService,
  isOpen,
  MAX_HASH_KEY,
  parseHashKey,
  rangeHolds,
  shardFromService,
} from '../src/shard.ts'

const hashKey = fc.bigInt({ min: 0n, max: MAX_HASH_KEY })

function serviceShard(changes: Partial<ServiceShard> = {}): ServiceShard {
  return {
    ShardId: 'shardId-000000000002',
    HashKeyRange: { StartingHashKey: '0', EndingHashKey: MAX_HASH_KEY.toString() },
    SequenceNumberRange: { StartingSequenceNumber: '1' },
    ...changes,
  }
}

describe('parseHashKey', () => {
  it('reads every hash key back from its text, zero-padded or not', () => {
    fc.assert(
      fc.property(hashKey, (key) => {
        assert.equal(parseHashKey(key.toString()), key)
        assert.equal(parseHashKey(key.toString().padStart(39, '0')), key)
      }),
    )
  })

  it('stops at 2^128 - 1', () => {
    assert.equal(parseHashKey(MAX_HASH_KEY.toString()), MAX_HASH_KEY)
    assert.equal(parseHashKey((MAX_HASH_KEY + 1n).toString()), undefined)
  })

  for (const text of ['', '-1', '+1', '1e3', '0x10', ' 1', '1\n', '1.5', '9'.repeat(65)]) {
    it(`refuses ${JSON.stringify(text.slice(0, 12))}`, () => {
      assert.equal(parseHashKey(text), undefined)
    })
  }
})

describe('rangeHolds', () => {
  it('includes both ends and nothing beyond them', () => {
    fc.assert(
      fc.property(hashKey, hashKey, hashKey, (a, b, key) => {
        const range = a < b ? { start: a, end: b } : { start: b, end: a }
        assert.equal(rangeHolds(range, key), range.start <= key && key <= range.end)
        assert.ok(rangeHolds(range, range.start) && rangeHolds(range, range.end))
        assert.ok(!rangeHolds(range, range.start - 1n) && !rangeHolds(range, range.end + 1n))
      }),
    )
  })
})

describe('shardFromService', () => {
  it('keeps an original shard without parents, open', () => {
    const shard = shardFromService(serviceShard())
    assert.deepEqual(shard, {
      shardId: 'shardId-000000000002',
      parentShardIds: [],
      hashKeyRange: { start: 0n, end: MAX_HASH_KEY },
      startingSequenceNumber: '1',
      endingSequenceNumber: undefined,
    })
    assert.equal(isOpen(shard), true)
  })

  it('lists both parents of a merge, the adjacent one second', () => {
    const shard = shardFromService(serviceShard({ ParentShardId: 'a', AdjacentParentShardId: 'b' }))
    assert.deepEqual(shard.parentShardIds, ['a', 'b'])
  })

  it('is closed once it has an ending sequence number', () => {
    const range = { StartingSequenceNumber: '1', EndingSequenceNumber: '9' }
    assert.equal(isOpen(shardFromService(serviceShard({ SequenceNumberRange: range }))), false)
  })

  it('refuses a range that is no range, naming shard and ends', () => {
    const bad: readonly [string, string][] = [
      ['2', '1'],
      ['', '1'],
      ['0', (MAX_HASH_KEY + 1n).toString()],
      ['-1', '5'],
    ]
    for (const [start, end] of bad) {
      const HashKeyRange = { StartingHashKey: start, EndingHashKey: end }
      assert.throws(
        () => shardFromService(serviceShard({ HashKeyRange })),
        (error) =>
          error instanceof InvalidStreamModelError &&
          error.message.includes('shardId-000000000002') &&
          error.message.includes(end),
      )
    }
  })
})

describe('childShardFromService', () => {
  it('takes the parents as the service lists them', () => {
    const child = childShardFromService({
      ShardId: 'c',
      ParentShards: ['a', 'b'],
      HashKeyRange: { StartingHashKey: '5', EndingHashKey: '7' },
    })
    assert.deepEqual(child, {
      shardId: 'c',
      parentShardIds: ['a', 'b'],
      hashKeyRange: { start: 5n, end: 7n },
    })
  })
})
