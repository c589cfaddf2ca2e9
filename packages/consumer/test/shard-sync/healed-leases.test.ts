import assert from 'node:assert/strict'
import { MAX_HASH_KEY, type Shard } from '@millrace/core'
import type { Lease, NewLease } from '../../src/lease/lease.ts'
import type { InitialPosition } from '../../src/options.ts'
import { type LostRows, leasesToAdd } from '../../src/shard-sync/healed-leases.ts'
import { leaseOf, position } from '../lease/leases.ts'
import { type Kin, shardId, shardOf } from './lineage.ts'

const NOTHING: LostRows = { remembered: [], holes: [] }
const ALL = [{ start: 0n, end: MAX_HASH_KEY }]
const SHARD_END = position('SHARD_END')
const AT_TIMESTAMP: InitialPosition = { atTimestamp: new Date(200) }

function lease(id: number, at: string | number, fields: Partial<Lease> = {}): Lease {
  return leaseOf(shardId(id), { checkpoint: position(at), ...fields })
}

function shown(leases: readonly NewLease[]): string[] {
  return leases.map(
    ({ leaseKey, checkpoint, startTimestampMs }) =>
      `${Number(leaseKey.slice(8))} @${checkpoint.sequenceNumber}${
        startTimestampMs === undefined ? '' : ` from ${startTimestampMs}`
      }`,
  )
}

function added(
  shards: readonly Shard[],
  leases: readonly Lease[],
  initialPosition: InitialPosition,
  lost: LostRows = NOTHING,
): string[] {
  return shown(leasesToAdd(shards, leases, lost, initialPosition, NOW_MS))
}

const NOW_MS = 1_700_000_000_000
const listed = (...kin: readonly Kin[]): Shard[] => kin.map(shardOf)
const two = listed({ id: 0, open: true }, { id: 1, open: true })
// 0 was split into 1 and 2.
const split = listed(
  { id: 0 },
  { id: 1, parents: [0], open: true },
  { id: 2, parents: [0], open: true },
)
// 0 and 1 were merged into 2.
const merged = listed({ id: 0 }, { id: 1 }, { id: 2, parents: [0, 1], open: true })
const positions: readonly InitialPosition[] = ['TRIM_HORIZON', 'LATEST', AT_TIMESTAMP]

describe('leasesToAdd', () => {
  it('restores a row where it was last seen, its counter above what was seen', () => {
    const gone = lease(1, 4711, { leaseCounter: 40, startTimestampMs: 5 })
    for (const initial of positions) {
      const [restored, ...others] = leasesToAdd(
        two,
        [lease(0, 7)],
        { remembered: [gone], holes: ALL },
        initial,
        NOW_MS,
      )
      assert.deepEqual(others, [])
      assert.equal(restored?.leaseKey, shardId(1))
      assert.deepEqual(restored.checkpoint, position(4711))
      assert.equal(restored.leaseCounter, NOW_MS)
      assert.equal(restored.startTimestampMs, 5)
      assert.equal(restored.leaseOwner, undefined)
    }
  })

  it('restores no row of a former stream of the same name', () => {
    const lost = { remembered: [lease(1, 999)], holes: ALL }
    assert.deepEqual(added(two, [lease(0, 1000)], 'LATEST', lost), ['1 @TRIM_HORIZON'])
  })

  it('restores no row whose hash keys others cover, and none of a shard that is gone', () => {
    const leases = two.map(({ shardId: id }) => leaseOf(id, { checkpoint: position(1) }))
    const remembered = [lease(1, 4711), lease(9, 4711)]
    assert.deepEqual(added(two, leases, 'LATEST', { remembered, holes: [] }), [])
    assert.deepEqual(
      added(two, [lease(0, 1)], 'TRIM_HORIZON', { remembered: [lease(9, 4711)], holes: ALL }),
      ['1 @TRIM_HORIZON'],
    )
  })

  it('begins the child of an ended shard at its beginning, whatever the initial position', () => {
    for (const initial of positions) {
      const ended = lease(0, 'SHARD_END')
      assert.deepEqual(added(split, [ended, lease(1, 9)], initial), ['2 @TRIM_HORIZON'])
      assert.deepEqual(added(split, [ended], initial), ['1 @TRIM_HORIZON', '2 @TRIM_HORIZON'])
    }
  })

  it('begins below an ended shard in order: a grandchild waits for its parent', () => {
    const line = listed({ id: 0 }, { id: 1, parents: [0] }, { id: 2, parents: [1], open: true })
    assert.deepEqual(added(line, [lease(0, 'SHARD_END')], 'LATEST'), ['1 @TRIM_HORIZON'])
  })

  it('does not read a parent again that was tidied away: its other child tells', () => {
    assert.deepEqual(added(split, [lease(1, 9)], 'TRIM_HORIZON'), ['2 @TRIM_HORIZON'])
    assert.deepEqual(added(split, [lease(1, 9)], AT_TIMESTAMP), ['2 @AT_TIMESTAMP'])
  })

  it('makes nothing for parents that were tidied away while all their children have leases', () => {
    for (const initial of positions) {
      assert.deepEqual(added(split, [lease(1, 9), lease(2, 9)], initial), [])
      assert.deepEqual(added(merged, [lease(2, 9)], initial), [])
    }
  })

  it('from LATEST skips nothing that was written since the application began', () => {
    const begun = lease(0, 'LATEST', { startTimestampMs: 300 })
    assert.deepEqual(added(two, [begun], 'LATEST'), ['1 @LATEST from 300'])
    assert.deepEqual(added(two, [lease(0, 7)], 'LATEST'), ['1 @TRIM_HORIZON'])
    assert.deepEqual(added(merged, [lease(9, 7, { startTimestampMs: 300 })], 'LATEST'), [
      '0 @LATEST from 300',
      '1 @LATEST from 300',
    ])
  })

  it('completes a table that was half made at LATEST, of which nothing was read yet', () => {
    assert.deepEqual(added(two, [lease(0, 'LATEST')], 'LATEST'), ['1 @LATEST'])
  })

  it('goes on behind shards that retention has trimmed while nobody ran', () => {
    const orphan = listed({ id: 5, parents: [3], open: true })
    assert.deepEqual(added(orphan, [lease(1, 7)], 'LATEST'), ['5 @TRIM_HORIZON'])
    assert.deepEqual(added(orphan, [leaseOf(shardId(3), { checkpoint: SHARD_END })], 'LATEST'), [
      '5 @TRIM_HORIZON',
    ])
  })
})
