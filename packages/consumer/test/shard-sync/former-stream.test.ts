import assert from 'node:assert/strict'
import { MAX_HASH_KEY, type Shard } from '@millrace/core'
import fc from 'fast-check'
import type { Lease } from '../../src/lease/lease.ts'
import { formerStream } from '../../src/shard-sync/former-stream.ts'
import { leaseOf, position } from '../lease/leases.ts'
import { histories, shardId, shardOf } from './lineage.ts'

const shards: readonly Shard[] = [
  shardOf({ id: 3 }),
  shardOf({ id: 4, parents: [3], open: true }),
  shardOf({ id: 5, parents: [3], open: true }),
]
const range = { start: 0n, end: MAX_HASH_KEY }
const lease = (id: number, at: string | number, fields: Partial<Lease> = {}): Lease =>
  leaseOf(shardId(id), { checkpoint: position(at), hashKeyRange: range, ...fields })

describe('formerStream', () => {
  it('finds nothing in leases that fit, of trimmed shards and of new ones', () => {
    const leases = [
      lease(1, 7),
      lease(3, 'SHARD_END'),
      lease(4, 1004),
      lease(5, 'TRIM_HORIZON', { hashKeyRange: undefined }),
    ]
    assert.equal(formerStream(leases, shards), undefined)
    assert.equal(formerStream([], shards), undefined)
    assert.equal(formerStream(leases, []), undefined)
  })

  const cases: readonly (readonly [string, Lease, RegExp])[] = [
    ['other hash keys', lease(4, 'LATEST', { hashKeyRange: { start: 0n, end: 9n } }), /0 to 9/],
    ['a position before the shard began', lease(4, 1003), /up to 1003, but it began at 1004/],
    ['an ended lease of an open shard', lease(5, 'SHARD_END'), /to its end, but it is open/],
    ['a lease newer than every shard', lease(6, 'LATEST'), /no shard after shardId-000000000005/],
  ]
  for (const [what, misfit, why] of cases) {
    it(`is given away by ${what}`, () => {
      assert.match(formerStream([lease(4, 1004), misfit], shards) ?? '', why)
    })
  }

  it('is not given away by an ended shard that looks open beside its children', () => {
    const lagging = shards.map((shard) => ({ ...shard, endingSequenceNumber: undefined }))
    assert.equal(formerStream([lease(3, 'SHARD_END'), lease(4, 1004)], lagging), undefined)
    const [parent] = lagging
    assert.match(
      formerStream([lease(3, 'SHARD_END')], parent === undefined ? [] : [parent]) ?? '',
      /to its end, but it is open/,
    )
  })

  it('finds nothing in any history of one stream, wherever its leases stand', () => {
    const drawn = histories.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.array(fc.constantFrom('TRIM_HORIZON', 'LATEST', 'number', 'SHARD_END', undefined), {
          minLength: all.length,
          maxLength: all.length,
        }),
        fc.nat(3),
      ),
    )
    fc.assert(
      fc.property(drawn, ([all, at, trimmed]) => {
        const leases = all.flatMap((shard, i) => {
          const drawnAt = at[i]
          if (drawnAt === undefined) return []
          const isOpen = shard.endingSequenceNumber === undefined
          const sequenceNumber =
            drawnAt === 'number' || (drawnAt === 'SHARD_END' && isOpen)
              ? shard.startingSequenceNumber
              : drawnAt
          const { hashKeyRange } = shard
          return [leaseOf(shard.shardId, { checkpoint: position(sequenceNumber), hashKeyRange })]
        })
        const kept = all.filter(
          (shard, i) => i >= trimmed || shard.endingSequenceNumber === undefined,
        )
        assert.equal(formerStream(leases, kept), undefined)
      }),
    )
  })
})
