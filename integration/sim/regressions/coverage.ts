/** R23, R32: every hash key has a shard that is read, while a stream grows and when a row is lost. */
import { openShards, splitShard } from '../fleet/reshard.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { allDone } from './fleet-steps.ts'
import { allServed, between, oneOf, reached, smallFleet, steady } from './small-fleet.ts'

const FROM_SHARDS = 10
const TO_SHARDS = 14
/** The service takes five splits a second. */
const SPLIT_EVERY_MS = 210
/** The parents' backlog and their ends, a look of the leader, a discovery. */
const SERVED_MS = 15_000

/** As UpdateShardCount does it: shard after shard, as fast as the service takes it. */
async function growUnderLoad(stage: Stage): Promise<void> {
  await stage.settled()
  const { world, ledger } = stage
  const random = world.random('script')
  let isOver = false
  const load = feedAll(stage, () => isOver)
  await world.sleep(between(random, 0, 5000))
  const parents = openShards(world)
    .sort(() => random.next() - 0.5)
    .slice(0, TO_SHARDS - FROM_SHARDS)
  for (const shard of parents) {
    await splitShard(world, shard)
    await world.sleep(SPLIT_EVERY_MS)
  }
  const goal = { rule: 'R23', what: 'every open shard is served', withinMs: SERVED_MS }
  await stage.reach(goal, () => stage.openLeases().length === TO_SHARDS && allServed(stage))
  isOver = true
  await load
  const puts = ledger.puts.length
  const done = { rule: 'R23', what: 'what came meanwhile is done', withinMs: SERVED_MS }
  await stage.reach(done, () => allDone(stage, puts))
  reached(stage, 'shards-added-under-load', openShards(world).length - FROM_SHARDS)
}

async function feedAll(stage: Stage, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    for (const { ShardId } of openShards(stage.world)) await stage.put(ShardId)
    await stage.world.sleep(400)
  }
}

/** L7. */
const HEALED_MS = 60_000
/** A look of the leader, a discovery; L1 when it may go to a worker that has died with its only lease. */
const BEGUN_MS = 10_000
const L1_MS = 21_000

async function loseRow(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, table, lost, ledger } = stage
  const random = world.random('script')
  await world.sleep(between(random, 0, 20_000))
  const before = new Set(table.rows.keys())
  await lost.lose(world, between(random, 0, 99))
  const [shardId = ''] = [...before].filter((key) => !table.rows.has(key))
  reached(stage, 'row-deleted-by-hand', shardId === '' ? 0 : 1)
  const dies = random.next() < 0.3
  if (dies) fleet.killAndRestart(stage.leader().slot, between(random, 0, 9000))
  // Nobody reads it meanwhile; at LATEST it must not begin behind this.
  for (let i = between(random, 1, 5); i > 0; i--) await stage.put(shardId)
  const puts = ledger.puts.length
  const goal = { rule: 'R32', what: `${shardId} has a lease again`, withinMs: HEALED_MS }
  await stage.reach(goal, () => table.rows.has(shardId))
  const done = { rule: 'R32', what: 'what came meanwhile is done' }
  const withinMs = dies ? L1_MS : BEGUN_MS
  await stage.reach({ ...done, withinMs }, () => allDone(stage, puts) && allServed(stage))
}

export const COVERAGE: readonly Scenario[] = [
  {
    name: 'R23',
    about: 'a stream of 10 shards grows to 14 under load: every open shard is read within seconds',
    everySeeds: 50,
    plan: (random) => smallFleet(random, { shards: FROM_SHARDS, records: 150 }),
    script: growUnderLoad,
  },
  {
    name: 'R32',
    about: 'a row deleted by hand leaves a hole: found and healed, nothing is skipped',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, {
        workers: 2,
        shards: between(random, 2, 4),
        initialPosition: oneOf(random, 'TRIM_HORIZON', 'LATEST'),
      }),
    script: loseRow,
  },
]
