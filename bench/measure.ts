/**
 * CPU time of cases, side by side. Every round runs every case once, in a shuffled order, so that a
 * noisy neighbour hits all alike; the control runs twice a round and must agree with itself.
 */
import type { Benchmark, Case } from './benchmark.ts'
import { median, shuffle } from './statistics.ts'

const SAMPLE_CPU_MS = 120
const WARM_UP_ROUNDS = 2
const ROUNDS = 9
const ATTEMPTS = 3
/** A control that differs from itself by more than this says that the machine decides, not the code. */
const CONTROL_TOLERANCE = 0.05
const CONTROL_TWIN = 'control twin'

export interface CaseResult {
  readonly name: string
  /** Of one operation. */
  readonly medianNs: number
  readonly minNs: number
  readonly maxNs: number
}

export interface FloorResult {
  readonly name: string
  readonly ratio: number
  readonly minRatio: number
  readonly maxRatio: number
  readonly atLeast: number
  readonly held: boolean
}

export interface BenchmarkResult {
  readonly name: string
  readonly cases: readonly CaseResult[]
  readonly floors: readonly FloorResult[]
  /** Control against its twin; 1 on a quiet machine. */
  readonly controlRatio: number
  readonly conclusive: boolean
  /** 1 unless the control had to be asked again. */
  readonly attempts: number
}

/** Measures again, up to three times, while the control disagrees with itself. */
export function measure(benchmark: Benchmark): BenchmarkResult {
  for (let attempt = 1; ; attempt++) {
    const result = measureOnce(benchmark, attempt)
    if (result.conclusive || attempt === ATTEMPTS) return result
  }
}

function measureOnce(benchmark: Benchmark, attempts: number): BenchmarkResult {
  const control = caseNamed(benchmark, benchmark.control)
  const cases = [...benchmark.cases, { ...control, name: CONTROL_TWIN }]
  const repeats = new Map(cases.map((each) => [each.name, repeatsOf(each)]))
  const samples = new Map<string, number[]>(cases.map((each) => [each.name, []]))
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (const each of shuffle(cases)) {
      const ns = sampleNs(each, repeats.get(each.name) ?? 1)
      if (round >= WARM_UP_ROUNDS) samples.get(each.name)?.push(ns)
    }
  }
  const of = (name: string): readonly number[] => samples.get(name) ?? []
  const controlRatio = median(ratios(of(CONTROL_TWIN), of(control.name)))
  return {
    name: benchmark.name,
    cases: benchmark.cases.map(({ name }) => ({
      name,
      medianNs: median(of(name)),
      minNs: Math.min(...of(name)),
      maxNs: Math.max(...of(name)),
    })),
    floors: benchmark.floors.map(({ name, ours, peer, atLeast }) => {
      const all = ratios(of(peer), of(ours))
      const ratio = median(all)
      return {
        name,
        ratio,
        minRatio: Math.min(...all),
        maxRatio: Math.max(...all),
        atLeast,
        held: ratio >= atLeast,
      }
    }),
    controlRatio,
    conclusive: Math.abs(controlRatio - 1) <= CONTROL_TOLERANCE,
    attempts,
  }
}

/** Round by round, so that what slowed a whole round drops out. */
function ratios(numerators: readonly number[], denominators: readonly number[]): number[] {
  return numerators.map((value, round) => value / (denominators[round] ?? Number.NaN))
}

function caseNamed(benchmark: Benchmark, name: string): Case {
  const found = benchmark.cases.find((each) => each.name === name)
  if (found === undefined) throw new Error(`${benchmark.name} has no case ${name}`)
  return found
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
