import assert from 'node:assert/strict'
import { MAX_HASH_KEY } from '@millrace/core'
import fc from 'fast-check'
import {
  coverEveryHashKey,
  initialCheckpoint,
  initialLeases,
  initialShardFilter,
} from '../../src/shard-sync/initial-leases.ts'
import { shardId, shardOf } from './lineage.ts'

const at = new Date(1_700_000_000_000)

describe('initialShardFilter and initialCheckpoint', () => {
  const cases = [
    ['LATEST', { Type: 'AT_LATEST' }, 'LATEST'],
    ['TRIM_HORIZON', { Type: 'AT_TRIM_HORIZON' }, 'TRIM_HORIZON'],
    [{ atTimestamp: at }, { Type: 'AT_TIMESTAMP', Timestamp: at }, 'AT_TIMESTAMP'],
  ] as const
  for (const [position, filter, sequenceNumber] of cases) {
    it(`ask for the shards that were open at ${JSON.stringify(position)}`, () => {
      assert.deepEqual(initialShardFilter(position), filter)
      assert.deepEqual(initialCheckpoint(position), { sequenceNumber, subSequenceNumber: 0 })
    })
  }
})

describe('initialLeases', () => {
  it('makes one unowned lease for each shard, open or closed, in the order of their ids', () => {
    const shards = [shardOf({ id: 2, open: true }), shardOf({ id: 1, parents: [0] })]
    const leases = initialLeases(shards, 'TRIM_HORIZON')
    assert.deepEqual(
      leases.map(({ leaseKey, parentShardIds, leaseOwner, checkpoint }) => ({
        leaseKey,
        parentShardIds,
        leaseOwner,
        at: checkpoint.sequenceNumber,
      })),
      [
        {
          leaseKey: shardId(1),
          parentShardIds: [shardId(0)],
          leaseOwner: undefined,
          at: 'TRIM_HORIZON',
        },
        { leaseKey: shardId(2), parentShardIds: [], leaseOwner: undefined, at: 'TRIM_HORIZON' },
      ],
    )
  })
})

describe('coverEveryHashKey', () => {
  const cover = (...ranges: readonly (readonly [bigint, bigint])[]): boolean =>
    coverEveryHashKey(ranges.map(([start, end]) => ({ hashKeyRange: { start, end } })))

  it('wants the first key, the last key and every key between', () => {
    assert.equal(cover([0n, MAX_HASH_KEY]), true)
    assert.equal(cover([0n, 9n], [10n, MAX_HASH_KEY]), true)
    assert.equal(cover([10n, MAX_HASH_KEY], [0n, 9n]), true)
    assert.equal(cover(), false)
    assert.equal(cover([1n, MAX_HASH_KEY]), false)
    assert.equal(cover([0n, MAX_HASH_KEY - 1n]), false)
    assert.equal(cover([0n, 9n], [11n, MAX_HASH_KEY]), false)
  })

  it('does not mind overlaps, of a parent with its children for example', () => {
    assert.equal(cover([0n, MAX_HASH_KEY], [0n, 5n], [3n, 7n]), true)
    assert.equal(cover([0n, 100n], [0n, 5n], [101n, MAX_HASH_KEY]), true)
    assert.equal(cover([0n, 100n], [0n, 5n], [102n, MAX_HASH_KEY]), false)
  })

  it('holds for every cut of the key space, and for none that lacks a piece', () => {
    const cuts = fc.uniqueArray(fc.bigInt({ min: 1n, max: MAX_HASH_KEY }), { maxLength: 8 })
    fc.assert(
      fc.property(cuts, fc.nat(), (points, pick) => {
        const sorted = [0n, ...points.sort((a, b) => (a < b ? -1 : 1))]
        const pieces = sorted.map(
          (start, i) => [start, (sorted[i + 1] ?? MAX_HASH_KEY + 1n) - 1n] as const,
        )
        assert.equal(cover(...pieces), true)
        const hole = pick % pieces.length
        assert.equal(cover(...pieces.filter((_, i) => i !== hole)), false)
      }),
    )
  })
})
