/** Which plants the linters missed, and what they refused without reason. Pure. */
import type { Linter, Plant } from './plants.ts'

/** One error of a linter. */
export interface Finding {
  readonly linter: Linter
  readonly path: string
  readonly text: string
}

/** One line a failed proof; empty when every proof holds. */
export function failedProofs(
  plants: readonly Plant[],
  allowed: readonly string[],
  findings: readonly Finding[],
): readonly string[] {
  const missed = plants
    .filter((plant) => !findings.some((finding) => refuses(finding, plant)))
    .map((plant) => `not refused: ${plant.name} in ${plant.path} (${plant.linter} ${plant.rule})`)
  const wronged = findings
    .filter(({ path }) => allowed.some((one) => isAt(path, one)))
    .map(({ path, linter, text }) => `refused without reason: ${path} (${linter} ${text})`)
  return [...missed, ...wronged]
}

function refuses(finding: Finding, plant: Plant): boolean {
  return (
    finding.linter === plant.linter &&
    isAt(finding.path, plant.path) &&
    finding.text.includes(plant.rule)
  )
}

function isAt(reported: string, path: string): boolean {
  return reported === path || reported.endsWith(`/${path}`)
}
