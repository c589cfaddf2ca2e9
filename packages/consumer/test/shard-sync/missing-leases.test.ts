import assert from 'node:assert/strict'
import { compareSequenceNumbers, type Shard } from '@millrace/core'
import fc from 'fast-check'
import type { InitialPosition } from '../../src/options.ts'
import { missingLeases } from '../../src/shard-sync/missing-leases.ts'
import { ancestorsOf, histories, shardId, shardOf } from './lineage.ts'

const AT_TIMESTAMP: InitialPosition = { atTimestamp: new Date(200) }
const positions = fc.constantFrom<InitialPosition>('LATEST', 'TRIM_HORIZON', AT_TIMESTAMP)

function sentinelOf(position: InitialPosition): string {
  return typeof position === 'string' ? position : 'AT_TIMESTAMP'
}

function missing(
  shards: readonly Shard[],
  leased: readonly number[],
  position: InitialPosition,
): string[] {
  return missingLeases(shards, new Set(leased.map(shardId)), position).map(
    ({ leaseKey, checkpoint }) => `${Number(leaseKey.slice(8))} @${checkpoint.sequenceNumber}`,
  )
}

// 0 and 1 merge into 6, 2 and 3 into 7, 6 and 7 into 8; 5 splits into 9 and 10; 4, 8, 9, 10 are open.
const tree = [
  { id: 0 },
  { id: 1 },
  { id: 2 },
  { id: 3 },
  { id: 4, open: true },
  { id: 5 },
  { id: 6, parents: [0, 1] },
  { id: 7, parents: [2, 3] },
  { id: 8, parents: [6, 7], open: true },
  { id: 9, parents: [5], open: true },
  { id: 10, parents: [5], open: true },
].map(shardOf)

describe('missingLeases: the worked case of KCL', () => {
  it('from LATEST adds the other half of the merge', () => {
    assert.deepEqual(missing(tree, [4, 5, 7], 'LATEST'), ['6 @LATEST'])
  })

  it('from TRIM_HORIZON goes back to the roots', () => {
    assert.deepEqual(missing(tree, [4, 5, 7], 'TRIM_HORIZON'), [
      '0 @TRIM_HORIZON',
      '1 @TRIM_HORIZON',
    ])
  })

  it('from a time goes back to the roots, at that time', () => {
    assert.deepEqual(missing(tree, [4, 5, 7], AT_TIMESTAMP), ['0 @AT_TIMESTAMP', '1 @AT_TIMESTAMP'])
  })

  it('for a stream without leases takes the open shards, or the roots', () => {
    assert.deepEqual(
      missing(tree, [], 'LATEST'),
      [4, 8, 9, 10].map((id) => `${id} @LATEST`),
    )
    assert.deepEqual(
      missing(tree, [], 'TRIM_HORIZON'),
      [0, 1, 2, 3, 4, 5].map((id) => `${id} @TRIM_HORIZON`),
    )
  })

  it('does not depend on the order of the list', () => {
    assert.deepEqual(missing([...tree].reverse(), [4, 5, 7], 'LATEST'), ['6 @LATEST'])
    assert.deepEqual(
      missing([...tree].reverse(), [], 'TRIM_HORIZON'),
      missing(tree, [], 'TRIM_HORIZON'),
    )
  })
})

describe('missingLeases', () => {
  it('carries parents and range of the shard', () => {
    const [lease] = missingLeases(tree, new Set([4, 5, 7].map(shardId)), 'LATEST')
    assert.deepEqual(lease?.parentShardIds, [0, 1].map(shardId))
    assert.equal(lease.leaseOwner, undefined)
    assert.deepEqual(lease.hashKeyRange, tree[6]?.hashKeyRange)
  })

  it('begins at an open shard whose parents retention has trimmed', () => {
    const orphan = [shardOf({ id: 7, parents: [1, 2], open: true }), shardOf({ id: 8, open: true })]
    assert.deepEqual(missing(orphan, [8], 'TRIM_HORIZON'), ['7 @TRIM_HORIZON'])
  })

  it('comes to an end on a lineage with circles', () => {
    const circle = [
      shardOf({ id: 1, parents: [3], open: true }),
      shardOf({ id: 2, parents: [1] }),
      shardOf({ id: 3, parents: [2, 3] }),
      shardOf({ id: 4, parents: [4], open: true }),
      shardOf({ id: 5, open: true }),
    ]
    for (const position of ['LATEST', 'TRIM_HORIZON', AT_TIMESTAMP] as const) {
      const made = missing(circle, [5], position)
      assert.ok(made.length > 0 && made.every((text) => text.endsWith(`@${sentinelOf(position)}`)))
    }
  })

  it('follows a lineage of two thousand generations', () => {
    const line = Array.from({ length: 2000 }, (_, id) =>
      shardOf({ id, parents: id === 0 ? [] : [id - 1], open: id === 1999 }),
    )
    assert.deepEqual(missing(line, [], 'TRIM_HORIZON'), ['0 @TRIM_HORIZON'])
    assert.deepEqual(missing(line, [1000], 'TRIM_HORIZON'), [])
  })

  const cases = histories.chain((shards) =>
    fc.tuple(fc.constant(shards), fc.subarray(shards.map(({ shardId: id }) => id)), positions),
  )

  it('leaves no open shard without a lease of its own or of an ancestor', () => {
    fc.assert(
      fc.property(cases, ([shards, leased, position]) => {
        const made = missingLeases(shards, new Set(leased), position)
        const all = new Set([...leased, ...made.map(({ leaseKey }) => leaseKey)])
        for (const shard of shards) {
          if (shard.endingSequenceNumber !== undefined || all.has(shard.shardId)) continue
          const line = [...ancestorsOf(shard, shards)]
          assert.ok(
            line.some((id) => all.has(id)),
            shard.shardId,
          )
        }
      }),
    )
  })

  it('makes no lease below another: children come when their parents end', () => {
    fc.assert(
      fc.property(cases, ([shards, leased, position]) => {
        const made = missingLeases(shards, new Set(leased), position)
        const all = new Set([...leased, ...made.map(({ leaseKey }) => leaseKey)])
        for (const { leaseKey } of made) {
          const shard = shards.find(({ shardId: id }) => id === leaseKey)
          assert.ok(shard !== undefined && !leased.includes(leaseKey))
          for (const ancestor of ancestorsOf(shard, shards)) assert.ok(!all.has(ancestor))
        }
      }),
    )
  })

  it('makes nothing more once its leases are made', () => {
    fc.assert(
      fc.property(cases, ([shards, leased, position]) => {
        const made = missingLeases(shards, new Set(leased), position)
        const all = new Set([...leased, ...made.map(({ leaseKey }) => leaseKey)])
        assert.deepEqual(missingLeases(shards, all, position), [])
      }),
    )
  })

  it('starts all at the initial position, ancestors first', () => {
    fc.assert(
      fc.property(cases, ([shards, leased, position]) => {
        const made = missingLeases(shards, new Set(leased), position)
        const starts = made.map(
          ({ leaseKey }) =>
            shards.find(({ shardId: id }) => id === leaseKey)?.startingSequenceNumber ?? '',
        )
        assert.deepEqual(starts, [...starts].sort(compareSequenceNumbers))
        for (const { checkpoint } of made) {
          assert.equal(checkpoint.sequenceNumber, sentinelOf(position))
        }
      }),
    )
  })
})
