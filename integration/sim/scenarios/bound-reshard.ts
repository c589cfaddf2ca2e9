/** L6: how soon the children of a split or merged shard are delivered once their parents are read. */
import { sleep } from '@millrace/core/internal'
import { childrenOf } from '../checkers/coverage.ts'
import { planSteady } from '../fleet/bounds-plans.ts'
import { STREAM } from '../fleet/names.ts'
import { mergeOne, splitOne } from '../fleet/reshard.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { CallWatch } from './call-watch.ts'

const PATIENCE_MS = 60_000
const BACKLOG = 20

async function resharded(stage: Stage): Promise<void> {
  const calls = new CallWatch(stage)
  const { world, bounds, table, fleet } = stage
  const random = world.random('script')
  await stage.settled()
  await sleep(4000 + random.next() * 8000)
  const before = new Set(world.kinesis.shards(STREAM).map(({ ShardId }) => ShardId))
  for (let i = random.next() * BACKLOG; i > 0; i--) {
    for (const shardId of before) await stage.put(shardId)
  }
  const pick = Math.floor(random.next() * 999)
  await (random.next() < 0.5 ? splitOne(world, pick) : mergeOne(world, pick))
  const shards = world.kinesis.shards(STREAM)
  const children = shards.map(({ ShardId }) => ShardId).filter((id) => !before.has(id))
  for (const shardId of children) await stage.put(shardId)
  const closedMs = world.nowMs()
  const parents = [...before].filter((shardId) => childrenOf(shardId, shards).length > 0)
  const goal = { rule: 'L6', what: 'parents end', withinMs: PATIENCE_MS }
  if ((await stage.reach(goal, () => parents.every((id) => table.hasEnded(id)))) === undefined)
    return
  // What comes after the last call for a parent is the worker's: to see the end, and to store it.
  const lastCallsMs = parents.flatMap((shardId) =>
    fleet.alive().map((workerId) => calls.lastSettledMs(shardId, workerId)),
  )
  const drainedMs = Math.max(closedMs, ...lastCallsMs)
  const servedMs = await calls.served('L6', children, { afterMs: 0, withinMs: PATIENCE_MS })
  if (servedMs === undefined) return
  for (const shardId of children) {
    const firstMs = calls.firstMs(shardId, 0) ?? 0
    bounds.record('L6', firstMs - drainedMs, `the first record of ${shardId}`)
  }
}

export const BOUND_RESHARD: Scenario = {
  name: 'bound-reshard',
  about: 'L6: the children of a split or merged shard begin when their parents are read',
  plan: planSteady,
  script: resharded,
  everySeeds: 5,
}
