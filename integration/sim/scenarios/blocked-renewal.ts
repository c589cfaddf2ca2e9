/** L13: a lease whose renewal lands while a blocked event loop outlasts belief is served by somebody. */
import type { Stage } from '../fleet/stage.ts'
import {
  allServed,
  between,
  pickLease,
  reached,
  smallFleet,
  steady,
  writeOf,
} from '../regressions/small-fleet.ts'
import type { Scenario } from '../scenario.ts'

const ROUNDS = 3
/** A renewal comes within a third of F. */
const CALLED_MS = 10_000
/** From what is left of belief when a renewal is due to what the renewal would make of it. */
const BLOCK_MS = { min: 6200, max: 9500 }
/** F + P + 2D + A. */
const L1_MS = 21_000

async function blockOnce(stage: Stage): Promise<void> {
  const { world, deliveries, fleet } = stage
  const random = world.random('script')
  const { shardId, owner } = pickLease(stage, random)
  const blockMs = between(random, BLOCK_MS.min, BLOCK_MS.max)
  const lostBefore = fleet.leasesLost.length
  let isCalled = false
  let isSent = false
  let overMs: number | undefined
  stage.onCall = async (call) => {
    if (isCalled || call.workerId !== owner || call.shard.shardId !== shardId) return
    isCalled = true
    await world.until(() => isSent, { timeoutMs: CALLED_MS, everyMs: 1 })
    await call.busy(blockMs)
    overMs = world.nowMs()
  }
  // It lands at once; the answer comes while the loop is blocked.
  const fault = world.dynamo.injectFault({
    operation: 'updateItem',
    kind: 'delay',
    delayMs: between(random, 20, 1500),
    delayed: 'reply',
    times: Number.POSITIVE_INFINITY,
    when: (input) => {
      const { kind, leaseKey } = writeOf(input)
      if (!isCalled || isSent || leaseKey !== shardId || kind !== 'renewal') return false
      isSent = true
      return true
    },
  })
  await stage.put(shardId)
  const blocked = { rule: 'SCENARIO', what: 'a block', withinMs: CALLED_MS + BLOCK_MS.max }
  await stage.reach(blocked, () => overMs !== undefined)
  fault.clear()
  reached(stage, 'blocked-beside-renewal', isSent ? 1 : 0)
  const fromMs = world.nowMs()
  const over = { rule: 'L13', what: `the end of ${owner}'s tenure, as expired`, withinMs: 1000 }
  await stage.reach(over, () =>
    fleet.leasesLost
      .slice(lostBefore)
      .some((lost) => lost.shardId === shardId && lost.reason === 'expired'),
  )
  await stage.put(shardId)
  const served = { rule: 'L13', what: `${shardId} is served again`, withinMs: L1_MS }
  await stage.reach(served, () => deliveries.lastCallMs(shardId) > fromMs)
}

async function blockedRenewals(stage: Stage): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await steady(stage)
    await blockOnce(stage)
  }
  const all = { rule: 'L13', what: 'every shard is served', withinMs: L1_MS }
  await stage.reach(all, () => allServed(stage))
}

export const BLOCKED_RENEWAL: Scenario = {
  name: 'blocked-renewal',
  about: 'a handler blocks the event loop for longer than belief while a renewal is on its way',
  everySeeds: 20,
  plan: (random) => smallFleet(random, { workers: 2, shards: 3, records: 40 }),
  script: blockedRenewals,
}
