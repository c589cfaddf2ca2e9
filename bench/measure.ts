/** CPU time of cases that run to their end in this process. */
import type { Benchmark, Case } from './benchmark.ts'
import { type BenchmarkResult, measureRounds, type Rounds } from './rounds.ts'

const SAMPLE_CPU_MS = 120
const WARM_UP_ROUNDS = 2
const ROUNDS = 9
const ATTEMPTS = 3
const CONTROL_TOLERANCE = 0.05

/** Measures again, up to three times, while the control disagrees with itself. */
export async function measure(benchmark: Benchmark): Promise<BenchmarkResult> {
  const rounds: Rounds = {
    ...benchmark,
    cases: benchmark.cases.map((each) => {
      const repeats = repeatsOf(each)
      return { name: each.name, sample: () => sampleNs(each, repeats) }
    }),
    warmUpRounds: WARM_UP_ROUNDS,
    rounds: ROUNDS,
    controlTolerance: CONTROL_TOLERANCE,
  }
  for (let attempt = 1; ; attempt++) {
    const result = await measureRounds(rounds, attempt)
    if (result.conclusive || attempt === ATTEMPTS) return result
  }
}

/** How many runs make a sample that is long against the clock's grain. */
function repeatsOf(each: Case): number {
  sampleNs(each, 1)
  const ns = sampleNs(each, 2)
  return Math.max(1, Math.ceil((SAMPLE_CPU_MS * 1e6) / (ns * each.operations)))
}

let sink = 0

function sampleNs(each: Case, repeats: number): number {
  let cpuUs = 0
  for (let i = 0; i < repeats; i++) {
    each.prepare?.()
    const before = process.cpuUsage()
    sink += each.run()
    const { user, system } = process.cpuUsage(before)
    cpuUs += user + system
  }
  if (Number.isNaN(sink)) throw new Error(`${each.name} returned no number`)
  return (cpuUs * 1000) / (repeats * each.operations)
}
