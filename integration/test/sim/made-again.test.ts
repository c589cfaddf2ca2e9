import assert from 'node:assert/strict'
import type { kinesis } from '@millrace/core'
import { MadeAgain } from '../../sim/checkers/made-again.ts'

function shard(ShardId: string, ParentShardId?: string, other?: string): kinesis.ServiceShard {
  return {
    ShardId,
    ...(ParentShardId === undefined ? {} : { ParentShardId }),
    ...(other === undefined ? {} : { AdjacentParentShardId: other }),
    HashKeyRange: { StartingHashKey: '0', EndingHashKey: '1' },
    SequenceNumberRange: { StartingSequenceNumber: '1' },
  }
}

/** a split into b and c, which merged into d; e beside it. */
const SHARDS = [shard('a'), shard('b', 'a'), shard('c', 'a'), shard('d', 'b', 'c'), shard('e')]

describe('MadeAgain', () => {
  it('allows the lost row and its ancestors, and nothing once the row is back', () => {
    const again = new MadeAgain(() => SHARDS)
    const allowed = (lost: string[]): string[] =>
      SHARDS.map(({ ShardId }) => ShardId).filter((id) => again.isFair(id, new Set(lost)))
    assert.deepEqual(allowed(['d']), ['a', 'b', 'c', 'd'])
    assert.deepEqual(allowed(['b']), ['a', 'b'])
    assert.deepEqual(allowed([]), [])
  })

  it('allows once what follows a shard that is read again, except what has a row', () => {
    const again = new MadeAgain(() => SHARDS)
    again.made('a', new Map([['c', {}]]))
    const none = new Set<string>()
    assert.equal(again.isFair('b', none), true)
    assert.equal(again.isFair('c', none), false)
    again.made('b', new Map())
    assert.equal(again.isFair('b', none), false)
    assert.equal(again.isFair('d', none), true)
  })
})
