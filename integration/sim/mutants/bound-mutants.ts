/** Breakages that cost nothing but time: the scenarios that measure the bounds must find them. */
import type { Mutant } from './mutant.ts'

const CONSUMER = 'packages/consumer/src'

export const BOUND_MUTANTS: readonly Mutant[] = [
  {
    name: 'told-too-late',
    about: 'S8: a running call hears two seconds late that its lease is not believed in any more',
    file: `${CONSUMER}/tenure/belief-clock.ts`,
    find: 'startTimer(Math.max(0, this.leftMs), this.#onEnd)',
    replace: 'startTimer(Math.max(0, this.leftMs) + 2000, this.#onEnd)',
    scenario: 'bound-told',
    from: 1,
    seeds: 3,
  },
  {
    name: 'drains-slowly',
    about: 'L3: a worker that stops idles for some seconds before it hands anything over',
    file: `${CONSUMER}/worker/worker.ts`,
    find: 'settledWithin([withdrawn], leftMs() * WITHDRAWAL_SHARE)',
    replace: 'settledWithin([withdrawn, new Promise(() => {})], 3500)',
    scenario: 'bound-stop',
    from: 1,
    seeds: 3,
  },
  {
    name: 'ends-shards-slowly',
    about: 'L6: the children of a shard get their leases long after it was read to its end',
    file: `${CONSUMER}/shard/shard-ending.ts`,
    find: 'if (!(await this.createChildren(children))) return false',
    replace: 'await halt.wait(8000); if (!(await this.createChildren(children))) return false',
    scenario: 'bound-reshard',
    from: 1,
    seeds: 3,
  },
]
