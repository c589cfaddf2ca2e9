import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvalidStreamModelError } from '../src/errors.ts'
import { holesBetween, Lineage } from '../src/lineage.ts'
import { MAX_HASH_KEY, rangeHolds, type Shard } from '../src/shard.ts'

function shard(shardId: string, ...parentShardIds: string[]): Shard {
  return {
    shardId,
    parentShardIds,
    hashKeyRange: { start: 0n, end: MAX_HASH_KEY },
    startingSequenceNumber: '1',
    endingSequenceNumber: undefined,
  }
}

describe('Lineage', () => {
  // 0 splits into 1 and 2; 2 and 3 merge into 4; 4 splits into 5 and 6.
  const family = [
    shard('6', '4'),
    shard('0'),
    shard('1', '0'),
    shard('2', '0'),
    shard('3'),
    shard('4', '2', '3'),
    shard('5', '4'),
  ]
  const lineage = Lineage.from(family)

  it('knows the children of a split and of a merge', () => {
    assert.deepEqual(lineage.childrenOf('0'), ['1', '2'])
    assert.deepEqual(lineage.childrenOf('2'), ['4'])
    assert.deepEqual(lineage.childrenOf('3'), ['4'])
    assert.deepEqual(lineage.childrenOf('5'), [])
    assert.deepEqual(lineage.childrenOf('no such shard'), [])
  })

  it('knows the parents, also those that are no longer listed', () => {
    assert.deepEqual(lineage.parentsOf('4'), ['2', '3'])
    assert.deepEqual(Lineage.from([shard('9', 'trimmed')]).parentsOf('9'), ['trimmed'])
    assert.deepEqual(lineage.parentsOf('no such shard'), [])
  })

  it('takes shards whose parents are all trimmed for roots', () => {
    const ids = Lineage.from([shard('7', 'trimmed'), shard('8', '7'), shard('9', '8', 'trimmed')])
      .roots()
      .map((root) => root.shardId)
    assert.deepEqual(ids, ['7'])
    assert.deepEqual(
      lineage.roots().map((root) => root.shardId),
      ['0', '3'],
    )
  })

  it('follows descent over several generations, in one direction only', () => {
    assert.equal(lineage.descendsFrom('6', '0'), true)
    assert.equal(lineage.descendsFrom('6', '3'), true)
    assert.equal(lineage.descendsFrom('0', '6'), false)
    assert.equal(lineage.descendsFrom('1', '3'), false)
    assert.equal(lineage.descendsFrom('1', '1'), false)
  })

  it('hands back the shard itself', () => {
    assert.equal(lineage.shard('1'), family[2])
    assert.equal(lineage.shard('no such shard'), undefined)
  })

  it('refuses a shard that is its own ancestor, at any distance', () => {
    for (let distance = 1; distance <= 5; distance++) {
      const ring = Array.from({ length: distance }, (_, i) =>
        shard(`${i}`, `${(i + 1) % distance}`),
      )
      assert.throws(() => Lineage.from([shard('entry', '0'), ...ring]), InvalidStreamModelError)
    }
  })

  it('refuses a shard that is listed twice', () => {
    assert.throws(() => Lineage.from([shard('0'), shard('0')]), /0 is listed twice/)
  })

  it('walks a line of 100,000 generations without overflowing the stack', () => {
    const line = Array.from({ length: 100_000 }, (_, i) => shard(`${i + 1}`, `${i}`))
    const long = Lineage.from(line)
    assert.equal(long.descendsFrom('100000', '1'), true)
    assert.equal(long.roots().length, 1)
  })

  it('takes any history of splits and merges, in whatever order it is listed', () => {
    // A parent always has a lower number, as in a real stream, so no history has a circle.
    const history = fc
      .array(fc.array(fc.nat(), { maxLength: 2 }), { minLength: 1, maxLength: 40 })
      .map((parents) =>
        parents.map((picks, i) => {
          const ids = i === 0 ? [] : picks.map((pick) => `${pick % i}`)
          return shard(`${i}`, ...new Set(ids))
        }),
      )
    const shuffled = history.chain((shards) =>
      fc.shuffledSubarray(shards, { minLength: shards.length }),
    )
    fc.assert(
      fc.property(shuffled, (shards) => {
        const any = Lineage.from(shards)
        for (const { shardId, parentShardIds } of shards) {
          for (const parent of parentShardIds) {
            assert.ok(any.childrenOf(parent).includes(shardId))
            assert.ok(any.descendsFrom(shardId, parent))
            assert.ok(!any.descendsFrom(parent, shardId))
          }
        }
      }),
    )
  })
})

describe('holesBetween', () => {
  // Few keys beside all: neighbours and ranges of one key are where ends are got wrong.
  const key = fc.oneof(fc.bigInt({ min: 0n, max: 12n }), fc.bigInt({ min: 0n, max: MAX_HASH_KEY }))
  const range = fc
    .tuple(key, key)
    .map(([a, b]) => (a < b ? { start: a, end: b } : { start: b, end: a }))

  it('finds none in a whole key space and all of it in an empty list', () => {
    assert.deepEqual(holesBetween([{ start: 0n, end: MAX_HASH_KEY }]), [])
    assert.deepEqual(holesBetween([]), [{ start: 0n, end: MAX_HASH_KEY }])
  })

  it('finds a hole of one key', () => {
    const ranges = [
      { start: 11n, end: MAX_HASH_KEY },
      { start: 0n, end: 9n },
    ]
    assert.deepEqual(holesBetween(ranges), [{ start: 10n, end: 10n }])
  })

  it('has each key in a range or in a hole, never in both', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), fc.array(key), (ranges, keys) => {
        const holes = holesBetween(ranges)
        const ends = [...ranges, ...holes].flatMap(({ start, end }) => [start, end])
        for (const probe of [...keys, ...ends, 0n, MAX_HASH_KEY]) {
          const covered = ranges.some((one) => rangeHolds(one, probe))
          const missing = holes.filter((one) => rangeHolds(one, probe)).length
          assert.equal(missing, covered ? 0 : 1)
        }
      }),
    )
  })
})
