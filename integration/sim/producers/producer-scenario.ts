/** A history of producers without consumers: what they say is held against what the stream stores. */
import type { Random } from '@millrace/core'
import {
  SeededRandom,
  type SimulatedFaults,
  type SimulationResult,
  simulate,
} from '@millrace/testing'
import { warmUpSdk } from '../fleet/sdk-clients.ts'
import { watchProcesses } from '../fleet/watched-processes.ts'
import { ProducerStage } from './producer-stage.ts'

export interface ProducerScenario {
  readonly name: string
  readonly about: string
  /** Only every so many seeds when all scenarios run. */
  readonly everySeeds?: number
  /** What goes wrong by itself; default nothing. */
  readonly faults?: (random: Random) => SimulatedFaults
  /** Most shards on a page of a listing. */
  readonly listShardsPageSize?: number
  /** Calls go through clients of the AWS SDK that the script makes. */
  readonly throughSdk?: true
  readonly play: (stage: ProducerStage) => Promise<void>
}

const QUIET: SimulatedFaults = { latencyMs: { min: 1, max: 20 } }
const LONGEST_MS = 172_800_000

export async function playProducers(
  scenario: ProducerScenario,
  seed: number,
  trace?: (line: string) => void,
): Promise<SimulationResult> {
  if (scenario.throughSdk) await warmUpSdk()
  const { listShardsPageSize = 1000 } = scenario
  let stage: ProducerStage | undefined
  return await simulate({
    seed,
    faults: scenario.faults?.(new SeededRandom(seed, 'plan')) ?? QUIET,
    kinesis: { onRecord: (notice) => stage?.stored(notice), listShardsPageSize },
    maxVirtualMs: LONGEST_MS,
    ...(trace === undefined ? {} : { trace }),
    programme: async (world) => {
      stage = new ProducerStage(world, watchProcesses(world))
      await scenario.play(stage)
      stage.judge()
    },
  })
}
