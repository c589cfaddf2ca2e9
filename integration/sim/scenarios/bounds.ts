/** One clean fault in a settled fleet, and how long the recovery takes: L1 to L4, L8, L9. */
import { sleep } from '@millrace/core/internal'
import { planJoin, planSteady } from '../fleet/bounds-plans.ts'
import type { Stage } from '../fleet/stage.ts'
import type { FleetScenario } from '../scenario.ts'
import { CallWatch } from './call-watch.ts'

/** Longer than every limit, so that what is too slow is measured, too. */
const PATIENCE_MS = 90_000
const EVERY_SEEDS = 5
/**
 * Leases that were assigned are taken up by then, and workers have written their metrics rows twice:
 * before, a worker that stops knows no peer that was seen to live, and hands its leases to nobody.
 */
const KNOWN_MS = 12_000
/** A lease is not believed in any more after this. */
const F_MS = 10_000

interface Victim {
  readonly slot: number
  readonly workerId: string
  readonly shardIds: readonly string[]
}

/** Settles the fleet, waits for a moment of chance, and picks a worker that holds something. */
async function victimOf(stage: Stage, of: 'leader' | 'follower' | 'any'): Promise<Victim> {
  const random = stage.world.random('script')
  await stage.settled()
  await sleep(KNOWN_MS + random.next() * 8000)
  const isLeader = of === 'leader' || (of === 'any' && random.next() < 0.5)
  const { slot, workerId } = isLeader ? stage.leader() : stage.follower()
  const shardIds = stage.heldBy(workerId)
  if (shardIds.length === 0) stage.world.violation('L13', `${workerId} of a settled fleet is idle`)
  stage.world.count(`marker.bounds-at-${isLeader ? 'leader' : 'follower'}`)
  return { slot, workerId, shardIds }
}

async function putAll(stage: Stage, shardIds: readonly string[]): Promise<void> {
  for (const shardId of shardIds) await stage.put(shardId)
}

async function killed(stage: Stage): Promise<void> {
  const calls = new CallWatch(stage)
  const { slot, workerId, shardIds } = await victimOf(stage, 'any')
  const { world, bounds, fleet } = stage
  const fromMs = world.nowMs()
  fleet.handle(slot)?.kill()
  await putAll(stage, shardIds)
  const servedMs = await calls.served('L1', shardIds, { afterMs: fromMs, withinMs: PATIENCE_MS })
  if (servedMs !== undefined) bounds.record('L1', servedMs - fromMs, `taking over ${workerId}`)
}

/** A leader acts when it has the lock and nothing is left to the dead one. */
async function leaderKilled(stage: Stage): Promise<void> {
  const { slot, workerId, shardIds } = await victimOf(stage, 'leader')
  const { world, bounds, fleet, table } = stage
  const fromMs = world.nowMs()
  fleet.handle(slot)?.kill()
  await putAll(stage, shardIds)
  const goal = { rule: 'L2', what: `a leader follows ${workerId}`, withinMs: PATIENCE_MS }
  const tookMs = await stage.reach(
    goal,
    () => fleet.isAlive(table.lock.owner) && stage.heldBy(workerId).length === 0,
  )
  if (tookMs !== undefined) bounds.record('L2', world.nowMs() - fromMs, 'a new leader')
}

/** From close() on, for each shard; handler calls that are running by then do not count. */
async function stopped(stage: Stage): Promise<void> {
  const calls = new CallWatch(stage)
  const random = stage.world.random('calls')
  const { slot, workerId, shardIds } = await victimOf(stage, 'any')
  const { world, bounds, fleet } = stage
  calls.lasts = (caller) => (caller === workerId ? sleep(random.next() * 1500) : undefined)
  let fromMs: number | undefined
  stage.onDraining = (stopping) => {
    if (stopping === workerId) fromMs ??= world.nowMs()
  }
  fleet.stop(slot)
  let isServed = false
  void calls.drip(shardIds, 100, () => isServed)
  const goal = { rule: 'L3', what: `${workerId} begins to stop`, withinMs: 1000 }
  await stage.reach(goal, () => fromMs !== undefined)
  if (fromMs === undefined) return
  const elsewhere = { afterMs: fromMs, but: workerId, withinMs: PATIENCE_MS }
  await calls.served('L3', shardIds, elsewhere)
  isServed = true
  for (const shardId of shardIds) {
    const servedMs = calls.firstMs(shardId, fromMs, workerId)
    if (servedMs === undefined) continue
    const settledMs = Math.max(fromMs, calls.lastSettledMs(shardId, workerId, fromMs))
    bounds.record('L3', servedMs - settledMs, `handing ${shardId} on`)
  }
}

async function joined(stage: Stage): Promise<void> {
  const { world, bounds, fleet, plan } = stage
  await stage.settled()
  await sleep(KNOWN_MS + world.random('script').next() * 8000)
  fleet.start(plan.workers)
  const goal = { rule: 'L4', what: 'leases are even with one more', withinMs: PATIENCE_MS }
  const tookMs = await stage.reach(goal, () => stage.isSettled())
  if (tookMs !== undefined) bounds.record('L4', tookMs, 'evening out')
}

/**
 * Old work has stopped when the worker has said of each old tenure that it is over; it is back when
 * its metrics row is written anew, for that is when a leader gives it leases again.
 */
