/** Breakages that the named scenarios of handlers, reads, shards and their lists must find. */
import type { Mutant } from './mutants.ts'

const CONSUMER = 'packages/consumer/src'

/** As `about` begins, so the scenario is called. */
export const SHARD_MUTANTS: readonly Mutant[] = [
  {
    name: 'rejected-is-done',
    about: 'R01: a batch that the handler rejected is not given to it again',
    file: `${CONSUMER}/delivery/batch-delivery.ts`,
    find: "if ((await this.#judge(call)) === 'retry') continue",
    replace: 'await this.#judge(call)',
    scenario: 'R01',
    from: 1,
    seeds: 3,
  },
]
