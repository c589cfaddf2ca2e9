/** Partition key -> shard, against createHash and a comparison with each shard's end. */
import { createHash } from 'node:crypto'
import { hashPartitionKey, newHashWords } from '@millrace/core/internal'
import { evenShards } from '../integration/harness/even-shards.ts'
import type { Benchmark } from './benchmark.ts'
import { freshKeys } from './load.ts'

const KEYS = 10_000
const SHARDS = 8

export function keyToShardBenchmarks(): Benchmark[] {
  const map = evenShards(SHARDS)
  const ends = map.shards.map(({ hashKeyRange: { end } }) =>
    Buffer.from(end.toString(16).padStart(32, '0'), 'hex'),
  )
  const words = newHashWords()
  let keys = freshKeys(KEYS)

  const byWords = (): number => {
    let sum = 0
    for (const key of keys) {
      hashPartitionKey(key, words)
      sum += map.indexFor(words)
    }
    return sum
  }
  const byCreateHash = (): number => {
    let sum = 0
    for (const key of keys) {
      const digest = createHash('md5').update(key).digest()
      let shard = 0
      while (Buffer.compare(digest, ends[shard] as Buffer) > 0) shard++
      sum += shard
    }
    return sum
  }
  if (byWords() !== byCreateHash()) throw new Error('key-to-shard: the two name other shards')

  const common = {
    operations: KEYS,
    prepare: () => {
      keys = freshKeys(KEYS)
    },
  }
  return [
    {
      name: 'key to shard',
      control: 'createHash and compare',
      cases: [
        { ...common, name: 'words', run: byWords },
        { ...common, name: 'createHash and compare', run: byCreateHash },
      ],
      floors: [{ name: 'key to shard', ours: 'words', peer: 'createHash and compare', atLeast: 7 }],
    },
  ]
}
