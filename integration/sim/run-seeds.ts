/** Runs seeds one after another and sums up what they found. */
import { createHash } from 'node:crypto'
import type { SimulationResult } from '@millrace/testing'
import { runSeed, type Scenario } from './scenarios.ts'

export interface FoundViolation {
  readonly scenario: string
  readonly seed: number
  readonly rule: string
  readonly message: string
  readonly atMs: number
}

export interface SimSummary {
  /** One hash over the trace hashes of all seeds. */
  readonly traceHash: string
  readonly histories: number
  readonly violations: readonly FoundViolation[]
  readonly counts: Readonly<Record<string, number>>
  readonly virtualHours: number
}

export interface SeedRange {
  readonly from: number
  readonly seeds: number
}

export async function runSeeds(
  scenarios: readonly Scenario[],
  { from, seeds }: SeedRange,
  onSeed: (scenario: Scenario, seed: number, result: SimulationResult) => void,
): Promise<SimSummary> {
  const hash = createHash('sha256')
  const violations: FoundViolation[] = []
  const counts = new Map<string, number>()
  let virtualMs = 0
  let histories = 0
  for (let seed = from; seed < from + seeds; seed++) {
    for (const scenario of scenarios) {
      if (scenarios.length > 1 && seed % (scenario.everySeeds ?? 1) !== 0) continue
      const result = await runSeed(scenario, seed)
      onSeed(scenario, seed, result)
      hash.update(`${scenario.name} ${seed} ${result.traceHash}\n`)
      histories++
      virtualMs += result.virtualMs
      for (const [name, count] of Object.entries(result.counts)) {
        counts.set(name, (counts.get(name) ?? 0) + count)
      }
      for (const { rule, message, atMs } of result.violations) {
        violations.push({ scenario: scenario.name, seed, rule, message, atMs })
      }
    }
  }
  return {
    traceHash: hash.digest('hex'),
    histories,
    violations,
    counts: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    virtualHours: Math.round(virtualMs / 36_000) / 100,
  }
}
