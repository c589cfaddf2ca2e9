/** R15, R16, R17: what a handler stores, stores late or never stores at the end of a shard. */
import type { ShardContext } from '@millrace/consumer'
import type { Random } from '@millrace/core'
import type { HandlerCall } from '../fleet/handlers.ts'
import type { HistoryPlan } from '../fleet/history-plan.ts'
import { STREAM } from '../fleet/names.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { allServed, between, oneOf, reached, smallFleet, steady, writeOf } from './small-fleet.ts'

/** A read, the end, and children that somebody takes up. */
const ENDED_MS = 10_000
const SERVED_MS = 15_000

type LastRecord = Pick<HandlerCall['records'][number], 'sequenceNumber' | 'subSequenceNumber'>

interface EndingShard {
  readonly shardId: string
  /** As its handler saw it last. */
  shard: ShardContext | undefined
  last: LastRecord | undefined
  shardEndCalls: number
}

/** Splits a shard that has records; `during` is what its handler does besides. */
async function split(
  stage: Stage,
  during: (ending: EndingShard, call: HandlerCall) => Promise<void>,
  beforeLast: (shardId: string) => void = () => {},
): Promise<EndingShard> {
  await steady(stage)
  const { world } = stage
  const random = world.random('script')
  const open = stage.openLeases().map(([shardId]) => shardId)
  const shardId = open[between(random, 0, open.length - 1)] ?? ''
  const ending: EndingShard = { shardId, shard: undefined, last: undefined, shardEndCalls: 0 }
  stage.onCall = async (call) => {
    if (call.shard.shardId !== shardId) return
    ending.shard = call.shard
    ending.last = call.records.at(-1) ?? ending.last
    if (call.during === 'shard-end') ending.shardEndCalls++
    await during(ending, call)
  }
  for (let record = between(random, 0, 3); record > 0; record--) {
    await stage.put(shardId)
    await world.sleep(between(random, 0, 400))
  }
  beforeLast(shardId)
  await stage.put(shardId)
  await splitShard(stage, shardId)
  return ending
}

