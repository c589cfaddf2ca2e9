/** Breakages of the producer, which the scenarios of producers alone must find. */
import type { Mutant } from './mutant.ts'

const PRODUCER = 'packages/producer/src'
const CORE = 'packages/core/src'

type Place = Pick<Mutant, 'file' | 'find' | 'replace'> & Partial<Pick<Mutant, 'from' | 'seeds'>>

/** As `about` begins, so the rule or the scenario is called. */
export const PRODUCER_MUTANTS: readonly Mutant[] = [
  mutant('auto-is-not-noticed', 'R14: a stream is taken to place records by their keys', 'R14', {
    file: `${PRODUCER}/pipeline/stream-rules.ts`,
    find: "this.#placesItself = distribution === 'AUTO'",
    replace: 'this.#placesItself = distribution === undefined',
  }),
  mutant('elsewhere-is-wrong', 'R34: any shard but the predicted one counts as wrong', 'R34', {
    file: `${PRODUCER}/pipeline/placement.ts`,
    find: "if (actualRange === undefined) return 'unknown'",
    replace: "return actualRange === undefined ? 'unknown' : 'wrong'",
  }),
  mutant('stale-map-is-trusted', 'R35: a map is used on although records land elsewhere', 'R35', {
    file: `${PRODUCER}/pipeline/stream-pipeline.ts`,
    find: 'if (!mapIsAhead && this.#router.doubt(record.lane, clockMs())) this.#takeBack(record.lane)',
    replace: 'if (mapIsAhead) this.#router.doubt(record.lane, clockMs())',
  }),
  mutant(
    'out-of-range-is-stored',
    'S18: an aggregate that its readers drop counts as stored',
    'split-in-flight',
    {
      file: `${PRODUCER}/pipeline/placement.ts`,
      find: "if (!actualRange.holds(words)) return 'wrong'",
      replace: "if (!actualRange.holds(words)) return 'right'",
    },
  ),
  mutant('lists-in-step', 'R57: all who see a reshard list at that moment', 'R57', {
    file: `${PRODUCER}/shard-map-loader.ts`,
    find: 'const SPREAD_MS = 200',
    replace: 'const SPREAD_MS = 1',
  }),
  mutant('lists-too-often', 'R57: a list that is refused is asked for again at once', 'R57', {
    file: `${PRODUCER}/pipeline/stream-pipeline.ts`,
    find: 'firstBackoffMs: 1000,',
    replace: 'firstBackoffMs: 10,',
  }),
  mutant('bytes-are-not-counted', 'R61: any number of bytes is accepted', 'R61', {
    file: `${PRODUCER}/pipeline/backpressure.ts`,
    find: 'this.#bytes + bytes <= this.#limits.maxBufferedBytes',
    replace: 'bytes <= this.#limits.maxBufferedBytes',
  }),
  mutant('one-record-too-many', 'S16: a record more than may be outstanding', 'producer-swarm', {
    file: `${PRODUCER}/pipeline/backpressure.ts`,
    find: 'this.#records < this.#limits.maxOutstandingRecords &&',
    replace: 'this.#records <= this.#limits.maxOutstandingRecords &&',
  }),
  mutant('retried-for-ever', 'R62: a record that is tried again does not expire', 'R62', {
    file: `${PRODUCER}/pipeline/settler.ts`,
    find: 'if (nowMs >= userRecord.admittedMs + recordTtlMs) outcomes.expire(userRecord, nowMs)',
    replace:
      'if (nowMs >= userRecord.admittedMs + 10 * recordTtlMs) outcomes.expire(userRecord, nowMs)',
  }),
  mutant('producers-are-kept', 'R63: whoever made a producer keeps it', 'R63', {
    file: `${PRODUCER}/producer.ts`,
    find: 'setMaxListeners(0, this.#abort.signal)',
    replace: `setMaxListeners(0, this.#abort.signal)
    const kept = ((globalThis as { kept?: unknown[] }).kept ??= [])
    kept.push(this)`,
  }),
  mutant('deadline-outlives-close', 'S21: the deadline of close() goes on when it is over', 'R63', {
    file: `${PRODUCER}/producer.ts`,
    find: 'stopTimer(timer)',
    replace: '',
  }),
  mutant('values-wait-for-the-sink', 'R64: what a sink does not take is kept for it', 'R64', {
    file: `${CORE}/metrics/metric-sink.ts`,
    find: '} catch (err) {',
    replace: `} catch (err) {
      const self = this as { kept?: unknown[] }
      self.kept ??= []
      self.kept.push({ name, value, unit, dimensions, err })`,
  }),
  mutant('keys-are-asked-for-once', 'R65: a provider that throws is not asked again', 'R65', {
    file: `${PRODUCER}/pipeline/retry-decision.ts`,
    find: 'return failed.attempt < CREDENTIAL_ATTEMPTS',
    replace: 'return false',
    from: 7,
    seeds: 12,
  }),
  mutant(
    'sent-without-checksum',
    'S18: aggregates leave without their checksum',
    'producer-swarm',
    {
      file: `${PRODUCER}/pipeline/request-entries.ts`,
      find: '  sealAggregates(unsealed)\n',
      replace: '',
    },
  ),
  mutant('keys-as-latin1', 'R66: keys are hashed as if each character were one byte', 'R66', {
    file: `${CORE}/hash-key.ts`,
    find: 'const written = utf8.encodeInto(partitionKey, keyBytes).written',
    replace: "const written = Buffer.from(keyBytes.buffer).write(partitionKey, 'latin1')",
  }),
  mutant('keys-counted-in-characters', 'R66: keys are measured in characters', 'R66', {
    file: `${PRODUCER}/pipeline/admission.ts`,
    find: 'hashPartitionKey(partitionKey, this.#words)\n',
    replace: 'hashPartitionKey(partitionKey, this.#words) && partitionKey.length\n',
  }),
  mutant('told-twice', 'S17: a loss is told by the promise, and by the event', 'producer-swarm', {
    file: `${PRODUCER}/pipeline/record-outcomes.ts`,
    find: 'if (!tellError(record.told, error)) lost(record, error)',
    replace: 'tellError(record.told, error); lost(record, error)',
  }),
  mutant('flush-leaves-the-last', 'S17: flush() does not wait for the last put', 'producer-swarm', {
    file: `${PRODUCER}/producer.ts`,
    find: 'pipeline.holdsThrough(through)',
    replace: 'pipeline.holdsThrough(through - 1)',
  }),
  mutant('expires-on-its-way', 'S18: a record expires while its request travels', 'late-success', {
    file: `${PRODUCER}/pipeline/record-expiry.ts`,
    find: "if (record.phase === 'buffered') {",
    replace: "if (record.phase !== 'settled') {",
  }),
  mutant('drops-the-stored', 'S18: close() drops what landed as meant as well', 'closed-in-doubt', {
    file: `${PRODUCER}/pipeline/stream-pipeline.ts`,
    find: 'this.#settler.letGo()',
    replace: '',
    seeds: 6,
  }),
  mutant('place-of-the-next', 'S18: a record is acked at the place of another', 'producer-swarm', {
    file: `${PRODUCER}/pipeline/record-outcomes.ts`,
    find: 'tellResult(told, resultOf(stored, i, attempts))',
    replace: 'tellResult(told, resultOf(stored, i + 1, attempts))',
  }),
  mutant(
    'untold-once-retried',
    'S17: a retried record forgets who is to be told',
    'producer-swarm',
    {
      file: `${PRODUCER}/pipeline/kinesis-record.ts`,
      find: 'this.#told[row],',
      replace: 'undefined,',
    },
  ),
  mutant(
    'flush-leaves-rows',
    'S17: flush() waits for the first of an aggregate only',
    'producer-swarm',
    {
      file: `${PRODUCER}/pipeline/kinesis-record.ts`,
      find: 'this.#list.addBehind(first as OutstandingRecord, unfolded)',
      replace: '',
    },
  ),
  mutant('one-entry-too-many', 'S19: a request of 501 entries', 'at-the-limits', {
    file: `${PRODUCER}/pipeline/flush-decision.ts`,
    find: 'records >= limits.maxRecords ||',
    replace: 'records > limits.maxRecords ||',
  }),
  mutant('one-record-too-much', 'S19: a request leaves when it is too large', 'at-the-limits', {
    file: `${PRODUCER}/pipeline/flush-decision.ts`,
    find: 'bytes + nextBytes > limits.maxBytes',
    replace: 'bytes > limits.maxBytes',
    from: 4,
    seeds: 6,
  }),
  mutant(
    'token-and-filter',
    'S19: a shard list is asked for by token and filter',
    'producer-swarm',
    {
      file: `${CORE}/control-plane.ts`,
      find: '{ NextToken: nextToken, MaxResults: LIMITS.listShardsMaxResults }',
      replace:
        '{ NextToken: nextToken, MaxResults: LIMITS.listShardsMaxResults, ShardFilter: filter }',
    },
  ),
  mutant('burst-of-a-second', 'S20: a shard gets more than a second’s worth at once', 'own-rate', {
    file: `${PRODUCER}/pipeline/shard-lane.ts`,
    find: 'const BURST_SECONDS = 0.25',
    replace: 'const BURST_SECONDS = 1.5',
  }),
  mutant('too-careful', 'S20: a shard gets less than what it takes', 'own-rate', {
    file: `${PRODUCER}/pipeline/token-bucket.ts`,
    find: 'this.#fullPerMs = rate.perSecond / 1000',
    replace: 'this.#fullPerMs = rate.perSecond / 1200',
  }),
  mutant(
    'knocks-all-the-time',
    'S20: a shard that takes nothing is asked often',
    'throttled-shard',
    {
      file: `${PRODUCER}/pipeline/shard-brake.ts`,
      find: 'Math.max(pausedUntilMs, sentMs + LEAST_SPACING_MS)',
      replace: 'Math.min(pausedUntilMs, sentMs + LEAST_SPACING_MS / 10)',
    },
  ),
  mutant(
    'one-shard-for-all',
    'S20: what a shard does not take fills the buffer',
    'throttled-shard',
    {
      file: `${PRODUCER}/pipeline/shard-lane.ts`,
      find: 'return this.#stuckLanes.isPart(this.#outstandingRecords, this.#outstandingBytes)',
      replace: 'return false',
    },
  ),
  mutant('back-off-in-step', 'S20: back-off without jitter', 'back-off', {
    file: `${PRODUCER}/pipeline/retry-decision.ts`,
    find: 'return Math.floor(random * bound)',
    replace: 'return Math.floor(bound + 0 * random)',
  }),
  mutant('back-off-without-end', 'S20: back-off grows beyond its cap', 'back-off', {
    file: `${PRODUCER}/pipeline/retry-decision.ts`,
    find: 'const MAX_BACKOFF_MS = 5000',
    replace: 'const MAX_BACKOFF_MS = 60_000',
  }),
]

/** Most are found by the first seed of all. */
function mutant(name: string, about: string, scenario: string, place: Place): Mutant {
  return { name, about, scenario, from: 1, seeds: 3, ...place }
}
