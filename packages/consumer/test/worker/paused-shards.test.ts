import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PausedShards } from '../../src/worker/paused-shards.ts'

describe('PausedShards', () => {
  it('pauses shards to come when all are paused, but for those resumed since', () => {
    const paused = new PausedShards()
    paused.pause(undefined)
    paused.resume(['a'])
    assert.equal(paused.has('a'), false)
    assert.equal(paused.has('b'), true)
    paused.pause(['a'])
    assert.equal(paused.has('a'), true)
    paused.resume(undefined)
    assert.equal(paused.has('b'), false)
  })

  it('says of each shard what was last said of it, or of all', () => {
    const ids = ['a', 'b', 'c']
    const step = fc.record({
      pause: fc.boolean(),
      shardIds: fc.option(fc.subarray(ids), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const paused = new PausedShards()
        const expected = new Map(ids.map((id) => [id, false]))
        for (const { pause, shardIds } of steps) {
          if (pause) paused.pause(shardIds)
          else paused.resume(shardIds)
          for (const id of shardIds ?? ids) expected.set(id, pause)
        }
        for (const id of ids) assert.equal(paused.has(id), expected.get(id))
      }),
    )
  })
})
