/** Splits and merges of the simulated stream, as an operator would ask for them. */
import type { kinesis } from '@millrace/core'
import type { SimulatedWorld } from '@millrace/testing'
import { STREAM } from './names.ts'

export async function splitOne(world: SimulatedWorld, pick: number): Promise<void> {
  const open = openShards(world)
  const shard = open[pick % open.length]
  if (shard !== undefined) await splitShard(world, shard)
}

/** In the middle. */
export async function splitShard(
  world: SimulatedWorld,
  { ShardId, HashKeyRange }: Pick<kinesis.ServiceShard, 'ShardId' | 'HashKeyRange'>,
): Promise<void> {
  const { StartingHashKey, EndingHashKey } = HashKeyRange
  const middle = (BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n + 1n
  await world.kinesis.splitShard({
    StreamName: STREAM,
    ShardToSplit: ShardId,
    NewStartingHashKey: middle.toString(),
  })
  world.count('reshard.split')
}

export async function mergeOne(world: SimulatedWorld, pick: number): Promise<void> {
  const open = openShards(world)
  if (open.length < 2) return
  const at = pick % (open.length - 1)
  const [left, right] = [open[at], open[at + 1]]
  if (left === undefined || right === undefined) return
  await world.kinesis.mergeShards({
    StreamName: STREAM,
    ShardToMerge: left.ShardId,
    AdjacentShardToMerge: right.ShardId,
  })
  world.count('reshard.merge')
}

/** In the order of their hash key ranges, so that neighbours stand side by side. */
export function openShards(world: SimulatedWorld): kinesis.ServiceShard[] {
  return world.kinesis
    .shards(STREAM)
    .filter(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined)
    .sort((a, b) =>
      BigInt(a.HashKeyRange.StartingHashKey) < BigInt(b.HashKeyRange.StartingHashKey) ? -1 : 1,
    )
}
