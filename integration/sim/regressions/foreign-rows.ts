/** R42: rows in the lease table that are not this fleet's. */
import { isDeepStrictEqual } from 'node:util'
import type { dynamo } from '@millrace/core'
import { APPLICATION } from '../fleet/names.ts'
import { splitOne } from '../fleet/reshard.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { leaseOfManyStreams, leaseRow, OTHER_STREAM } from './many-streams.ts'
import { allServed, between, reached, smallFleet, steady } from './small-fleet.ts'

/** L3, and the longest handler call. */
const HANDED_OVER_MS = 3500
const SERVED_MS = 20_000

const FOREIGN_ROWS: readonly dynamo.Item[] = [
  leaseOfManyStreams(0, 'java-worker'),
  leaseOfManyStreams(1, undefined),
  { ...leaseOfManyStreams(2, 'java-worker'), checkpoint: { S: 'SHARD_END' } },
  { leaseKey: { S: OTHER_STREAM }, entityType: { S: 'STREAM' }, streamName: { S: OTHER_STREAM } },
  { ...leaseRow('TomorrowsRow', undefined), entityType: { S: 'TOMORROW' } },
  { leaseKey: { S: 'notes-of-an-operator' }, text: { S: 'do not delete' } },
  {
    leaseKey: { S: 'java-worker' },
    entityType: { S: 'WORKER_METRIC_STATS' },
    wid: { N: '5' },
  },
]

async function foreignRows(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet } = stage
  const random = world.random('script')
  const before = stage.openLeases().length
  for (const row of FOREIGN_ROWS) await world.dynamo.putItem({ TableName: APPLICATION, Item: row })
  // They would pass for expired by then.
  await world.sleep(between(random, 12_000, 16_000))
  const { slot, workerId } = random.next() < 0.5 ? stage.leader() : stage.follower()
  const handedOver = stage.heldBy(workerId).length
  fleet.stopAndRestart(slot, between(random, 3500, 6000))
  const goal = { rule: 'R42', what: `${workerId} hands its leases over`, withinMs: HANDED_OVER_MS }
  await stage.reach(goal, () => stage.heldBy(workerId).length === 0 && allServed(stage))
  reached(stage, 'handed-over-beside-foreign-rows', handedOver)
  await splitOne(world, between(random, 0, 99))
  const served = { rule: 'R42', what: 'every shard is served', withinMs: SERVED_MS }
  await stage.reach(served, () => stage.openLeases().length === before + 1 && allServed(stage))
  for (const row of FOREIGN_ROWS) await isUntouched(stage, row)
}

async function isUntouched({ world }: Stage, row: dynamo.Item): Promise<void> {
  const { leaseKey = { S: '' } } = row
  const { Item: now } = await world.dynamo.getItem({ TableName: APPLICATION, Key: { leaseKey } })
  if (isDeepStrictEqual(now, row)) return
  world.violation('R42', `the row ${leaseKey.S} of somebody else was changed`, { now })
}

export const FOREIGN: readonly Scenario[] = [
  {
    name: 'R42',
    about: 'leases of many streams and unknown rows in the table: left alone, handoffs go on',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { shards: 4, disturbedMs: 30_000 }),
    script: foreignRows,
  },
]
