/** Every named history of producers alone. */
import { CLOSED_IN_DOUBT } from './closing.ts'
import { PRODUCER_DISTRIBUTIONS } from './distributions.ts'
import { PRODUCER_KEYS } from './keys.ts'
import { PRODUCER_LIFETIMES } from './lifetimes.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import { PRODUCER_SWARM } from './producer-swarm.ts'
import { PRODUCER_RATES } from './rates.ts'
import { PRODUCER_RESHARDING } from './resharding.ts'
import { PRODUCER_SHARD_MAPS } from './shard-maps.ts'
import { THROTTLED_SHARD } from './throttled-shard.ts'
import { PRODUCER_TRANSPORTS } from './transports.ts'

export const PRODUCERS: readonly ProducerScenario[] = [
  PRODUCER_SWARM,
  ...PRODUCER_RESHARDING,
  ...PRODUCER_RATES,
  THROTTLED_SHARD,
  CLOSED_IN_DOUBT,
  ...PRODUCER_TRANSPORTS,
  ...PRODUCER_KEYS,
  ...PRODUCER_LIFETIMES,
  ...PRODUCER_SHARD_MAPS,
  ...PRODUCER_DISTRIBUTIONS,
]
