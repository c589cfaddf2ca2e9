/** A leader that asks nobody takes leases from holders at work: these know a row of another's by its owner. */
import { sleep } from '@millrace/core/internal'
import type { SimulatedFaults } from '@millrace/testing'
import { planJoin } from '../fleet/bounds-plans.ts'
import { HANDOFF_TIMEOUT_MS } from '../fleet/names.ts'
import { withLease } from '../fleet/rarer-options.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'

const KNOWN_MS = 12_000
const WATCHED_MS = 25_000
const DRIP_MS = 400
/** A holder whose write was not answered must not take the new owner's row for what it wrote. */
const UNANSWERED: SimulatedFaults = {
  latencyMs: { min: 1, max: 20 },
  dynamo: { operations: { updateItem: { loseRequest: 0.15, loseReply: 0.05 } } },
}

async function takeUnasked(stage: Stage): Promise<void> {
  const { world, fleet, plan, table } = stage
  await stage.settled()
  await sleep(KNOWN_MS + world.random('script').next() * 5000)
  const before = table.moves.length
  fleet.start(plan.workers)
  const untilMs = world.nowMs() + WATCHED_MS
  while (world.nowMs() < untilMs) {
    for (const [shardId] of stage.openLeases()) await stage.put(shardId)
    await sleep(DRIP_MS)
  }
  if (table.moves.length > before) world.count('marker.taken-unasked')
  else world.violation('SCENARIO', 'never came about: taken-unasked')
}

export const TAKEN_UNASKED: Scenario = {
  name: 'taken-unasked',
  about: 'S9: leases are taken from holders at work, without a handoff: none goes on with them',
  everySeeds: 20,
  plan: (random) =>
    withLease(
      { ...planJoin(random), records: 20, faults: UNANSWERED },
      { gracefulHandoff: { enabled: false, timeoutMs: HANDOFF_TIMEOUT_MS } },
    ),
  script: takeUnasked,
}
