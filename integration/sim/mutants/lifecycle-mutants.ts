/** Breakages that the named scenarios of checkpoints, shutdown and background work must find. */
import type { Mutant } from './mutant.ts'

const CONSUMER = 'packages/consumer/src'

/** As `about` begins, so the scenario is called. */
export const LIFECYCLE_MUTANTS: readonly Mutant[] = [
  {
    name: 'numbers-beat-the-end',
    about: 'R15: the number of a record counts as later than SHARD_END',
    file: 'packages/core/src/sequence-number.ts',
    find: '  if (rankA !== 0 || rankB !== 0) return rankA - rankB\n',
    replace:
      '  if (rankA === 0 && rankB > 0) return 1\n  if (rankA !== 0 || rankB !== 0) return rankA - rankB\n',
    scenario: 'R15',
    from: 3,
    seeds: 8,
  },
  {
    name: 'nothing-new-is-no-end',
    about: 'R16: the end of a shard is not stored when its last record is checkpointed already',
    file: `${CONSUMER}/shard/shard-ending.ts`,
    find: 'await persist(() => checkpointer.storeShardEnd(), {',
    replace:
      'await persist(async () => tracker.isCovered(tracker.delivered) || checkpointer.storeShardEnd(), {',
    scenario: 'R16',
    from: 1,
    seeds: 3,
  },
  {
    name: 'the-handler-must-checkpoint',
    about: 'R17: the end of a shard is stored only when its handler has checkpointed everything',
    file: `${CONSUMER}/shard/shard-ending.ts`,
    find: 'await persist(() => checkpointer.storeShardEnd(), {',
    replace:
      'await persist(async () => tracker.isCovered(tracker.delivered) && checkpointer.storeShardEnd(), {',
    scenario: 'R17',
    from: 1,
    seeds: 3,
  },
  {
    name: 'prepared-state-stays-behind',
    about: 'prepared-checkpoints: the state of a former owner is not told to the next one',
    file: `${CONSUMER}/lease/lease-row.ts`,
    find: "pendingCheckpointState: row['pendingCheckpointState']?.B,",
    replace: 'pendingCheckpointState: undefined,',
    scenario: 'prepared-checkpoints',
    from: 1,
    seeds: 8,
  },
  {
    name: 'promises-are-forgotten',
    about: 'R52: a worker that stops frees what it has promised to another',
    file: `${CONSUMER}/tenure/lease-giver.ts`,
    find: 'if (row?.checkpointOwner === workerId) return await this.#finishHandoff(row)',
    replace:
      "if (row?.checkpointOwner === workerId) return (await store.release(row)) && { outcome: 'freed', to: undefined }",
    scenario: 'R52',
    from: 3,
    seeds: 12,
  },
  {
    name: 'loops-leave-their-timers',
    about: 'R53: a loop that is stopped leaves the timer of its next run',
    file: `${CONSUMER}/worker/periodic-loop.ts`,
    find: '    stopTimer(this.#timer)\n    await this.#running\n',
    replace: '    await this.#running\n',
    scenario: 'R53',
    from: 1,
    seeds: 3,
  },
  {
    name: 'loops-die-in-silence',
    about: 'R67: a background loop ends with its first failure, and nobody hears of it',
    file: `${CONSUMER}/worker/periodic-loop.ts`,
    find: 'this.#options.onError(cause, ++this.#failures)',
    replace: 'this.#stopped = cause !== undefined',
    scenario: 'R67',
    from: 1,
    seeds: 3,
  },
  {
    name: 'one-set-of-tenures',
    about: 'R68: consumers of one worker id in one process share what they hold',
    file: `${CONSUMER}/tenure/held-leases.ts`,
    find: '  readonly #held = new Map<string, HeldLease>()\n',
    replace: `  static readonly #shared = new Map<string, Map<string, HeldLease>>()
  get #held(): Map<string, HeldLease> {
    const { workerId } = this.#options
    const held = HeldLeases.#shared.get(workerId) ?? new Map<string, HeldLease>()
    HeldLeases.#shared.set(workerId, held)
    return held
  }
`,
    scenario: 'R68',
    from: 1,
    seeds: 3,
  },
]