async function woken(stage: Stage): Promise<void> {
  const { world, bounds, fleet } = stage
  const { slot, workerId, shardIds } = await victimOf(stage, 'any')
  const pauseMs = F_MS + 1000 + world.random('pause').next() * 20_000
  const wakesMs = world.nowMs() + pauseMs
  const over = new Set<string>()
  let isBack = false
  stage.onLeaseLost = (lease) => {
    if (lease.workerId === workerId) over.add(lease.shardId)
  }
  stage.onWrite = ({ key, origin, after }) => {
    const isItsRow = key['leaseKey']?.S === workerId && after !== undefined
    if (isItsRow && origin?.process === workerId && world.nowMs() >= wakesMs) isBack = true
  }
  fleet.handle(slot)?.pause(pauseMs)
  await sleep(pauseMs)
  await putAll(stage, shardIds)
  const what = `${workerId} stops its old work and is back`
  const tookMs = await stage.reach({ rule: 'L8', what, withinMs: PATIENCE_MS }, () => {
    return isBack && shardIds.every((shardId) => over.has(shardId))
  })
  if (tookMs !== undefined) bounds.record('L8', tookMs, what)
}

async function cutFromDynamo(stage: Stage): Promise<void> {
  const calls = new CallWatch(stage)
  const { slot, workerId, shardIds } = await victimOf(stage, 'any')
  const { world, bounds, fleet } = stage
  const fromMs = world.nowMs()
  const forMs = 25_000 + world.random('cut').next() * 10_000
  fleet.handle(slot)?.disconnect('dynamo', forMs)
  let isServed = false
  void calls.drip(shardIds, 500, () => isServed)
  const elsewhere = { afterMs: fromMs, but: workerId, withinMs: PATIENCE_MS }
  const servedMs = await calls.served('L9', shardIds, elsewhere)
  isServed = true
  if (servedMs !== undefined) bounds.record('L9', servedMs - fromMs, `taking over ${workerId}`)
}

/** It keeps its leases, and goes on by itself. */
async function cutFromKinesis(stage: Stage): Promise<void> {
  const calls = new CallWatch(stage)
  const { slot, shardIds } = await victimOf(stage, 'any')
  const { world, bounds, fleet } = stage
  const forMs = 2000 + world.random('cut').next() * 28_000
  fleet.handle(slot)?.disconnect('kinesis', forMs)
  await sleep(forMs)
  const fromMs = world.nowMs()
  await putAll(stage, shardIds)
  const servedMs = await calls.served('L9', shardIds, { afterMs: fromMs, withinMs: PATIENCE_MS })
  if (servedMs !== undefined) bounds.record('L9-kinesis', servedMs - fromMs, 'reading on')
}

/**
 * S8: a call that runs when belief ends is told then, not when its worker comes round to it. Belief
 * counts from when the last write to the lease that was applied had been sent.
 */
async function toldInTime(stage: Stage): Promise<void> {
  const { world, fleet, table, bounds } = stage
  const { slot, workerId, shardIds } = await victimOf(stage, 'any')
  const shardId = shardIds[0] ?? ''
  let isRunning = false
  let toldMs: number | undefined
  stage.onCall = async ({ workerId: caller, shard }) => {
    if (caller !== workerId || shard.shardId !== shardId || toldMs !== undefined) return
    isRunning = true
    await sleep(PATIENCE_MS, shard.signal).catch(() => undefined)
    if (shard.signal.aborted) toldMs ??= world.nowMs()
  }
  await stage.put(shardId)
  await stage.reach({ rule: 'SCENARIO', what: 'a call', withinMs: 5000 }, () => isRunning)
  fleet.handle(slot)?.disconnect('dynamo', 30_000)
  await stage.reach({ rule: 'S8', what: 'the call is told', withinMs: 30_000 }, () => {
    return toldMs !== undefined
  })
  const sentMs = table.lastHeld(shardId, workerId)?.sentMs
  if (toldMs === undefined || sentMs === undefined) return
  bounds.record('S8', toldMs - sentMs, `telling a call for ${shardId}`)
}

function measured(
  name: string,
  about: string,
  script: (stage: Stage) => Promise<void>,
  plan: FleetScenario['plan'] = planSteady,
): FleetScenario {
  return { name, about, plan, script, everySeeds: EVERY_SEEDS }
}

export const BOUNDS: readonly FleetScenario[] = [
  measured('bound-kill', 'L1: the shards of a killed worker are delivered by others', killed),
  measured('bound-kill-leader', 'L2: a killed leader is followed by one that acts', leaderKilled),
  measured('bound-stop', 'L3: the shards of a worker that stops go on elsewhere', stopped),
  measured('bound-join', 'L4: a worker that joins gets its share', joined, planJoin),
  measured('bound-wake', 'L8: a worker that slept past F stops its old work, and is back', woken),
  measured(
    'bound-cut-dynamo',
    'L9: a worker without its lease table loses its leases',
    cutFromDynamo,
  ),
  measured(
    'bound-cut-kinesis',
    'L9: a worker without its stream goes on when it is back',
    cutFromKinesis,
  ),
  measured('bound-told', 'S8: a call that runs when belief ends is told at once', toldInTime),
]
