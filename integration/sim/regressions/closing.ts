/** The states in which a worker may be asked to stop: how each comes about, and what it costs. */
import type { Random } from '@millrace/core'
import { STREAM } from '../fleet/names.ts'
import { splitOne, splitShard } from '../fleet/reshard.ts'
import type { Stage } from '../fleet/stage.ts'
import { CLOSE_TIMEOUT_MS } from '../fleet/worker-process.ts'
import { type HandlerHold, holdCalls } from './handler-hold.ts'
import { childThatWaits } from './handoffs.ts'
import { askFor, between, freeByHand, oneOf, pickLease, steady } from './small-fleet.ts'

export interface Closing {
  /** Who is asked to stop. */
  readonly slot: number
  /** Until what it must wait for has settled, from when it is asked; default 0. */
  readonly settlesMs?: number | undefined
  /** Ends what the state was made of, when the worker is gone. */
  readonly over?: (() => void) | undefined
  /** Who is to have a lease then that was promised. */
  readonly promised?: { readonly shardId: string; readonly to: string } | undefined
}

/** Undefined when the fleet is such that it cannot come about now. */
type Bring = (stage: Stage, random: Random) => Promise<Closing | undefined>

const SLOW_CALL_MS = 1500
const CALLED_MS = 3000
const GONE_MS = 9000

async function booting(stage: Stage, random: Random): Promise<Closing> {
  const { world, fleet } = stage
  const { slot, workerId } = stage.follower()
  fleet.stop(slot)
  await gone(stage, workerId)
  // Some never come up: the first call of a start fails, or takes its time.
  const how = oneOf(random, 'as-it-is', 'delay', 'fail')
  const fault =
    how === 'as-it-is'
      ? undefined
      : world.dynamo.injectFault({
          operation: oneOf(random, 'describeTable', 'scan', 'getItem'),
          kind: how,
          delayMs: SLOW_CALL_MS,
          times: Number.POSITIVE_INFINITY,
        })
  fleet.start(slot)
  await world.sleep(between(random, 0, how === 'as-it-is' ? 400 : 4000))
  // The call under way, and the look that chooses successors.
  const settlesMs = how === 'delay' ? 2 * SLOW_CALL_MS : 0
  return { slot, settlesMs, over: () => fault?.clear() }
}

async function withoutLeases(stage: Stage, random: Random): Promise<Closing | undefined> {
  const { fleet, world } = stage
  await steady(stage)
  await world.sleep(between(random, 0, 2000))
  const idle = fleet.alive().find((workerId) => stage.heldBy(workerId).length === 0)
  return idle === undefined ? undefined : { slot: fleet.slotOf(idle) ?? 0 }
}

async function waitingForParents(stage: Stage, random: Random): Promise<Closing | undefined> {
  await steady(stage)
  if (stage.openLeases().length < 2) return undefined
  const { child, hold } = await childThatWaits(stage)
  await stage.world.sleep(between(random, 0, 3000))
  const slot = stage.fleet.slotOf(stage.table.rows.get(child)?.owner)
  if (slot === undefined) return undefined
  // It may have the parent as well.
  return { slot, ...releasedSoon(stage, hold, between(random, 0, 1500)) }
}

async function leaseLost(stage: Stage, random: Random): Promise<Closing> {
  const { shardId, slot, hold } = await handlerInCall(stage)
  await freeByHand(stage, shardId)
  // Before it knows, or after.
  await stage.world.sleep(between(random, 0, 5000))
  return { slot, ...releasedSoon(stage, hold, between(random, 0, 3000)) }
}

async function handlerRunning(stage: Stage, random: Random): Promise<Closing> {
  const { slot, hold } = await handlerInCall(stage)
  await stage.world.sleep(between(random, 0, 2000))
  return { slot, ...releasedSoon(stage, hold, between(random, 0, 3500)) }
}

async function handlerHanging(stage: Stage, random: Random): Promise<Closing> {
  const { slot, hold } = await handlerInCall(stage)
  await stage.world.sleep(between(random, 0, 2000))
  return { slot, settlesMs: CLOSE_TIMEOUT_MS, over: () => hold.release() }
}

async function leading(stage: Stage, random: Random): Promise<Closing> {
  await steady(stage)
  await splitOne(stage.world, between(random, 0, 99))
  await stage.world.sleep(between(random, 0, 4000))
  return { slot: stage.leader().slot }
}

async function handingOver(stage: Stage, random: Random): Promise<Closing> {
  const { shardId, workerId, slot, hold } = await handlerInCall(stage)
  const to = stage.fleet.alive().find((id) => id !== workerId) ?? ''
  await askFor(stage, shardId, { from: workerId, to })
  await stage.world.sleep(between(random, 0, 4000))
  const promised = { shardId, to }
  return { slot, promised, ...releasedSoon(stage, hold, between(random, 0, 3000)) }
}

