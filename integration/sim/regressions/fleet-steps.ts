/** Steps that several scripts take: all workers stop, all start, everything put is done. */
import { STREAM } from '../fleet/names.ts'
import { openShards, splitShard } from '../fleet/reshard.ts'
import type { Stage } from '../fleet/stage.ts'
import { allServed } from './small-fleet.ts'

/** Of close(), and what a process waits for besides. */
const STOPPED_MS = 10_000

/** Every shard within retention, open and closed. */
export function shardIds({ world }: Stage): string[] {
  return world.kinesis.shards(STREAM).map(({ ShardId }) => ShardId)
}

/** The first so many puts are done. */
export function allDone({ ledger }: Stage, puts: number): boolean {
  return ledger.undone().every((id) => id >= puts)
}

/** Those that are not up. */
export function startAll({ fleet, plan }: Stage): void {
  for (let slot = 0; slot < plan.workers; slot++) if (!fleet.isUp(slot)) fleet.start(slot)
}

/** In order; they stay down. */
export async function stopAll(stage: Stage): Promise<void> {
  const { fleet, plan } = stage
  for (let slot = 0; slot < plan.workers; slot++) fleet.stop(slot)
  const goal = { rule: 'L3', what: 'all workers have stopped', withinMs: STOPPED_MS }
  await stage.reach(goal, () => fleet.alive().length === 0)
}

/** Splits a shard in the middle. @returns its children */
export async function splitNamed({ world }: Stage, shardId: string): Promise<string[]> {
  const shard = openShards(world).find(({ ShardId }) => ShardId === shardId)
  if (shard === undefined) throw new Error(`no open shard ${shardId}`)
  await splitShard(world, shard)
  return world.kinesis
    .shards(STREAM)
    .filter(({ ParentShardId }) => ParentShardId === shardId)
    .map(({ ShardId }) => ShardId)
}

/** Everything that was put is done, every open shard is worked on. */
export async function served(stage: Stage, rule: string, withinMs: number): Promise<void> {
  const puts = stage.ledger.puts.length
  const goal = { rule, what: 'every open shard is served, all that was put is done', withinMs }
  await stage.reach(goal, () => allDone(stage, puts) && allServed(stage))
}
