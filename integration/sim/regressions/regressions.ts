/** The named scenarios of reliability.md 1.4: each is called by its row's id. */
import type { Scenario } from '../scenario.ts'
import { AGGREGATES } from './aggregates.ts'
import { APPLICATIONS } from './applications.ts'
import { ASSIGNMENT } from './assignment.ts'
import { BACKGROUND_LOOPS } from './background.ts'
import { CALL_RATES } from './call-rates.ts'
import { COVERAGE } from './coverage.ts'
import { FAILING_HANDLERS } from './failing-handlers.ts'
import { FOREIGN } from './foreign-rows.ts'
import { HANDOFFS } from './handoffs.ts'
import { JOINING } from './joining.ts'
import { LATE_ANSWERS } from './late-answers.ts'
import { LEADERS } from './leaders.ts'
import { LEASES } from './leases.ts'
import { LIST_PAGES } from './list-pages.ts'
import { PARENTS } from './parents.ts'
import { QUEUED_PAGES } from './queued-pages.ts'
import { READS } from './reads.ts'
import { SHARD_END } from './shard-end.ts'
import { SHARD_LISTS } from './shard-lists.ts'
import { SHUTDOWN } from './shutdown.ts'
import { STARTS } from './starts.ts'
import { TENURES } from './tenures.ts'

export const REGRESSIONS: readonly Scenario[] = [
  ...LEASES,
  ...LEADERS,
  ...ASSIGNMENT,
  ...JOINING,
  ...FOREIGN,
  ...CALL_RATES,
  ...FAILING_HANDLERS,
  ...HANDOFFS,
  ...SHARD_END,
  ...STARTS,
  ...PARENTS,
  ...COVERAGE,
  ...SHARD_LISTS,
  ...LIST_PAGES,
  ...READS,
  ...LATE_ANSWERS,
  ...QUEUED_PAGES,
  ...AGGREGATES,
  ...SHUTDOWN,
  ...TENURES,
  ...BACKGROUND_LOOPS,
  ...APPLICATIONS,
]
