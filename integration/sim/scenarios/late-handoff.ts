/** A handler that does not stop in time does not keep the lease that its worker was asked for. */
import { sleep } from '@millrace/core/internal'
import { tableEvent } from '../checkers/table-events.ts'
import { planJoin } from '../fleet/bounds-plans.ts'
import { HANDOFF_TIMEOUT_MS } from '../fleet/names.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'

const KNOWN_MS = 12_000
const PATIENCE_MS = 60_000
/** Clocks may run 1 % fast. */
const LATE_MS = HANDOFF_TIMEOUT_MS * 0.98

async function handedOverLate(stage: Stage): Promise<void> {
  const { world, fleet, plan } = stage
  await stage.settled()
  await sleep(KNOWN_MS + world.random('script').next() * 5000)
  const old = new Set(fleet.alive())
  const begunMs = new Map<string, number>()
  let late = 0
  stage.onWrite = (write) => {
    const { kind, shardId = '' } = tableEvent(write) ?? {}
    if (kind === 'handoff-begun') begunMs.set(shardId, world.nowMs())
    const tookMs = world.nowMs() - (begunMs.get(shardId) ?? Number.POSITIVE_INFINITY)
    if (kind === 'handoff-completed' && tookMs >= LATE_MS) late++
  }
  let letGo: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  stage.onCall = ({ workerId }) => (old.has(workerId) ? held : Promise.resolve())
  for (const [shardId] of stage.openLeases()) await stage.put(shardId)
  // Every holder is at work on a record by then, and so when it is asked for a lease.
  await sleep(1500)
  fleet.start(plan.workers)
  const what = 'a lease moves although its handler does not stop'
  await stage.reach({ rule: 'L13', what, withinMs: PATIENCE_MS, everyMs: 500 }, async () => {
    for (const [shardId] of stage.openLeases()) await stage.put(shardId)
    return late > 0
  })
  letGo()
}

export const LATE_HANDOFF: Scenario = {
  name: 'late-handoff',
  about: 'a lease that is asked for moves in time although its handler does not stop',
  plan: (random) => ({ ...planJoin(random), handler: 'eachRecord', records: 20 }),
  script: handedOverLate,
  everySeeds: 20,
}
