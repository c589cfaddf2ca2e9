/** What a benchmark is: cases that do the same work, and floors for how they compare. */
import type { CountResult } from './count.ts'
import type { BenchmarkResult } from './rounds.ts'

export interface Case {
  readonly name: string
  /** Operations, usually user records, that one `run` does. */
  readonly operations: number
  /** Untimed, before each sample: fresh input, so that no case profits from the one before. */
  readonly prepare?: () => void
  /** Timed. Returns something that depends on the work, so that the work cannot be skipped. */
  readonly run: () => number
}

/** The median of `peer / ours`, both measured in the same round, must reach `atLeast`. */
export interface Floor {
  readonly name: string
  readonly ours: string
  readonly peer: string
  readonly atLeast: number
}

export interface Benchmark {
  readonly name: string
  /** Cases of one load; the peer must be among them under `control`, for the A/A check. */
  readonly cases: readonly Case[]
  readonly control: string
  readonly floors: readonly Floor[]
}

/** Timed here, timed in processes of its own, or counted. */
export interface BenchmarkGroup {
  /** For `--only`. */
  readonly name: string
  readonly build?: () => readonly Benchmark[]
  /** It takes minutes: each result is told when it is there. */
  readonly measure?: () => AsyncIterable<BenchmarkResult>
  readonly count?: () => Promise<readonly CountResult[]>
}

/** A peer or a file that a benchmark needs is not there: exit code 3. */
export class PrerequisiteAbsentError extends Error {}
