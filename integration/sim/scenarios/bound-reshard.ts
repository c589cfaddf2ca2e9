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
  const { world, bounds } = stage
  const random = world.random('script')
  const endedMs = new Map<string, number>()
  stage.onWrite = ({ key, after }) => {
    const shardId = key['leaseKey']?.S ?? ''
    if (after?.['checkpoint']?.S !== 'SHARD_END' || endedMs.has(shardId)) return
    endedMs.set(shardId, world.nowMs())
  }
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
  const parents = [...before].filter((shardId) => childrenOf(shardId, shards).length > 0)
  const goal = { rule: 'L6', what: 'parents end', withinMs: PATIENCE_MS }
  if ((await stage.reach(goal, () => parents.every((id) => endedMs.has(id)))) === undefined) return
  const drainedMs = Math.max(...parents.map((shardId) => endedMs.get(shardId) ?? 0))
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
