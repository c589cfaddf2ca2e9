/** What a scenario is: a plan drawn from a seed, perhaps a script, perhaps a judgement of its own. */
import type { Random } from '@millrace/core'
import {
  SeededRandom,
  type SimulatedWorld,
  type SimulationResult,
  simulate,
} from '@millrace/testing'
import { Bounds } from './bounds.ts'
import { History } from './fleet/history.ts'
import type { HistoryPlan } from './fleet/history-plan.ts'
import { APPLICATION } from './fleet/names.ts'
import { warmUpSdk } from './fleet/sdk-clients.ts'
import type { Stage } from './fleet/stage.ts'
import { watchProcesses } from './fleet/watched-processes.ts'
import { type ProducerScenario, playProducers } from './producers/producer-scenario.ts'

/** A history of a fleet of consumers, or one of producers alone. */
export type Scenario = FleetScenario | ProducerScenario

export interface FleetScenario {
  readonly name: string
  readonly about: string
  readonly plan: (random: Random) => HistoryPlan
  /** What is done to the fleet step by step, beside the disturbances of the plan. */
  readonly script?: (stage: Stage) => Promise<void>
  /** Only every so many seeds when all scenarios run. */
  readonly everySeeds?: number
  /** Judged at the end, when the history has healed and drained. */
  readonly judge?: (history: History, world: SimulatedWorld) => void
}

export interface SeedResult extends SimulationResult {
  readonly bounds: Bounds['measured']
}

const LONGEST_MS = 900_000

export async function runSeed(
  scenario: Scenario,
  seed: number,
  trace?: (line: string) => void,
): Promise<SeedResult> {
  if (!('play' in scenario)) return await runFleet(scenario, seed, trace)
  return { ...(await playProducers(scenario, seed, trace)), bounds: [] }
}

async function runFleet(
  scenario: FleetScenario,
  seed: number,
  trace: ((line: string) => void) | undefined,
): Promise<SeedResult> {
  const plan = scenario.plan(new SeededRandom(seed, 'plan'))
  if (plan.throughSdk) await warmUpSdk()
  const { listShardsPageSize, iteratorLifetimeMs } = plan.sizes
  const bounds = new Bounds()
  const history = new History(plan, bounds)
  const result = await simulate({
    seed,
    faults: plan.faults,
    kinesis: {
      onRecord: (notice) => history.stored(notice),
      listShardsPageSize,
      iteratorLifetimeMs,
    },
    dynamo: {
      // A scenario may have applications of its own beside the fleet's.
      onWrite: (write) => {
        if (write.tableName === APPLICATION) history.applied(write)
      },
      returnsOldItemOnFailedCondition: plan.sizes.returnsOldItemOnFailedCondition,
    },
    maxVirtualMs: plan.disturbedMs + LONGEST_MS,
    ...(trace === undefined ? {} : { trace }),
    programme: async (world) => {
      watchProcesses(world)
      bounds.reportTo((id, message) => world.violation(id, message))
      await history.run(world, scenario.script)
      scenario.judge?.(history, world)
    },
  })
  return { ...result, bounds: bounds.measured }
}
