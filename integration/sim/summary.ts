/** Many histories summed up: what `npm run sim` reports. Pure. */
import { type BoundSummary, summaryOfBounds } from './bounds.ts'
import { regressionIds, WAITING } from './regressions/waiting.ts'
import { boundShortfalls, missedMarkers, type RunExtent } from './report/shortfalls.ts'
import { type FoundViolation, type HistoryFact, OverallHash } from './run-seeds.ts'

export interface SimSummary {
  readonly traceHash: string
  readonly histories: number
  readonly violations: number
  readonly found: readonly FoundViolation[]
  readonly virtualHours: number
  /** What went wrong on purpose, by kind. */
  readonly faults: Readonly<Record<string, number>>
  /** How many kinds of faults were injected. */
  readonly faultKinds: number
  /** The longest recovery of each L-bound, virtual milliseconds. */
  readonly bounds: Readonly<Record<string, BoundSummary>>
  /** Bounds that a run of this length should have measured and has not, or that were exceeded. */
  readonly boundShortfalls: readonly string[]
  /** Situations that some history must reach, and how often they were. */
  readonly markers: Readonly<Record<string, number>>
  /** Markers that a run of this length should have reached and has not. */
  readonly missed: readonly string[]
  /** Histories of each scenario. */
  readonly scenarios: Readonly<Record<string, number>>
  /** Rows of reliability.md 1.4: those that ran, and what the others wait for. */
  readonly regressions: {
    readonly run: readonly string[]
    readonly waiting: Readonly<Record<string, string>>
  }
  /** Everything else that was counted. */
  readonly counts: Readonly<Record<string, number>>
}

const FAULTS = /^(fault|disturbance|handler)\.(.+)$/
const MARKERS = /^marker\.(.+)$/

/** A run of one scenario, or of a few seeds, is owed nothing. */
const SHORT: RunExtent = { seeds: 0, isWhole: false }

export function summaryOf(facts: readonly HistoryFact[], extent: RunExtent = SHORT): SimSummary {
  const hash = new OverallHash()
  const [faults, markers, counts] = [new Tally(), new Tally(), new Tally()]
  const scenarios = new Tally()
  for (const fact of facts) {
    hash.add(fact)
    scenarios.add(fact.scenario, 1)
    for (const [name, count] of Object.entries(fact.counts)) {
      const marker = MARKERS.exec(name)?.[1]
      if (marker !== undefined) markers.add(marker, count)
      else if (FAULTS.test(name)) faults.add(name, count)
      else counts.add(name, count)
    }
  }
  const found = facts.flatMap(({ violations }) => violations)
  const virtualMs = facts.reduce((sum, fact) => sum + fact.virtualMs, 0)
  const bounds = summaryOfBounds(facts.flatMap((fact) => fact.bounds))
  return {
    traceHash: hash.digest(),
    histories: facts.length,
    violations: found.length,
    found,
    virtualHours: Math.round(virtualMs / 36_000) / 100,
    faults: faults.sorted(),
    faultKinds: Object.keys(faults.sorted()).length,
    bounds,
    boundShortfalls: boundShortfalls(bounds, extent),
    markers: markers.sorted(),
    missed: missedMarkers(markers.sorted(), extent),
    scenarios: scenarios.sorted(),
    regressions: {
      run: regressionIds(Object.keys(scenarios.sorted())),
      waiting: Object.fromEntries(WAITING.map(({ id, waitsFor }) => [id, waitsFor])),
    },
    counts: counts.sorted(),
  }
}

/** Nothing was found, and nothing was missed. */
export function holds({ violations, boundShortfalls: bounds, missed }: SimSummary): boolean {
  return violations === 0 && bounds.length === 0 && missed.length === 0
}

class Tally {
  readonly #counts = new Map<string, number>()

  add(name: string, count: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  sorted(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
