/** Histories in which the AWS SDK stands between the fleet and the services. */
import { planHistory } from '../fleet/history-plan.ts'
import type { Scenario } from '../scenario.ts'

export const OVER_SDK: readonly Scenario[] = [
  {
    name: 'fleet-over-sdk',
    about: 'as fleet, through the clients of the AWS SDK: its signing, its parsing, its errors',
    plan: (random) => ({ ...planHistory(random), throughSdk: true }),
    everySeeds: 15,
  },
]
