/** Splits and merges of the simulated stream, as an operator would ask for them. */
import type { kinesis } from '@millrace/core'
import type { SimulatedWorld } from '@millrace/testing'
import { STREAM } from './names.ts'

/** @returns whether there was one */
export async function splitOne(world: SimulatedWorld, pick: number): Promise<boolean> {
  const open = openShards(world)
  const shard = open[pick % open.length]
  if (shard === undefined) return false
  await splitShard(world, shard)
  return true
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

/** @returns whether there were two */
export async function mergeOne(world: SimulatedWorld, pick: number): Promise<boolean> {
  const open = openShards(world)
  if (open.length < 2) return false
  const at = pick % (open.length - 1)
  const [left, right] = [open[at], open[at + 1]]
  if (left === undefined || right === undefined) return false
  await world.kinesis.mergeShards({
    StreamName: STREAM,
    ShardToMerge: left.ShardId,
    AdjacentShardToMerge: right.ShardId,
  })
  world.count('reshard.merge')
  return true
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
