/** Breakages that the named scenarios of reading must find. */
import type { Mutant } from './mutant.ts'

const CONSUMER = 'packages/consumer/src'

const CALL = 'const output = await kinesis.getRecords('

/** Goes on after the deadline as if the call were over, and hears its answer all the same. */
function overtaken(onReply: string, onFailure: string): string {
  return `const output = await (async (input, options) => {
      let isLate = false
      const call = kinesis.getRecords(input, { ...options, timeoutMs: 60_000 })
      call.then((late) => { if (isLate) { ${onReply} } }, () => { if (isLate) { ${onFailure} } })
      const givenUp = (signal) => new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => {
          isLate = true
          reject(signal.reason)
        })
        call.then(resolve, reject)
      })
      return await withDeadline('GetRecords', polling.requestTimeoutMs, options.signal, givenUp)
    })(`
}

/** As `about` begins, so the scenario is called. */
export const RETRIEVAL_MUTANTS: readonly Mutant[] = [
  {
    name: 'refused-page-counts',
    about: 'R02: the position moves with a page for which there is no room',
    file: `${CONSUMER}/retrieval/polling-source.ts`,
    find: 'if (!hold.accept(bytes)) return undefined',
    replace: 'if (!hold.accept(bytes)) return void this.#accept(output, bytes, calledMs)',
    scenario: 'R02',
    from: 1,
    seeds: 3,
  },
  {
    name: 'queued-is-done',
    about: 'R03: what was read counts as done, queued or not',
    file: `${CONSUMER}/shard/shard-parts.ts`,
    find: 'const prefetch = new Prefetch(',
    replace: `let read
  const next = source.next.bind(source)
  source.next = async () => {
    const reading = await next()
    const last = reading.records?.at(-1)
    if (last !== undefined) read = { sequenceNumber: last.SequenceNumber, subSequenceNumber: 0 }
    return reading
  }
  const { done } = tracker
  Object.defineProperty(tracker, 'done', { get: () => read ?? done })
  const prefetch = new Prefetch(`,
    scenario: 'R03',
    from: 1,
    seeds: 3,
  },
  {
    name: 'late-reply-counts',
    about: 'R04: the answer of a read that was given up moves the position',
    file: `${CONSUMER}/retrieval/polling-source.ts`,
    find: CALL,
    replace: overtaken(
      'this.#iterator = late.NextShardIterator; this.#position.accept(late.Records)',
      '',
    ),
    scenario: 'R04',
    from: 1,
    seeds: 6,
  },
  {
    name: 'late-rejection-ends-reading',
    about: 'R05: the failure of a read that was given up ends the one that followed',
    file: `${CONSUMER}/retrieval/polling-source.ts`,
    find: CALL,
    replace: overtaken('', 'this.close()'),
    scenario: 'R05',
    from: 1,
    seeds: 3,
  },
  {
    name: 'filtered-without-being-told',
    about: 'R12: user records of another shard are withheld although all are to be delivered',
    file: `${CONSUMER}/retrieval/page-deaggregator.ts`,
    find: "if (this.#options.onMisplacedAggregate === 'filter') {",
    replace: "if (this.#options.onMisplacedAggregate !== 'drop') {",
    scenario: 'R12',
    from: 1,
    seeds: 6,
  },
  {
    name: 'auto-is-never-seen',
    about: 'A stream that was switched to AUTO is not looked at again',
    file: `${CONSUMER}/retrieval/record-distribution.ts`,
    find: "if (strategy === 'AUTO') this.#isAuto = true",
    replace: 'if (strategy?.length === 0) this.#isAuto = true',
    scenario: 'read-auto',
    from: 1,
    seeds: 3,
  },
  {
    name: 'bad-index-is-skipped',
    about: 'R13: an aggregate that cannot be taken apart is passed over',
    file: `${CONSUMER}/delivery/page-delivery.ts`,
    find: "else if (obstacle.kind === 'malformed') deaggregator.deliverRaw()",
    replace: "else if (obstacle.kind === 'malformed') deaggregator.skip()",
    scenario: 'R13',
    from: 1,
    seeds: 6,
  },
  {
    name: 'one-call-in-the-worker',
    about: 'R49: handlers of other shards wait for one that runs',
    file: `${CONSUMER}/delivery/batch-delivery.ts`,
    find: '          await settled\n',
    replace:
      '          const line = globalThis as { before?: Promise<unknown> }\n          const { before } = line\n          line.before = Promise.all([before, Promise.resolve(settled).catch(() => undefined)])\n          await before\n          await settled\n',
    scenario: 'R49',
    from: 1,
    seeds: 3,
  },
  {
    name: 'budget-without-bound',
    about: 'S16: pages are read on however much all shards hold together',
    file: `${CONSUMER}/retrieval/read-budget.ts`,
    find: 'if (this.#bytes > 0 && this.#bytes + one.bytes > boundBytes) return false',
    replace: '',
    scenario: 'slow-handlers',
    from: 9,
    seeds: 12,
  },
  {
    name: 'limit-0-is-never',
    about: 'R50: with a limit of 0 nothing is read, also when it is asked for',
    file: `${CONSUMER}/retrieval/prefetch.ts`,
    find: 'return this.#taker !== undefined || this.#options.maxPendingBatches > 0',
    replace: 'return this.#options.maxPendingBatches > 0',
    scenario: 'R50',
    from: 1,
    seeds: 6,
  },
  {
    name: 'places-are-never-given-back',
    about: 'R50: the budget of all shards fills up with pages that are handled',
    file: `${CONSUMER}/retrieval/read-budget.ts`,
    find: '    this.#reads.released(this, this.#bytes)\n',
    replace: '',
    scenario: 'R50',
    from: 1,
    seeds: 6,
  },
]
