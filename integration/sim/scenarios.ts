/** Every named history. */
import { PRODUCERS } from './producers/producers.ts'
import { READ_AUTO } from './regressions/aggregates.ts'
import { REGRESSIONS } from './regressions/regressions.ts'
import type { Scenario } from './scenario.ts'
import { BLOCKED_RENEWAL } from './scenarios/blocked-renewal.ts'
import { BOUND_RESHARD } from './scenarios/bound-reshard.ts'
import { BOUNDS } from './scenarios/bounds.ts'
import { CONCURRENT_HANDLERS } from './scenarios/concurrent-handlers.ts'
import { EVERY_STYLE } from './scenarios/every-style.ts'
import { LATE_HANDOFF } from './scenarios/late-handoff.ts'
import { OVER_SDK } from './scenarios/over-sdk.ts'
import { PREPARED_CHECKPOINTS } from './scenarios/prepared-checkpoints.ts'
import { SLOW_HANDLERS } from './scenarios/slow-handlers.ts'
import { SWARM } from './scenarios/swarm.ts'
import { TAKEN_UNASKED } from './scenarios/taken-unasked.ts'

export const SCENARIOS: readonly Scenario[] = [
  ...SWARM,
  ...BOUNDS,
  BOUND_RESHARD,
  EVERY_STYLE,
  LATE_HANDOFF,
  BLOCKED_RENEWAL,
  SLOW_HANDLERS,
  PREPARED_CHECKPOINTS,
  CONCURRENT_HANDLERS,
  TAKEN_UNASKED,
  ...OVER_SDK,
  READ_AUTO,
  ...REGRESSIONS,
  ...PRODUCERS,
]
