/** Results as lines for people and as one object for programs. Pure. */
import type { CountResult } from './count.ts'
import type { BenchmarkResult, CaseResult } from './rounds.ts'

export type Verdict = 'held' | 'violated' | 'inconclusive'

export const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  held: 0,
  violated: 1,
  inconclusive: 4,
}

/** A floor missed by a machine that agrees with itself is a violation, whatever else is unclear. */
export function verdictOf(
  results: readonly BenchmarkResult[],
  counts: readonly CountResult[] = [],
): Verdict {
  const isSlow = results.some(
    ({ conclusive, floors }) => conclusive && floors.some(({ held }) => !held),
  )
  const isWasteful = counts.some(({ ceilings }) => ceilings.some(({ held }) => !held))
  if (isSlow || isWasteful) return 'violated'
  return results.every(({ conclusive }) => conclusive) ? 'held' : 'inconclusive'
}

export function linesOf(result: BenchmarkResult): string[] {
  const control = `control ${result.controlRatio.toFixed(3)}`
  const state = result.conclusive
    ? control
    : `INCONCLUSIVE: ${control}, wanted 1 within ${100 * result.controlTolerance} %`
  return [
    `${result.name}  (${state}, attempt ${result.attempts})`,
    ...result.cases.map(lineOfCase),
    ...(result.notMeasured ?? []).map(
      ({ name, why }) => `  ${name.padEnd(30)} not measured: ${why}`,
    ),
    ...result.floors.map(
      ({ name, ratio, minRatio, maxRatio, atLeast, held }) =>
        `  ${held ? 'ok  ' : 'MISS'} ${name.padEnd(30)} ${ratio.toFixed(2)}x  [${minRatio.toFixed(2)} .. ${maxRatio.toFixed(2)}]  at least ${atLeast}x`,
    ),
  ]
}

export function linesOfCount({ name, unit, counts, ceilings }: CountResult): string[] {
  return [
    `${name}  (${unit})`,
    ...counts.map((count) => `  ${count.name.padEnd(30)} ${count.value.toFixed(3).padStart(7)}`),
    ...ceilings.map(
      ({ name: of, ratio, atMost, held }) =>
        `  ${held ? 'ok  ' : 'MISS'} ${of.padEnd(30)} ${ratio.toFixed(2)}x  at most ${atMost}x`,
    ),
  ]
}

function lineOfCase({
  name,
  medianNs,
  minNs,
  maxNs,
  mbPerCpuSecond,
  peakRssMiB,
}: CaseResult): string {
  const range = `${ns(medianNs)} ns  [${ns(minNs)} .. ${ns(maxNs)}]`
  const rates = [
    `${(1000 / medianNs).toFixed(2)} M/s`,
    ...(mbPerCpuSecond === undefined ? [] : [`${mbPerCpuSecond.toFixed(1)} MB a CPU second`]),
    ...(peakRssMiB === undefined ? [] : [`peak RSS ${peakRssMiB.toFixed(0)} MiB`]),
  ]
  return `  ${name.padEnd(30)} ${range}  ${rates.join(', ')}`
}

function ns(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0).padStart(7)
}