async function splitShard({ world }: Stage, shardId: string): Promise<void> {
  const shard = world.kinesis.shards(STREAM).find(({ ShardId }) => ShardId === shardId)
  if (shard === undefined) throw new Error(`no shard ${shardId}`)
  const { StartingHashKey, EndingHashKey } = shard.HashKeyRange
  await world.kinesis.splitShard({
    StreamName: STREAM,
    ShardToSplit: shardId,
    NewStartingHashKey: ((BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n + 1n).toString(),
  })
}

/** SHARD_END is stored, and both children are read. */
async function ends(stage: Stage, rule: string, { shardId }: EndingShard): Promise<void> {
  const stored = { rule, what: `SHARD_END of ${shardId}`, withinMs: ENDED_MS }
  await stage.reach(stored, () => stage.table.hasEnded(shardId))
  const { world } = stage
  const children = world.kinesis
    .shards(STREAM)
    .filter(({ ParentShardId }) => ParentShardId === shardId)
    .map(({ ShardId }) => ShardId)
  const fromMs = world.nowMs()
  for (const child of children) await stage.put(child)
  const read = { rule, what: `the children of ${shardId} are read`, withinMs: SERVED_MS }
  await stage.reach(read, () =>
    children.every((child) => stage.deliveries.lastCallMs(child) >= fromMs),
  )
  await stage.reach({ ...read, what: 'every shard is served' }, () => allServed(stage))
}

/** By the handler while its shard ends, by a call that it did not wait for, or by the network. */
async function lateCheckpoint(stage: Stage): Promise<void> {
  const { world, table } = stage
  const random = world.random('script')
  const by = oneOf(random, 'handler', 'network')
  const lateMs = between(random, 0, 3000)
  let isLate = false
  let watched: string | undefined
  const fault = world.dynamo.injectFault({
    operation: 'updateItem',
    kind: 'delay',
    delayed: oneOf(random, 'request', 'reply'),
    // Also beyond the time that a call may take: its sender has gone on by then.
    delayMs: between(random, 500, 6000),
    when: (input) => {
      const { kind, leaseKey } = writeOf(input)
      if (leaseKey !== watched || kind !== 'checkpoint') return false
      isLate = true
      return true
    },
  })
  const late: Promise<void>[] = []
  const checkpointsLate = async (
    { last, shard }: EndingShard,
    { during }: HandlerCall,
  ): Promise<void> => {
    if (by !== 'handler' || during !== 'shard-end' || shard === undefined) return
    isLate = true
    const checkpoints = async (waitMs: number): Promise<void> => {
      await world.sleep(waitMs)
      await shard.checkpoint(last).catch(() => undefined)
    }
    // Some while SHARD_END is on its way, some after.
    late.push(checkpoints(0), checkpoints(between(random, 0, 30)), checkpoints(lateMs))
  }
  const one = await split(stage, checkpointsLate, (shardId) => {
    if (by === 'network') watched = shardId
  })
  await ends(stage, 'R15', one)
  await Promise.all(late)
  await world.sleep(lateMs)
  fault.clear()
  reached(stage, `late-checkpoint-by-${by}`, isLate ? 1 : 0)
  const row = table.rows.get(one.shardId)
  if (row !== undefined && row.checkpoint.sequenceNumber !== 'SHARD_END') {
    world.violation('R15', `${one.shardId} stands at ${row.checkpoint.sequenceNumber}`)
  }
}

/** By hand while it works, then again at the end, as KCL's processors do. */
async function lastRecordTwice(stage: Stage): Promise<void> {
  const { world } = stage
  const random = world.random('script')
  let stored = 0
  let again = 0
  const how = oneOf(random, 'where-it-is', 'the-record', 'the-end-by-name')
  const ending = await split(stage, async ({ last }, { during, records, shard }) => {
    if (during === 'records' && records.length > 0) stored++
    if (during !== 'shard-end') return
    const refused = (error: unknown): void => {
      world.violation('R16', `a checkpoint at the end of its shard was refused: ${String(error)}`)
    }
    // Its own batches were followed by checkpoints: this one says nothing new.
    const at = { 'where-it-is': undefined, 'the-record': last, 'the-end-by-name': 'SHARD_END' }
    await shard.checkpoint(at[how]).then(() => again++, refused)
  })
  await ends(stage, 'R16', ending)
  reached(stage, 'last-record-checkpointed-twice', Math.min(stored, again))
  if (ending.shardEndCalls > 1) {
    world.violation('R16', `its handler was told of the end ${ending.shardEndCalls} times`)
  }
}

async function neverCheckpoints(stage: Stage): Promise<void> {
  let unstored = 0
  const ending = await split(stage, async (_ending, { leaveUnstored, during }) => {
    if (during === 'records') unstored++
    leaveUnstored()
  })
  await ends(stage, 'R17', ending)
  reached(stage, 'shard-ended-without-a-checkpoint', ending.shardEndCalls > 0 ? unstored : 0)
}

function planOf(random: Random): HistoryPlan {
  return smallFleet(random, {
    workers: between(random, 1, 3),
    shards: 2,
    handler: 'processor',
    records: 40,
    // An ended lease can be looked at afterwards.
    leaseCleanup: { intervalMs: 60_000, completedAfterMs: 600_000 },
  })
}

export const SHARD_END: readonly Scenario[] = [
  {
    name: 'R15',
    about: 'an ordinary checkpoint that comes after SHARD_END, or is on its way then: it loses',
    everySeeds: 20,
    plan: planOf,
    script: lateCheckpoint,
  },
  {
    name: 'R16',
    about:
      'the last record is checkpointed, and again at the end: SHARD_END is stored all the same',
    everySeeds: 20,
    plan: planOf,
    script: lastRecordTwice,
  },
  {
    name: 'R17',
    about: 'a handler that never checkpoints: its shard ends and the children are read',
    everySeeds: 20,
    plan: planOf,
    script: neverCheckpoints,
  },
]
