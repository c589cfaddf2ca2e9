/** Named histories: what a seed is drawn into, and what it must hold besides the rules of all. */
import type { Random } from '@millrace/core'
import {
  SeededRandom,
  type SimulatedWorld,
  type SimulationResult,
  simulate,
} from '@millrace/testing'
import { History } from './fleet/history.ts'
import { type HistoryPlan, planHistory } from './fleet/history-plan.ts'

export interface Scenario {
  readonly name: string
  readonly about: string
  readonly plan: (random: Random) => HistoryPlan
  /** Judged at the end, when the history has healed and drained. */
  readonly judge?: (history: History, world: SimulatedWorld) => void
}

/** R19: renewal replies are lost and nothing else goes wrong. */
function planLostRenewalReplies(random: Random): HistoryPlan {
  return {
    ...planHistory(random),
    workers: 2,
    handlerFailure: 0,
    faults: {
      latencyMs: { min: 1, max: 20 },
      dynamo: { operations: { updateItem: { loseReply: 0.3 } } },
    },
    // Nobody joins or leaves once the leases are spread.
    disturbances: [],
  }
}

/** R32, L7: an operator deletes lease rows, also in the middle of reshards. */
function planLostRow(random: Random): HistoryPlan {
  const plan = planHistory(random)
  const pick = (): number => Math.floor(random.next() * 1000)
  const between = (minMs: number, maxMs: number): number =>
    Math.floor(minMs + random.next() * (maxMs - minMs))
  const disturbances: HistoryPlan['disturbances'] = [
    { atMs: between(10_000, 40_000), what: { kind: 'split', pick: pick() } },
    { atMs: between(10_000, 40_000), what: { kind: 'merge', pick: pick() } },
    { atMs: between(12_000, 45_000), what: { kind: 'delete-row', pick: pick() } },
    { atMs: between(45_000, 75_000), what: { kind: 'delete-row', pick: pick() } },
  ]
  return {
    ...plan,
    faults: { latencyMs: plan.faults.latencyMs, indexLagMs: plan.faults.indexLagMs },
    disturbances: [...disturbances].sort((a, b) => a.atMs - b.atMs),
  }
}

/** By then a fleet that nobody joins or leaves has spread its leases. */
const SPREAD_MS = 30_000

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'fleet',
    about: 'workers, a producer, reshards, kills, pauses, throttles, lost replies',
    plan: planHistory,
  },
  {
    name: 'lost-row',
    about: 'R32, L7: a lease row deleted by hand is back within a minute, and nothing is lost',
    plan: planLostRow,
  },
  {
    name: 'lost-renewal-replies',
    about: 'R19: a lost renewal reply alone never costs a lease',
    plan: planLostRenewalReplies,
    judge: (history, world) => {
      const lost = history.leasesLost.filter(({ atMs }) => atMs > SPREAD_MS)
      if (lost.length > 0) {
        world.violation('R19', `${lost.length} leases were lost although only replies were`)
      }
    },
  },
]

export async function runSeed(
  scenario: Scenario,
  seed: number,
  trace?: (line: string) => void,
): Promise<SimulationResult> {
  const plan = scenario.plan(new SeededRandom(seed, 'plan'))
  const history = new History(plan)
  return await simulate({
    seed,
    faults: plan.faults,
    kinesis: { onRecord: (notice) => history.stored(notice) },
    dynamo: { onWrite: (write) => history.applied(write) },
    maxVirtualMs: 900_000,
    ...(trace === undefined ? {} : { trace }),
    programme: async (world) => {
      await history.run(world)
      scenario.judge?.(history, world)
    },
  })
}
