/** R52, R53: workers that are asked to stop, whatever they are in the middle of. */
import type { Random } from '@millrace/core'
import type { HistoryPlan } from '../fleet/history-plan.ts'
import type { Stage } from '../fleet/stage.ts'
import { CLOSE_TIMEOUT_MS, LOOK_EVERY_MS } from '../fleet/worker-process.ts'
import type { Scenario } from '../scenario.ts'
import { CLOSINGS, type Closing, gone } from './closing.ts'
import { allServed, between, oneOf, reached, smallFleet } from './small-fleet.ts'

/** What is under way settles, a look at the table, and a write for each lease. */
const HAND_OVER_MS = 1500
const SERVED_MS = 21_000
const STATES_A_HISTORY = 2

/** In two states one after the other: the second worker's fleet has just lost one. */
async function closeInStates(
  stage: Stage,
  rule: string,
  judge: (closing: Closing, workerId: string, state: string) => Promise<void>,
): Promise<void> {
  const random = stage.world.random('script')
  const names = Object.keys(CLOSINGS)
  for (let left = STATES_A_HISTORY; left > 0 && names.length > 0; ) {
    const [state = ''] = names.splice(between(random, 0, names.length - 1), 1)
    const closing = await CLOSINGS[state]?.(stage, random)
    if (closing === undefined) continue
    left--
    const workerId = stage.fleet.handle(closing.slot)?.name ?? ''
    reached(stage, `closed-in-${state}`, stage.fleet.isAlive(workerId) ? 1 : 0)
    stage.fleet.stopAndRestart(closing.slot, between(random, 300, 3000))
    await judge(closing, workerId, state)
    closing.over?.()
    const served = { rule, what: 'every shard is served', withinMs: SERVED_MS }
    await stage.reach(served, () => stage.fleet.isUp(closing.slot) && allServed(stage))
  }
}

/** A true result: what was promised is kept, and nothing stays with a worker that is gone (L3). */
async function inTimeAndTrue(stage: Stage): Promise<void> {
  const { world, table, bounds } = stage
  await closeInStates(stage, 'R52', async (closing, workerId, state) => {
    const { settlesMs = 0, promised } = closing
    const tookMs = await gone(stage, workerId)
    if (tookMs === undefined) return
    const closedMs = tookMs - LOOK_EVERY_MS
    if (closedMs > Math.min(CLOSE_TIMEOUT_MS, settlesMs + HAND_OVER_MS)) {
      const ms = closedMs.toFixed(0)
      world.violation('R52', `close() took ${ms} ms (${state}), what it waits for ${settlesMs} ms`)
    }
    if (settlesMs < CLOSE_TIMEOUT_MS) bounds.record('L3', Math.max(0, closedMs - settlesMs))
    if (promised === undefined) return
    const row = table.rows.get(promised.shardId)
    // A leader may ask for it at once again: then it is handed on from there.
    if (row !== undefined && (row.checkpointOwner ?? row.owner) === promised.to) return
    world.violation('R52', `${promised.shardId} was promised to ${promised.to}`, { row })
  })
}

/** Nothing is left of it at that moment: the fleet counts (S21). */
async function leavesNothing(stage: Stage): Promise<void> {
  await closeInStates(
    stage,
    'R53',
    async (_closing, workerId) => void (await gone(stage, workerId)),
  )
}

function planOf(random: Random): HistoryPlan {
  return smallFleet(random, {
    ...{ workers: 3, shards: 2, records: 40, stableIds: false },
    ...{ exitsAtOnce: true, isOrderly: true },
    handler: oneOf(random, 'processor', 'eachRecord', 'eachBatch'),
    // Clocks that run at other rates make close() take longer by the true one.
    clocks: [],
  })
}

export const SHUTDOWN: readonly Scenario[] = [
  {
    name: 'R52',
    about: 'close() in every state: in time, and true',
    everySeeds: 20,
    plan: planOf,
    script: inTimeAndTrue,
  },
  {
    name: 'R53',
    about: 'close() in every state, beside slow calls: no timer and no call is left behind',
    everySeeds: 20,
    plan: (random) => ({
      ...planOf(random),
      // Calls are too slow for a close() that a handler holds up to its deadline.
      isOrderly: false,
      faults: { latencyMs: { min: 1, max: 60 }, tail: { probability: 0.1, maxMs: 1500 } },
    }),
    script: leavesNothing,
  },
]
