/** The reviewed list of differences between the DynamoDB engines that the lease table is tried on. */
import { readFileSync } from 'node:fs'

export interface EngineDifference {
  readonly id: string
  readonly operation: string
  /** By engine. */
  readonly answers: Readonly<Record<string, string>>
  /** Where the answer of an engine that is not run stands. */
  readonly read?: string
  /** Whether the conformance suite of the port leaves tests out for it. */
  readonly capability?: boolean
  readonly harmless: string
}

export interface EngineDifferences {
  readonly engines: Readonly<Record<string, 'run' | 'read'>>
  readonly differences: readonly EngineDifference[]
}

/** The engine whose answers are the service's, as far as is known. */
export const REFERENCE = 'SimulatedDynamo'

export const ENGINES: EngineDifferences = JSON.parse(
  readFileSync(new URL('../interop/engine-differences.json', import.meta.url), 'utf8'),
) as EngineDifferences

/** For the conformance suite: false for what this engine does not do as the reference does. */
export function capabilitiesOf(engine: string): Readonly<Record<string, boolean>> {
  return Object.fromEntries(
    ENGINES.differences
      .filter(({ capability }) => capability === true)
      .map(({ id, answers }) => [id, answers[engine] === answers[REFERENCE]]),
  )
}
