/** R55, R56: how often a service is called when everything fails, or ends, at once. */
import type { kinesis } from '@millrace/core'
import { STREAM } from '../fleet/names.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import {
  allServed,
  between,
  holdLockUp,
  oneOf,
  reached,
  smallFleet,
  steady,
} from './small-fleet.ts'

const FAILING_MS = 30_000
/** Reads of a calm shard: one each 500 ms. */
const IDLE_READS_PER_SECOND = 2
/** Once back-off has grown, a read each 2.5 s on average. */
const GROWN_MS = 10_000
/** L9: the cap of the back-off, and a read. */
const READ_AGAIN_MS = 10_000

async function readsFail(stage: Stage): Promise<void> {
  const { world, deliveries } = stage
  const random = world.random('script')
  // From the first read on, or after many that worked.
  if (random.next() < 0.5) await steady(stage)
  const fault = world.kinesis.injectFault({
    operation: 'getRecords',
    kind: oneOf(random, 'fail', 'throttle'),
    times: Number.POSITIVE_INFINITY,
  })
  const reads = (): number => world.counted('call.kinesis.getRecords')
  const before = reads()
  await world.sleep(GROWN_MS)
  const grown = reads()
  await world.sleep(FAILING_MS - GROWN_MS)
  fault.clear()
  const [all, later] = [reads() - before, reads() - grown]
  reached(stage, 'read-fails', all)
  if (all > (IDLE_READS_PER_SECOND * FAILING_MS) / 1000) {
    world.violation('R55', `${all} reads in ${FAILING_MS} ms, which all failed`)
  }
  if (later > (FAILING_MS - GROWN_MS) / 1000) {
    world.violation('R55', `${later} reads although they had failed for ${GROWN_MS} ms`)
  }
  const fromMs = world.nowMs()
  await stage.put(SHARD)
  const goal = { rule: 'R55', what: 'records are read again', withinMs: READ_AGAIN_MS }
  await stage.reach(goal, () => deliveries.lastCallMs(SHARD) > fromMs)
}

const SHARD = 'shardId-000000000000'
const MANY = 50
const WORKERS = 2
/** All ends are seen with the next reads; what is written then takes a moment. */
const TOGETHER_MS = 2000
const SERVED_MS = 20_000
/** Of the leader's audits, and of one worker that was not sure. */
const MOST_LISTS = 4
/** The service takes five a second. */
const RESHARD_MS = 210

async function manyEndTogether(stage: Stage): Promise<void> {
  const { world } = stage
  const random = world.random('script')
  const lock = holdLockUp(stage, 'fail')
  await world.sleep(4000)
  lock.clear()
  await stage.settled()
  await world.sleep(between(random, 0, 2000))
  const hidden = world.kinesis.injectFault({
    operation: 'getRecords',
    kind: 'empty-page',
    times: Number.POSITIVE_INFINITY,
  })
  const ending = stage.openLeases().map(([shardId]) => shardId)
  await mergeAll(stage)
  const before = world.counted('call.kinesis.listShards')
  hidden.clear()
  await world.sleep(TOGETHER_MS)
  const ended = ending.filter((shardId) => stage.table.hasEnded(shardId)).length
  reached(stage, 'shards-ended-together', ended > MANY / 2 ? ended : 0)
  const goal = { rule: 'R56', what: 'every child is served', withinMs: SERVED_MS, everyMs: 250 }
  await stage.reach(goal, () => stage.openLeases().length === MANY / 2 && allServed(stage))
  const lists = world.counted('call.kinesis.listShards') - before
  if (lists > MOST_LISTS) world.violation('R56', `${lists} shard lists for ${ended} ends`)
}

/** Hidden by empty pages meanwhile: all ends are seen together. */
async function mergeAll({ world }: Stage): Promise<void> {
  const shards = [...world.kinesis.shards(STREAM)].sort((a, b) =>
    startOf(a) < startOf(b) ? -1 : 1,
  )
  for (let i = 0; i + 1 < shards.length; i += 2) {
    const [left, right] = [shards[i], shards[i + 1]]
    if (left === undefined || right === undefined) continue
    await world.kinesis.mergeShards({
      StreamName: STREAM,
      ShardToMerge: left.ShardId,
      AdjacentShardToMerge: right.ShardId,
    })
    await world.sleep(RESHARD_MS)
  }
}

function startOf({ HashKeyRange }: kinesis.ServiceShard): bigint {
  return BigInt(HashKeyRange.StartingHashKey)
}

export const CALL_RATES: readonly Scenario[] = [
  {
    name: 'R55',
    about: 'every read fails: reads get rarer, and go on once they work',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: 2, shards: 1, records: 40 }),
    script: readsFail,
  },
  {
    name: 'R56',
    about: '50 shards end together: the shard list is not asked for by each of them',
    everySeeds: 50,
    plan: (random) => {
      const plan = smallFleet(random, { workers: WORKERS, shards: MANY, records: 40, clocks: [] })
      return { ...plan, sizes: { ...plan.sizes, listShardsPageSize: 1000, maxRecords: 10_000 } }
    },
    script: manyEndTogether,
  },
]
