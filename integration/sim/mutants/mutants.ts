/** Breakages of the product that the checkers must find: a checker that finds none is worth nothing. */

export interface Mutant {
  readonly name: string
  readonly about: string
  /** From the root of the repository. */
  readonly file: string
  /** Must occur exactly once, else the mutant no longer applies and fails. */
  readonly find: string
  readonly replace: string
  readonly scenario: string
  /** A seed known to find it comes first. */
  readonly from: number
  readonly seeds: number
}

const CONSUMER = 'packages/consumer/src'
const PRODUCER = 'packages/producer/src'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'checkpoint-before-process',
    about: 'S4: records count as done when the handler is called, not when it has settled',
    file: `${CONSUMER}/delivery/batch-delivery.ts`,
    find: 'tracker.markDelivered(adapter.isPerRecord ? (records[at] ?? through) : target)',
    replace: 'tracker.markDone(target); auto?.worked(perCall)',
    scenario: 'fleet',
    from: 98,
    seeds: 12,
  },
  {
    name: 'child-without-parents',
    about: 'S5: a child starts although its parents have not ended',
    file: `${CONSUMER}/shard-sync/shard-syncer.ts`,
    find: "if (parent !== undefined && parent.checkpoint.sequenceNumber !== 'SHARD_END') {",
    replace: "if (parent !== undefined && parent.checkpoint.sequenceNumber === 'LATEST') {",
    scenario: 'fleet',
    from: 99,
    seeds: 12,
  },
  {
    name: 'no-reread-after-lost-reply',
    about: 'R19: a write without an answer counts as a lost lease',
    file: `${CONSUMER}/lease/lease-store.ts`,
    find: 'return await this.get(leaseKey)',
    replace: 'return undefined',
    scenario: 'lost-renewal-replies',
    from: 12,
    seeds: 12,
  },
  {
    name: 'resume-at-tip',
    about: 'S10: a new iterator after an expired one starts at the tip',
    file: `${CONSUMER}/retrieval/polling-source.ts`,
    find: ': afterRecord(this.#lastSequenceNumber)',
    replace: ": ({ ShardIteratorType: 'LATEST' } as const)",
    scenario: 'fleet',
    from: 104,
    seeds: 12,
  },
  {
    name: 'timeout-counts-as-stored',
    about: 'S1: a request without an answer is reported as stored',
    file: `${PRODUCER}/pipeline/settler.ts`,
    find: 'this.#failCall(request, endMs, callFailure(error))',
    replace:
      "for (const record of request.records) this.#succeed(record, { shardId: 'shardId-000000000000', sequenceNumber: '1', startMs: request.startMs, endMs })",
    scenario: 'fleet',
    from: 95,
    seeds: 12,
  },
  {
    name: 'retry-drops-one',
    about: 'S18: a retry forgets one record of its group, which then fails by its TTL',
    file: `${PRODUCER}/pipeline/retrier.ts`,
    find: 'this.#groups.place({ records, deadlineMs',
    replace: 'this.#groups.place({ records: records.slice(1), deadlineMs',
    scenario: 'fleet',
    from: 98,
    seeds: 12,
  },
  {
    name: 'unfenced-checkpoint',
    about: 'S9: a checkpoint is stored whoever has written to the row since',
    file: `${CONSUMER}/lease/lease-writes.ts`,
    find: "ConditionExpression: 'leaseCounter = :known',\n    ExpressionAttributeNames",
    replace: "ConditionExpression: 'leaseCounter >= :known',\n    ExpressionAttributeNames",
    scenario: 'fleet',
    from: 195,
    seeds: 12,
  },
  {
    name: 'belief-without-end',
    about: 'S8: a worker that woke up after its lease ran out goes on',
    file: `${CONSUMER}/worker/held-lease.ts`,
    find: 'return this.#ended === undefined && monotonicMs() < this.#beliefEndMs',
    replace: 'return this.#ended === undefined',
    scenario: 'fleet',
    from: 147,
    seeds: 12,
  },
  {
    name: 'expiry-never-seen',
    about: 'L13: leases of a dead worker are never taken',
    file: `${CONSUMER}/worker/lease-observer.ts`,
    find: 'stoodMs > this.#failoverTimeMs',
    replace: 'stoodMs > 1e9 * this.#failoverTimeMs',
    scenario: 'fleet',
    from: 96,
    seeds: 12,
  },
  {
    name: 'shard-end-without-children',
    about: 'S13: a parent ends before the leases of its children exist',
    file: `${CONSUMER}/shard-sync/shard-syncer.ts`,
    find: 'await this.#create(childLeases(children, this.#options.workerId, leaseCounter), signal)',
    replace: 'void leaseCounter',
    scenario: 'fleet',
    from: 98,
    seeds: 12,
  },
  {
    name: 'cleanup-before-children',
    about: 'S14: the lease of a finished shard goes although its children have not begun',
    file: `${CONSUMER}/shard-sync/cleanup-plan.ts`,
    find: 'return children.length > 0 && children.every((child) => hasBegun(this.#leases.get(child)))',
    replace: 'return children.length > 0',
    scenario: 'fleet',
    from: 96,
    seeds: 12,
  },
  {
    name: 'audit-never-heals',
    about: 'L7: holes of the hash key space are seen and left open',
    file: `${CONSUMER}/worker/shard-sync-duty.ts`,
    find: 'if (confirmed.length > 0) {',
    replace: 'if (confirmed.length > 1e9) {',
    scenario: 'lost-row',
    from: 11,
    seeds: 12,
  },
  {
    name: 'healed-at-the-tip',
    about: 'S1: a lost row is made again at LATEST, behind what was written since it was last seen',
    file: `${CONSUMER}/shard-sync/healed-leases.ts`,
    find: 'return [{ ...newLeaseOf(shard, checkpoint), leaseCounter, startTimestampMs }]',
    replace:
      "return [{ ...newLeaseOf(shard, { ...checkpoint, sequenceNumber: 'LATEST' }), leaseCounter }]",
    scenario: 'lost-row',
    from: 12,
    seeds: 12,
  },
  {
    name: 'healed-epochs-come-twice',
    about: 'S10: a lost row is made again with counters, hence epochs, that were there before',
    file: `${CONSUMER}/shard-sync/healed-leases.ts`,
    find: 'const leaseCounter = lease.leaseCounter + COUNTER_MARGIN',
    replace: 'const leaseCounter = 0',
    scenario: 'lost-row',
    from: 9,
    seeds: 12,
  },
]
