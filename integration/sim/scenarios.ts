/** Every named history. */
import { REGRESSIONS } from './regressions/regressions.ts'
import type { Scenario } from './scenario.ts'
import { OVER_SDK } from './scenarios/over-sdk.ts'
import { SWARM } from './scenarios/swarm.ts'

export const SCENARIOS: readonly Scenario[] = [...SWARM, ...OVER_SDK, ...REGRESSIONS]
