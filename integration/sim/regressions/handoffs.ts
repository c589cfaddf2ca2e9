/** R39, R40, R41: handoffs of which a side is gone, or has not even begun to read. */
import type { dynamo } from '@millrace/core'
import { APPLICATION, HANDOFF_TIMEOUT_MS, STREAM } from '../fleet/names.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { holdCalls } from './handler-hold.ts'
import {
  allServed,
  askFor,
  between,
  hasBegun,
  oneOf,
  pickLease,
  reached,
  smallFleet,
  steady,
} from './small-fleet.ts'

const L1_MS = 21_000
/** F as seen by one that has just come up, and two looks. */
const PICKED_UP_MS = 15_000
/** The holder hears with its next renewal, and has nothing to finish. */
const HANDED_OVER_MS = 5000
/** The holder's time, F on top, and two looks of the leader. */
const DEADLINE_MS = HANDOFF_TIMEOUT_MS + 10_000 + 4000
/** A discovery and the first renewal. */
const BEGUN_MS = 3000
const RENEWAL_MS = 2000

/** Owner A, holder B: B is killed and comes back, under its old name or a new one, to a fleet of one. */
async function onlyWorkerRestarts(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, table } = stage
  const random = world.random('script')
  const { shardId, owner: holder } = pickLease(stage, random)
  const promised = fleet.alive().find((id) => id !== holder) ?? ''
  const [from, to] = [fleet.slotOf(holder) ?? 0, fleet.slotOf(promised) ?? 1]
  const hold = holdCalls(stage, (call) => call.shard.shardId === shardId)
  await stage.put(shardId)
  await stage.reach({ rule: 'SCENARIO', what: 'a call', withinMs: 2000 }, () => hold.calls > 0)
  await askFor(stage, shardId, { from: holder, to: promised })
  await world.sleep(between(random, 0, 6000))
  const ends = oneOf(random, 'killed', 'stopped')
  if (ends === 'killed') fleet.handle(to)?.kill()
  else {
    fleet.stop(to)
    const gone = { rule: 'SCENARIO', what: 'the promised owner is gone', withinMs: 3000 }
    await stage.reach(gone, () => !fleet.isAlive(promised))
  }
  const isStuck = table.rows.get(shardId)?.checkpointOwner === holder
  reached(stage, `stuck-handoff-next-owner-${ends}`, isStuck ? 1 : 0)
  fleet.killAndRestart(from, between(random, 0, 3000))
  hold.release()
  await stage.reach({ rule: 'SCENARIO', what: 'the holder is back', withinMs: 4000 }, () =>
    fleet.isUp(from),
  )
  // Under its old name it completes the handoff, so that the lease may run out at the next owner.
  const withinMs = stage.plan.stableIds ? L1_MS : PICKED_UP_MS
  const picksUp = { rule: 'R39', what: `${shardId} is picked up`, withinMs }
  await stage.reach(picksUp, () => {
    const row = table.rows.get(shardId)
    return row?.checkpointOwner === undefined && row?.owner === fleet.handle(from)?.name
  })
  const serves = { rule: 'R39', what: 'every shard is served', withinMs: L1_MS }
  await stage.reach(serves, () => allServed(stage))
}

/** One of the parents of a merge does not end, so the child waits for it. */
async function askedWhileWaiting(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, table } = stage
  const random = world.random('script')
  const { child, parent, hold } = await childThatWaits(stage)
  await world.sleep(between(random, 0, 4000))
  await stage.settled()
  const holder = table.rows.get(child)?.owner ?? ''
  const next = fleet.alive().find((id) => id !== holder) ?? ''
  await askFor(stage, child, { from: holder, to: next })
  reached(stage, 'asked-while-waiting-for-parents', table.hasEnded(parent) ? 0 : 1)
  // Nobody needed the move, so the leader may ask for it at once again, even before `next` has begun.
  const hasGoneOn = (): boolean => {
    const row = table.rows.get(child)
    return row?.checkpointOwner === next || (row?.owner !== next && row?.checkpointOwner !== holder)
  }
  const moves = { rule: 'R40', what: `${holder} hands ${child} over`, withinMs: HANDED_OVER_MS }
  await stage.reach(moves, () => table.rows.get(child)?.checkpointOwner !== holder)
  const begins = { rule: 'R40', what: `${next} has ${child}`, withinMs: BEGUN_MS }
  await stage.reach(begins, () => hasBegun(stage, child, next) || hasGoneOn())
  world.count(`marker.handed-over-while-waiting-and-${hasGoneOn() ? 'moved-on' : 'begun'}`)
  if (table.hasEnded(parent)) world.violation('SCENARIO', `${parent} has ended too soon`)
  hold.release()
  const serves = { rule: 'R40', what: 'every shard is served', withinMs: L1_MS }
  await stage.reach(serves, () => table.hasEnded(parent) && allServed(stage))
}

