/** Runs seeds one after another and sums up what they found. */
import { createHash } from 'node:crypto'
import type { SimulationResult } from '@millrace/testing'
import type { BoundId } from './bounds.ts'
import { runSeed, type Scenario } from './scenario.ts'

export interface FoundViolation {
  readonly scenario: string
  readonly seed: number
  readonly rule: string
  readonly message: string
  readonly atMs: number
}

/** The one command that plays it again. */
export function replayCommand({ scenario, seed }: FoundViolation): string {
  return `npm run sim -- --scenario ${scenario} --seed ${seed} --trace`
}

/** What one history leaves behind; plain data, so that it can cross from one process to another. */
export interface HistoryFact {
  readonly scenario: string
  readonly seed: number
  readonly traceHash: string
  readonly virtualMs: number
  readonly counts: Readonly<Record<string, number>>
  readonly violations: readonly FoundViolation[]
  /** Bound -> what was measured, milliseconds. */
  readonly bounds: readonly (readonly [BoundId, number])[]
}

export interface SeedRange {
  readonly from: number
  readonly seeds: number
}

/** Alone, a scenario runs for every seed; among others, for the seeds that it asks for. */
export function scenariosFor(scenarios: readonly Scenario[], seed: number): readonly Scenario[] {
  if (scenarios.length === 1) return scenarios
  return scenarios.filter(({ everySeeds = 1 }) => seed % everySeeds === 0)
}

/** @yields one fact for each history, in the order of seeds and scenarios */
export async function* runSeeds(
  scenarios: readonly Scenario[],
  { from, seeds }: SeedRange,
): AsyncGenerator<HistoryFact, void, void> {
  for (let seed = from; seed < from + seeds; seed++) {
    for (const scenario of scenariosFor(scenarios, seed)) {
      yield factOf(scenario.name, seed, await runSeed(scenario, seed))
    }
  }
}

function factOf(
  scenario: string,
  seed: number,
  result: SimulationResult & { readonly bounds: HistoryFact['bounds'] },
): HistoryFact {
  const { traceHash, virtualMs, counts, bounds } = result
  return {
    ...{ scenario, seed, traceHash, virtualMs, counts, bounds },
    violations: result.violations.map(({ rule, message, atMs }) => ({
      ...{ scenario, seed, rule, message, atMs },
    })),
  }
}

/** One hash over the trace hashes of all histories. */
export class OverallHash {
  readonly #hash = createHash('sha256')

  add({ scenario, seed, traceHash }: HistoryFact): void {
    this.#hash.update(`${scenario} ${seed} ${traceHash}\n`)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}
