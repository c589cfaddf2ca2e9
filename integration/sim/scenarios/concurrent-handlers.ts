/** Several calls at once in each shard, while workers die, stop and sleep and handlers fail. */
import type { Random } from '@millrace/core'
import { type HistoryPlan, planHistory } from '../fleet/history-plan.ts'
import { between } from '../fleet/special-plans.ts'
import type { Stage } from '../fleet/stage.ts'
import { smallFleet } from '../regressions/small-fleet.ts'
import type { FleetScenario } from '../scenario.ts'

const DISTURBED_MS = 30_000
const LONGEST_CALL_MS = 600
const CAUGHT_UP_MS = 120_000

function planConcurrent(random: Random): HistoryPlan {
  const at = (what: HistoryPlan['disturbances'][number]['what']) => ({
    atMs: between(random, 8000, DISTURBED_MS - 10_000),
    what,
  })
  const worker = between(random, 0, 1)
  const other = 1 - worker
  const { faults, handlerFailure } = planHistory(random)
  return smallFleet(random, {
    workers: 2,
    shards: between(random, 1, 2),
    records: 80,
    handler: 'eachRecord',
    handlerFailure: handlerFailure === 0 ? 0 : 0.05,
    handlerMaxMs: between(random, 50, LONGEST_CALL_MS),
    faults,
    disturbances: [
      at({ kind: 'kill', worker, restartAfterMs: between(random, 0, 8000) }),
      at({ kind: 'stop', worker: other, restartAfterMs: between(random, 0, 4000) }),
      at({ kind: 'pause', worker: other, forMs: between(random, 500, 9000) }),
      at({ kind: 'split', pick: 0 }),
    ].sort((a, b) => a.atMs - b.atMs),
    disturbedMs: DISTURBED_MS,
    consumer: { concurrencyPerShard: between(random, 2, 8) },
  })
}

/** Records of one key between those of many, and how many calls a shard has at once. */
async function sideBySide(stage: Stage): Promise<void> {
  const { world, plan } = stage
  const most = plan.consumer?.concurrencyPerShard ?? 1
  const random = world.random('script')
  const running = new Map<string, Set<string>>()
  let besides = 0
  stage.onCall = async ({ records: [record], shard, workerId }) => {
    if (record === undefined) return
    const tenure = `${shard.shardId} ${workerId} ${shard.epoch}`
    const calls = running.get(tenure) ?? new Set()
    running.set(tenure, calls)
    const key = record.partitionKey ?? ''
    if (calls.has(key)) world.violation('S11', `${tenure}: two calls for ${key} at once`)
    calls.add(key)
    if (calls.size > most) world.violation('S16', `${tenure}: ${calls.size} calls at once`)
    if (calls.size > 1) besides++
    await world.sleep(between(random, 0, LONGEST_CALL_MS))
    calls.delete(key)
  }
  while (world.nowMs() < plan.disturbedMs) {
    for (const [shardId] of stage.openLeases()) {
      for (let i = between(random, 0, 2); i > 0; i--) await stage.put(shardId)
    }
    await world.sleep(between(random, 200, 3000))
  }
  // Its reader may have been away for most of the time.
  const goal = {
    rule: 'L13',
    what: 'records are handled side by side',
    withinMs: CAUGHT_UP_MS,
    everyMs: 1000,
  }
  await stage.reach(goal, async () => {
    if (besides > 0) return true
    for (const [shardId] of stage.openLeases()) {
      for (const key of ['this', 'that']) await stage.put(shardId, 'one more', key)
    }
    return false
  })
  if (besides > 0) world.count('marker.handled-side-by-side')
}

export const CONCURRENT_HANDLERS: FleetScenario = {
  name: 'concurrent-handlers',
  about: 'S4, S10, S11 by key: calls side by side in a shard, checkpoints only without a gap',
  everySeeds: 20,
  plan: planConcurrent,
  script: sideBySide,
}
