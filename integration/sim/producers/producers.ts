/** Every named history of producers alone. */
import type { ProducerScenario } from './producer-scenario.ts'
import { PRODUCER_SWARM } from './producer-swarm.ts'

export const PRODUCERS: readonly ProducerScenario[] = [PRODUCER_SWARM]