async function beingGiven(stage: Stage, random: Random): Promise<Closing> {
  const { shardId, workerId, hold } = await handlerInCall(stage)
  const { fleet, world } = stage
  const to = fleet.alive().find((id) => id !== workerId) ?? ''
  await askFor(stage, shardId, { from: workerId, to })
  await world.sleep(between(random, 0, 4000))
  // The calls held are those of another worker: these need not wait for them.
  void world.sleep(between(random, 0, 3000)).then(() => hold.release())
  return { slot: fleet.slotOf(to) ?? 0 }
}

/** Its last record is done or about to be, its children and its end are being stored. */
async function shardEnding(stage: Stage, random: Random): Promise<Closing | undefined> {
  await steady(stage)
  const { shardId, owner } = pickLease(stage, random)
  const slot = stage.fleet.slotOf(owner)
  const shard = stage.world.kinesis.shards(STREAM).find(({ ShardId }) => ShardId === shardId)
  if (slot === undefined || shard === undefined) return undefined
  const hold = holdCalls(
    stage,
    (call) => call.during === 'shard-end' && call.shard.shardId === shardId,
  )
  await splitShard(stage.world, shard)
  await stage.world.sleep(between(random, 0, 3000))
  return { slot, ...releasedSoon(stage, hold, between(random, 0, 2500)) }
}

async function initializing(stage: Stage, random: Random): Promise<Closing | undefined> {
  if (stage.plan.handler !== 'processor') return undefined
  await steady(stage)
  const { shardId } = pickLease(stage, random)
  let calls = 0
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  stage.onInitialize = async (id) => {
    if (id !== shardId) return
    calls++
    await released
  }
  await freeByHand(stage, shardId)
  const goal = { rule: 'SCENARIO', what: 'a processor is initialized', withinMs: GONE_MS }
  await stage.reach(goal, () => calls > 0)
  await stage.world.sleep(between(random, 0, 2000))
  const slot = stage.fleet.slotOf(stage.table.rows.get(shardId)?.owner)
  if (slot === undefined) {
    release()
    return undefined
  }
  return { slot, ...releasedSoon(stage, { release }, between(random, 0, 2500)) }
}

/** Between two calls of a handler that fails each time. */
async function backingOff(stage: Stage, random: Random): Promise<Closing | undefined> {
  await steady(stage)
  const { shardId, owner } = pickLease(stage, random)
  const slot = stage.fleet.slotOf(owner)
  if (slot === undefined) return undefined
  let failures = 0
  let isOver = false
  stage.onCall = async ({ shard, workerId, during }) => {
    if (isOver || during !== 'records' || shard.shardId !== shardId || workerId !== owner) return
    failures++
    throw new Error('the handler failed (by the script)')
  }
  await stage.put(shardId)
  const goal = { rule: 'SCENARIO', what: 'a failure', withinMs: CALLED_MS }
  await stage.reach(goal, () => failures > 0)
  await stage.world.sleep(between(random, 0, 5000))
  const over = (): void => {
    isOver = true
  }
  return { slot, over }
}

export const CLOSINGS: Readonly<Record<string, Bring>> = {
  boot: booting,
  'no-leases': withoutLeases,
  'waiting-for-parents': waitingForParents,
  'lease-loss': leaseLost,
  'handler-running': handlerRunning,
  'handler-hanging': handlerHanging,
  'shard-end': shardEnding,
  initializing,
  'backing-off': backingOff,
  'leader-duty': leading,
  'handing-over': handingOver,
  'being-given': beingGiven,
}

/** A worker that holds a lease is in the middle of a handler call. */
async function handlerInCall(stage: Stage): Promise<{
  readonly shardId: string
  readonly workerId: string
  readonly slot: number
  readonly hold: HandlerHold
}> {
  await steady(stage)
  const random = stage.world.random('script')
  const held = stage.openLeases()
  const [shardId = '', row] = held[between(random, 0, held.length - 1)] ?? []
  const workerId = row?.owner ?? ''
  const hold = holdCalls(
    stage,
    (call) => call.shard.shardId === shardId && call.workerId === workerId,
  )
  await stage.put(shardId)
  const goal = { rule: 'SCENARIO', what: 'a handler call', withinMs: CALLED_MS }
  await stage.reach(goal, () => hold.calls > 0)
  return { shardId, workerId, slot: stage.fleet.slotOf(workerId) ?? 0, hold }
}

function releasedSoon(
  { world }: Stage,
  hold: { release(): void },
  settlesMs: number,
): Pick<Closing, 'settlesMs' | 'over'> {
  void world.sleep(settlesMs).then(() => hold.release())
  return { settlesMs, over: () => hold.release() }
}

/** @returns how long it took, milliseconds */
export async function gone(stage: Stage, workerId: string): Promise<number | undefined> {
  const goal = { rule: 'R52', what: `${workerId} has ended`, withinMs: GONE_MS, everyMs: 5 }
  return await stage.reach(goal, () => !stage.fleet.isAlive(workerId))
}
