/**
 * Cases side by side. Every round samples every case once, in a shuffled order, so that a noisy
 * neighbour hits all alike; the control is sampled twice a round and must agree with itself.
 */
import type { Floor } from './benchmark.ts'
import { median, shuffle } from './statistics.ts'

const CONTROL_TWIN = 'control twin'
const MIB = 1024 * 1024
/** Bytes in a nanosecond are thousands of MB in a second. */
const NS_BYTES_TO_MB_S = 1000

export interface Sample {
  /** CPU nanoseconds of one operation. */
  readonly ns: number
  /** Of the process until now. */
  readonly peakRssBytes: number
}

export interface SampledCase {
  readonly name: string
  /** Data that one operation carries, where that says more than its time. */
  readonly operationBytes?: number
  /** CPU nanoseconds of one operation, by itself or with more. */
  readonly sample: () => number | Promise<number | Sample>
}

export interface Rounds {
  readonly name: string
  readonly cases: readonly SampledCase[]
  /** The case that is sampled twice a round. */
  readonly control: string
  readonly floors: readonly Floor[]
  readonly warmUpRounds: number
  readonly rounds: number
  /** A control that differs from itself by more than this says that the machine decides, not the code. */
  readonly controlTolerance: number
}

export interface CaseResult {
  readonly name: string
  /** Of one operation. */
  readonly medianNs: number
  readonly minNs: number
  readonly maxNs: number
  /** Data of the operations, with `operationBytes`. */
  readonly mbPerCpuSecond?: number
  readonly peakRssMiB?: number
}

export interface FloorResult {
  readonly name: string
  readonly ratio: number
  readonly minRatio: number
  readonly maxRatio: number
  readonly atLeast: number
  readonly held: boolean
}

/** A case or a peer that this machine cannot run. */
export interface NotMeasured {
  readonly name: string
  readonly why: string
}

export interface BenchmarkResult {
  readonly name: string
  readonly cases: readonly CaseResult[]
  readonly floors: readonly FloorResult[]
  readonly notMeasured?: readonly NotMeasured[]
  /** Control against its twin; 1 on a quiet machine. */
  readonly controlRatio: number
  readonly controlTolerance: number
  readonly conclusive: boolean
  /** 1 unless the control had to be asked again. */
  readonly attempts: number
}

export async function measureRounds(rounds: Rounds, attempts: number): Promise<BenchmarkResult> {
  const control = caseNamed(rounds, rounds.control)
  const cases = [...rounds.cases, { ...control, name: CONTROL_TWIN }]
  const samples = new Map<string, number[]>(cases.map((each) => [each.name, []]))
  const peakRssBytes = new Map<string, number>()
  for (let round = 0; round < rounds.warmUpRounds + rounds.rounds; round++) {
    for (const each of shuffle(cases)) {
      const told = await each.sample()
      const sample = typeof told === 'number' ? { ns: told } : told
      if ('peakRssBytes' in sample) peakRssBytes.set(each.name, sample.peakRssBytes)
      if (round >= rounds.warmUpRounds) samples.get(each.name)?.push(sample.ns)
    }
  }
  const of = (name: string): readonly number[] => samples.get(name) ?? []
  const controlRatio = median(ratios(of(CONTROL_TWIN), of(control.name)))
  return {
    name: rounds.name,
    cases: rounds.cases.map(({ name, operationBytes }) => {
      const medianNs = median(of(name))
      const peak = peakRssBytes.get(name)
      return {
        name,
        medianNs,
        minNs: Math.min(...of(name)),
        maxNs: Math.max(...of(name)),
        ...(operationBytes === undefined
          ? {}
          : { mbPerCpuSecond: (operationBytes / medianNs) * NS_BYTES_TO_MB_S }),
        ...(peak === undefined ? {} : { peakRssMiB: peak / MIB }),
      }
    }),
    floors: rounds.floors.map((floor) => floorResult(floor, of(floor.peer), of(floor.ours))),
    controlRatio,
    controlTolerance: rounds.controlTolerance,
    conclusive: Math.abs(controlRatio - 1) <= rounds.controlTolerance,
    attempts,
  }
}

function floorResult(
  { name, atLeast }: Floor,
  peer: readonly number[],
  ours: readonly number[],
): FloorResult {
  const all = ratios(peer, ours)
  const ratio = median(all)
  return {
    name,
    ratio,
    minRatio: Math.min(...all),
    maxRatio: Math.max(...all),
    atLeast,
    held: ratio >= atLeast,
  }
}

/** Round by round, so that what slowed a whole round drops out. */
function ratios(numerators: readonly number[], denominators: readonly number[]): number[] {
  return numerators.map((value, round) => value / (denominators[round] ?? Number.NaN))
}

function caseNamed(rounds: Rounds, name: string): SampledCase {
  const found = rounds.cases.find((each) => each.name === name)
  if (found === undefined) throw new Error(`${rounds.name} has no case ${name}`)
  return found
}
