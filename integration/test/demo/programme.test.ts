import assert from 'node:assert/strict'
import { MAX_HASH_KEY, type Shard } from '@millrace/core'
import type { WorkerView } from '../../demo/fleet-view.ts'
import { chooseVictim, dueStep } from '../../demo/programme.ts'
import { chooseMerge, chooseSplit } from '../../demo/reshard-choice.ts'

describe('dueStep', () => {
  it('takes each step once, among the puts', () => {
    assert.equal(dueStep(0, 7, 100), undefined)
    assert.equal(dueStep(0, 8, 100), 'join')
    assert.equal(dueStep(1, 10, 100), undefined)
    assert.equal(dueStep(1, 35, 100), 'split')
    assert.equal(dueStep(2, 35, 100), undefined)
    assert.equal(dueStep(2, 90, 100), 'kill')
    assert.equal(dueStep(3, 90, 100), 'merge')
    assert.equal(dueStep(4, 100, 100), undefined)
  })
})

describe('chooseVictim', () => {
  const worker = (pid: number, held: string[], rest: Partial<WorkerView> = {}): WorkerView => ({
    pid,
    held: new Set(held),
    delivered: 1,
    alive: true,
    ...rest,
  })

  it('hits the live worker with the most shards', () => {
    const workers = [
      worker(1, ['a']),
      worker(2, ['b', 'c']),
      worker(3, ['d', 'e', 'f'], { alive: false }),
    ]
    assert.equal(chooseVictim(workers)?.pid, 2)
  })

  it('waits for one that is at work', () => {
    assert.equal(chooseVictim([worker(1, []), worker(2, ['a'], { delivered: 0 })]), undefined)
  })
})

describe('resharding', () => {
  const quarter = (MAX_HASH_KEY + 1n) / 4n
  const shard = (index: number, rest: Partial<Shard> = {}): Shard => ({
    shardId: `s${index}`,
    parentShardIds: [],
    hashKeyRange: { start: BigInt(index) * quarter, end: BigInt(index + 1) * quarter - 1n },
    startingSequenceNumber: '1',
    endingSequenceNumber: undefined,
    ...rest,
  })
  const load: Readonly<Record<string, number>> = { s0: 5, s1: 1, s2: 9, s3: 2 }
  const loadOf = (shardId: string): number => load[shardId] ?? 0

  it('splits the fullest open shard in the middle', () => {
    const shards = [shard(0), shard(1), shard(2, { endingSequenceNumber: '9' }), shard(3)]
    assert.deepEqual(chooseSplit(shards, loadOf), {
      shardId: 's0',
      newStartingHashKey: String(quarter / 2n),
    })
    assert.equal(
      chooseSplit([shard(0, { hashKeyRange: { start: 0n, end: 1n } })], loadOf),
      undefined,
    )
  })

  it('merges the two open neighbours with the least load', () => {
    assert.deepEqual(chooseMerge([shard(3), shard(1), shard(0), shard(2)], loadOf), ['s0', 's1'])
  })

  it('leaves children alone while there are others, and takes them when there are none', () => {
    const child = { parentShardIds: ['p'] }
    assert.deepEqual(chooseMerge([shard(0, child), shard(1), shard(2), shard(3)], loadOf), [
      's1',
      's2',
    ])
    assert.deepEqual(chooseMerge([shard(0, child), shard(1, child)], loadOf), ['s0', 's1'])
  })

  it('merges nothing when no two open shards touch', () => {
    assert.equal(chooseMerge([shard(0), shard(2)], loadOf), undefined)
  })
})
