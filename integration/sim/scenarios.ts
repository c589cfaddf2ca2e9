/** Every named history. */
import type { Scenario } from './scenario.ts'
import { SWARM } from './scenarios/swarm.ts'

export const SCENARIOS: readonly Scenario[] = [...SWARM]
