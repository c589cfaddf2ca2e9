import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvalidStreamModelError } from '../src/errors.ts'
import { newHashWords, storeHashKey } from '../src/hash-words.ts'
import { MAX_HASH_KEY, type Shard } from '../src/shard.ts'
import { ShardMap } from '../src/shard-map.ts'

function shard(shardId: string, start: bigint, end: bigint, more: Partial<Shard> = {}): Shard {
  return {
    shardId,
    parentShardIds: [],
    hashKeyRange: { start, end },
    startingSequenceNumber: '1',
    endingSequenceNumber: undefined,
    ...more,
  }
}

describe('ShardMap', () => {
  it('finds the owner of every hash key, both ends of a range included', () => {
    const map = ShardMap.from([shard('b', 100n, MAX_HASH_KEY), shard('a', 0n, 99n)])
    assert.equal(map.shardFor(0n)?.shardId, 'a')
    assert.equal(map.shardFor(99n)?.shardId, 'a')
    assert.equal(map.shardFor(100n)?.shardId, 'b')
    assert.equal(map.shardFor(MAX_HASH_KEY)?.shardId, 'b')
    assert.deepEqual(
      map.shards.map((each) => each.shardId),
      ['a', 'b'],
    )
  })

  it('answers undefined in a hole, outside the key space and on an empty map', () => {
    const map = ShardMap.from([shard('a', 10n, 19n), shard('b', 30n, 39n)])
    for (const key of [-1n, 0n, 9n, 20n, 29n, 40n, MAX_HASH_KEY, MAX_HASH_KEY + 1n]) {
      assert.equal(map.shardFor(key), undefined)
    }
    assert.equal(ShardMap.from([]).shardFor(0n), undefined)
  })

  it('leaves out closed shards, and parents that a slow listing shows still open', () => {
    const map = ShardMap.from([
      shard('closed', 0n, 9n, { endingSequenceNumber: '5' }),
      shard('parent', 10n, 19n),
      shard('left', 10n, 14n, { parentShardIds: ['parent'] }),
      shard('right', 15n, 19n, { parentShardIds: ['parent'] }),
    ])
    assert.equal(map.shardFor(5n), undefined)
    assert.equal(map.shardFor(12n)?.shardId, 'left')
    assert.equal(map.shardFor(15n)?.shardId, 'right')
  })

  it('refuses two owners of one hash key', () => {
    const listed = [shard('a', 0n, 10n), shard('b', 10n, 20n)]
    assert.throws(() => ShardMap.from(listed), InvalidStreamModelError)
    // Reshards between two pages of a listing look like this: another listing helps.
    assert.throws(() => ShardMap.from(listed), { retryable: true })
    assert.throws(() => ShardMap.from(listed), /a and b both own hash key 10/)
  })

  it('agrees with a linear search on any cut of the key space, by BigInt and by words', () => {
    const hashKey = fc.bigInt({ min: 0n, max: MAX_HASH_KEY })
    const cuts = fc.uniqueArray(fc.bigInt({ min: 1n, max: MAX_HASH_KEY }), { maxLength: 40 })
    fc.assert(
      fc.property(cuts, fc.array(hashKey, { minLength: 1, maxLength: 20 }), (inner, probes) => {
        const starts = [0n, ...inner.toSorted((a, b) => (a < b ? -1 : 1))]
        const shards = starts.map((start, i) =>
          shard(`s${i}`, start, (starts[i + 1] ?? MAX_HASH_KEY + 1n) - 1n),
        )
        const map = ShardMap.from(shards)
        const words = newHashWords()
        for (const key of [...probes, ...starts, ...inner.map((cut) => cut - 1n)]) {
          const owner = shards.find(
            ({ hashKeyRange: { start, end } }) => start <= key && key <= end,
          )
          assert.equal(map.shardFor(key), owner)
          storeHashKey(key, words)
          assert.equal(map.shards[map.indexFor(words)], owner)
        }
      }),
    )
  })
})