/** A shard of two parents, held by somebody; the handler of one parent is in the middle of a call. */
export async function childThatWaits(stage: Stage): Promise<{
  readonly child: string
  readonly parent: string
  readonly hold: { release(): void }
}> {
  const { world, table } = stage
  const isOpen = new Set(stage.openLeases().map(([shardId]) => shardId))
  const [left, right] = world.kinesis
    .shards(STREAM)
    .filter(({ ShardId }) => isOpen.has(ShardId))
    .sort((a, b) =>
      BigInt(a.HashKeyRange.StartingHashKey) < BigInt(b.HashKeyRange.StartingHashKey) ? -1 : 1,
    )
    .map(({ ShardId }) => ShardId)
  const [parent, other] = world.random('script').next() < 0.5 ? [left, right] : [right, left]
  if (parent === undefined || other === undefined) throw new Error('too few shards to merge')
  const hold = holdCalls(stage, (call) => call.shard.shardId === parent)
  await stage.put(parent)
  await world.kinesis.mergeShards({
    StreamName: STREAM,
    ShardToMerge: left ?? '',
    AdjacentShardToMerge: right ?? '',
  })
  const child = world.kinesis.shards(STREAM).find(({ AdjacentParentShardId: beside, ...shard }) => {
    return shard.ParentShardId === left && beside === right
  })?.ShardId
  if (child === undefined) throw new Error('the merge has no child')
  const waits = { rule: 'SCENARIO', what: `${child} waits for ${parent}`, withinMs: L1_MS }
  await stage.reach(waits, () => {
    const owner = table.rows.get(child)?.owner
    return owner !== undefined && hasBegun(stage, child, owner) && table.hasEnded(other)
  })
  return { child, parent, hold }
}

async function nextOwnerDies(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, table } = stage
  const random = world.random('script')
  const { shardId, owner } = pickLease(stage, random)
  const next = fleet.alive().find((id) => id !== owner) ?? ''
  const kind = oneOf(random, 'finishes', 'never-hands-over')
  const hold = holdCalls(stage, (call) => call.shard.shardId === shardId)
  if (kind === 'finishes') {
    await stage.put(shardId)
    await stage.reach({ rule: 'SCENARIO', what: 'a call', withinMs: 2000 }, () => hold.calls > 0)
    await askFor(stage, shardId, { from: owner, to: next })
  } else {
    // As a worker that does not know of graceful handoffs.
    await updateRow(stage, shardId, 'SET leaseOwner = :a ADD leaseCounter :one', {
      ':a': STRANGER,
      ...ONE,
    })
    await askFor(stage, shardId, { from: STRANGER.S, to: next })
  }
  const fromMs = world.nowMs()
  await world.sleep(between(random, 0, 2500))
  fleet.handle(fleet.slotOf(next) ?? 0)?.kill()
  const isAsked = table.rows.get(shardId)?.owner === next
  reached(stage, `next-owner-died-holder-${kind}`, isAsked ? 1 : 0)
  let isOver = false
  if (kind === 'finishes') {
    void world.sleep(between(random, 0, 10_000)).then(() => hold.release())
  } else void heartbeats(stage, shardId, () => isOver)
  const ends = { rule: 'R41', what: `${shardId} is assignable again`, withinMs: DEADLINE_MS }
  const tookMs = await stage.reach(ends, () => {
    return table.rows.get(shardId)?.checkpointOwner === undefined
  })
  const stoodMs = world.nowMs() - fromMs
  if (kind !== 'finishes' && tookMs !== undefined && stoodMs < HANDOFF_TIMEOUT_MS) {
    world.violation('R41', `taken from a holder that heartbeats after ${stoodMs.toFixed(0)} ms`)
  }
  // To the dead one even, as long as nobody can know.
  const serves = { rule: 'R41', what: `${shardId} is served`, withinMs: L1_MS }
  await stage.reach(serves, () => {
    const owner = table.rows.get(shardId)?.owner
    return fleet.isAlive(owner) && hasBegun(stage, shardId, owner)
  })
  isOver = true
  hold.release()
}

const STRANGER = { S: 'java-worker' } as const
const ONE = { ':one': { N: '1' } } as const

/** Of a holder that renews and does nothing else, until somebody takes its row. */
async function heartbeats(stage: Stage, shardId: string, isOver: () => boolean): Promise<void> {
  while (!isOver() && stage.table.rows.get(shardId)?.checkpointOwner === STRANGER.S) {
    await updateRow(stage, shardId, 'ADD leaseCounter :one', ONE)
    await stage.world.sleep(RENEWAL_MS)
  }
}

async function updateRow(
  { world }: Stage,
  shardId: string,
  expression: string,
  values: dynamo.Item,
): Promise<void> {
  await world.dynamo.updateItem({
    TableName: APPLICATION,
    Key: { leaseKey: { S: shardId } },
    UpdateExpression: expression,
    ExpressionAttributeValues: values,
  })
}

export const HANDOFFS: readonly Scenario[] = [
  {
    name: 'R39',
    about: 'both workers of a handoff die, the holder comes back alone: the lease is picked up',
    everySeeds: 20,
    plan: (random) =>
      smallFleet(random, { workers: 2, shards: 2, records: 40, stableIds: random.next() < 0.5 }),
    script: onlyWorkerRestarts,
  },
  {
    name: 'R40',
    about: 'asked to hand over what waits for its parents: it moves at once',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: between(random, 2, 3), records: 40 }),
    script: askedWhileWaiting,
  },
  {
    name: 'R41',
    about: 'the next owner dies in a handoff, the holder finishes or never does: it moves on',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { stableIds: false, records: 40 }),
    script: nextOwnerDies,
  },
]
