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
  {
    name: 'last-page-is-left-out',
    about: 'R06: a page that ends its shard is not handed on',
    file: `${CONSUMER}/worker/shard-consumer.ts`,
    find: 'if (!(await pages.deliver(reading))) return undefined',
    replace: 'if (!reading.atShardEnd && !(await pages.deliver(reading))) return undefined',
    scenario: 'R06',
    from: 1,
    seeds: 3,
  },
  {
    name: 'back-to-the-start',
    about: 'R07: a new iterator starts where the tenure did',
    file: `${CONSUMER}/retrieval/polling-source.ts`,
    find: 'this.#lastSequenceNumber === undefined\n        ?',
    replace: 'this.#lastSequenceNumber !== "never"\n        ?',
    scenario: 'R07',
    from: 1,
    seeds: 3,
  },
  {
    name: 'at-the-last-record',
    about: 'R08: a new iterator starts at the last record, not behind it',
    file: `${CONSUMER}/retrieval/start-position.ts`,
    find: "ShardIteratorType: 'AFTER_SEQUENCE_NUMBER'",
    replace: "ShardIteratorType: 'AT_SEQUENCE_NUMBER'",
    scenario: 'R08',
    from: 1,
    seeds: 3,
  },
  {
    name: 'no-iterator-is-the-end',
    about: 'R26: an empty page without a next iterator ends the shard',
    file: `${CONSUMER}/retrieval/polling-source.ts`,
    find: 'return this.#listedEnd',
    replace: 'return this.#listedEnd ?? { children: [] }',
    scenario: 'R26',
    from: 1,
    seeds: 3,
  },
  {
    name: 'latest-once-more',
    about: 'R11: a lease at LATEST starts at LATEST whenever it is begun',
    file: `${CONSUMER}/retrieval/start-position.ts`,
    find: 'return stored.startTimestampMs === undefined',
    replace: 'return stored.startTimestampMs !== -1',
    scenario: 'R11',
    from: 1,
    seeds: 3,
  },
  {
    name: 'any-table-will-do',
    about: 'R33: leases of a former stream of the same name are gone on with',
    file: `${CONSUMER}/shard-sync/former-stream-guard.ts`,
    find: 'if ((await look(options, signal)).why === undefined) return',
    replace: "if ((await look(options, signal)).why !== '') return",
    scenario: 'R33',
    from: 1,
    seeds: 3,
  },
]
