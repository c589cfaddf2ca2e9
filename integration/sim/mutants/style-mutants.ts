/** Breakages of the ways of handling in which the application asks for records. */
import type { Mutant } from './mutant.ts'

const PULLING = 'packages/consumer/src/pulling'

export const STYLE_MUTANTS: readonly Mutant[] = [
  {
    name: 'break-acknowledges',
    about: 'S4: what a loop was at when it was left counts as done',
    file: `${PULLING}/pull-iterator.ts`,
    find: 'current?.giveBack()\n    await closed',
    replace: 'current?.acknowledge()\n    await closed',
    scenario: 'every-style',
    from: 1,
    seeds: 6,
  },
  {
    name: 'acknowledged-over-gaps',
    about: 'S4: the checkpoint follows the latest ack() and not the records done without a gap',
    file: `${PULLING}/acknowledgements.ts`,
    find: 'if (this.#entries[this.#head] !== given) return',
    replace: 'this.#head = this.#entries.indexOf(given)',
    scenario: 'every-style',
    from: 1,
    seeds: 6,
  },
  {
    name: 'left-work-goes-on',
    about: 'S7: work that a stream was left with is not told that its shard moves away',
    file: 'packages/consumer/src/shard/shard-consumer.ts',
    find: 'if (adapter.isAbandoned) halt.loseLease()',
    replace: '',
    scenario: 'every-style',
    from: 10,
    seeds: 6,
  },
]
