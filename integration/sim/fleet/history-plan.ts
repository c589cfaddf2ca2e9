/** What a seed makes of a history: its size, its faults and when what happens. Pure. */
import type { ConsumerOptions } from '@millrace/consumer'
import type { Random } from '@millrace/core'
import type { SimulatedFaults } from '@millrace/testing'
import type { Style } from './styles.ts'

/** A slot of the fleet, or whoever leads at that moment. */
export type Target = number | 'leader'
export type OutageOf = 'kinesis' | 'dynamo' | 'list-shards'

export type Disturbance =
  | { readonly kind: 'kill'; readonly worker: Target; readonly restartAfterMs: number }
  | { readonly kind: 'stop'; readonly worker: Target; readonly restartAfterMs: number }
  | { readonly kind: 'pause'; readonly worker: Target; readonly forMs: number }
  | {
      readonly kind: 'disconnect'
      readonly worker: Target
      readonly service: 'kinesis' | 'dynamo'
      readonly forMs: number
    }
  | { readonly kind: 'step-clock'; readonly worker: Target; readonly byMs: number }
  | { readonly kind: 'pause-producer'; readonly forMs: number }
  | { readonly kind: 'kill-producer'; readonly restartAfterMs: number }
  /** For everybody. */
  | { readonly kind: 'outage'; readonly of: OutageOf; readonly forMs: number }
  | { readonly kind: 'split'; readonly pick: number }
  | { readonly kind: 'merge'; readonly pick: number }
  | { readonly kind: 'delete-row'; readonly pick: number }
  | { readonly kind: 'malformed-row' }
  /** A handoff of which one side has died. */
  | { readonly kind: 'stuck-handoff'; readonly pick: number }
  /** The lease is given away and given back before its owner looks. */
  | { readonly kind: 'there-and-back'; readonly pick: number }
  /** The lock becomes a row that nobody can read, hence take. */
  | { readonly kind: 'break-lock' }
  /** The event loop is busy with one callback. */
  | { readonly kind: 'block-loop'; readonly worker: Target; readonly forMs: number }
  /** A partition the other way: requests arrive. */
  | {
      readonly kind: 'lose-replies'
      readonly worker: Target
      readonly service: 'kinesis' | 'dynamo'
      readonly forMs: number
    }
  /** The service is many times as slow, for everybody. */
  | { readonly kind: 'brown-out'; readonly of: 'kinesis' | 'dynamo'; readonly forMs: number }
  /** Killed as soon as its next write to a lease is applied. */
  | { readonly kind: 'kill-mid-write'; readonly worker: Target; readonly restartAfterMs: number }
  | { readonly kind: 'crash-loop'; readonly worker: Target; readonly forMs: number }
  | { readonly kind: 'scale-to-zero'; readonly restartAfterMs: number }
  /** Retention ends for all but the newest records of a shard. */
  | { readonly kind: 'trim'; readonly pick: number }
  /** One worker after another is asked to stop and comes back. */
  | { readonly kind: 'rolling-deploy'; readonly forMs: number }

export interface HistoryPlan {
  readonly workers: number
  readonly shards: number
  readonly records: number
  readonly handler: Style
  /** Of each worker; left out, all handle by `handler`. */
  readonly styles?: readonly Style[]
  /** Chance of a handler call to throw. */
  readonly handlerFailure: number
  /** Chance of a handler call never to settle. */
  readonly handlerStuck: number
  readonly onHandlerError: 'retry' | 'skip' | 'stop'
  readonly handlerMaxMs: number
  /** Chance of a handler call to work hugely, settle late or checkpoint oddly; default 0. */
  readonly handlerMischief?: number
  readonly aggregation: boolean
  readonly initialPosition: 'TRIM_HORIZON' | 'LATEST'
  readonly leaseCleanup: { readonly intervalMs: number; readonly completedAfterMs: number }
  /** How far each worker's wall clock is off, and how fast all its clocks run. */
  readonly clocks: readonly { readonly clockOffsetMs: number; readonly clockRate: number }[]
  readonly faults: SimulatedFaults
  readonly disturbances: readonly { readonly atMs: number; readonly what: Disturbance }[]
  /** Whether a worker that starts again has the id of its former life. */
  readonly stableIds: boolean
  readonly sizes: ServiceSizes
  /** So many times the stream is resharded at the moment when SHARD_END is stored. */
  readonly reshardsAtShardEnd: number
  /** Nothing goes wrong but workers that are asked to stop. */
  readonly isOrderly: boolean
  /** L1, unless something takes longer by design. */
  readonly recoversWithinMs: number
  /** False when nobody can lead. */
  readonly hasLeader: boolean
  /** The fault phase; after it everything heals. */
  readonly disturbedMs: number
  /** Workers end with their close(): whatever is left by then is left behind (S21). */
  readonly exitsAtOnce?: true
  /** Whether calls go through the clients of the AWS SDK. */
  readonly throughSdk?: true
  /** Options of the consumers that a scenario is about. */
  readonly consumer?: Pick<
    Partial<ConsumerOptions>,
    | 'lease'
    | 'onRecreatedStream'
    | 'checkpoint'
    | 'retrieval'
    | 'onMalformed'
    | 'onMisplacedAggregate'
    | 'concurrencyPerShard'
    | 'maxBatchWaitMs'
    | 'maxRecordsPerBatch'
  >
  /** Pause between two looks of a worker process whether it was asked to stop; default 250. */
  readonly stopLookMs?: number
}

export interface ServiceSizes {
  readonly listShardsPageSize: number
  readonly iteratorLifetimeMs: number
  readonly maxRecords: number
  readonly returnsOldItemOnFailedCondition: boolean
}

/** A shard of a killed worker is delivered again within F + P + 2D + A. */
const L1_MS = 21_000
const DISTURBED_MS = 80_000

export function planHistory(random: Random): HistoryPlan {
  const between = (min: number, max: number): number =>
    min + Math.floor(random.next() * (max - min + 1))
  const chance = (probability: number): boolean => random.next() < probability
  const workers = chance(0.1) ? 1 : chance(0.2) ? between(4, 5) : between(2, 3)
  const handlers = ['eachRecord', 'eachBatch', 'processor'] as const
  return {
    workers,
    shards: between(1, 4),
    records: between(150, 400),
    handler: handlers[between(0, 2)] ?? 'eachRecord',
    handlerFailure: chance(0.4) ? 0.02 : 0,
    handlerMaxMs: chance(0.3) ? 400 : 20,
    aggregation: chance(0.75),
    initialPosition: chance(0.2) ? 'LATEST' : 'TRIM_HORIZON',
    clocks: drawClocks(random, workers, chance),
    faults: drawFaults(random, chance),
    disturbances: drawDisturbances(workers, between, chance),
    handlerStuck: chance(0.15) ? 0.003 : 0,
    onHandlerError: chance(0.15) ? 'skip' : chance(0.15) ? 'stop' : 'retry',
    stableIds: chance(0.3),
    sizes: {
      listShardsPageSize: chance(0.3) ? between(1, 3) : 1000,
      iteratorLifetimeMs: chance(0.2) ? between(1500, 10_000) : 300_000,
      maxRecords: chance(0.3) ? between(1, 20) : 10_000,
      returnsOldItemOnFailedCondition: !chance(0.2),
    },
    reshardsAtShardEnd: chance(0.3) ? between(1, 2) : 0,
    isOrderly: false,
    recoversWithinMs: L1_MS,
    hasLeader: true,
    disturbedMs: DISTURBED_MS,
    // Far below the defaults, so that leases are deleted while much else goes wrong.
    leaseCleanup: { intervalMs: between(1000, 10_000), completedAfterMs: between(0, 20_000) },
  }
}

/** Wall clocks may be hours off; rates within 1 %, which is what belief allows for. */
function drawClocks(
  random: Random,
  workers: number,
  chance: (probability: number) => boolean,
): HistoryPlan['clocks'] {
  return Array.from({ length: workers }, () => ({
    clockOffsetMs: chance(0.3) ? Math.round((random.next() - 0.5) * 7_200_000) : 0,
    clockRate: chance(0.3) ? 0.99 + random.next() * 0.02 : 1,
  }))
}

/** A subset of the faults, each as strong as chance will have it: swarm testing. */
function drawFaults(random: Random, chance: (probability: number) => boolean): SimulatedFaults {
  const rate = (probability: number, max: number): number =>
    chance(probability) ? random.next() * max : 0
  return {
    latencyMs: { min: 1, max: chance(0.3) ? 200 : 20 },
    ...(chance(0.3) ? { tail: { probability: 0.02, maxMs: 4000 } } : {}),
    kinesis: {
      throttle: rate(0.4, 0.1),
      failBefore: rate(0.3, 0.05),
      failAfter: rate(0.3, 0.05),
      loseRequest: rate(0.3, 0.05),
      loseReply: rate(0.5, 0.1),
      operations: { getRecords: { expireIterator: rate(0.5, 0.05) } },
    },
    dynamo: {
      throttle: rate(0.4, 0.1),
      failBefore: rate(0.3, 0.05),
      failAfter: rate(0.3, 0.05),
      loseRequest: rate(0.3, 0.05),
      loseReply: rate(0.5, 0.15),
    },
    indexLagMs: chance(0.5) ? random.next() * 3000 : 0,
  }
}

function drawDisturbances(
  workers: number,
  between: (min: number, max: number) => number,
  chance: (probability: number) => boolean,
): HistoryPlan['disturbances'] {
  const drawn: { atMs: number; what: Disturbance }[] = []
  const add = (what: Disturbance, fromMs = 5000): void => {
    // What lasts is over when everything heals.
    const lastsMs = 'forMs' in what ? what.forMs : 0
    const untilMs = Math.min(DISTURBED_MS - 15_000, DISTURBED_MS - lastsMs)
    drawn.push({ atMs: between(fromMs, untilMs), what })
  }
  const worker = (): Target => (chance(0.3) ? 'leader' : between(0, workers - 1))
  const pick = (): number => between(0, 999)
  add({ kind: 'split', pick: pick() })
  add({ kind: 'merge', pick: pick() })
  if (chance(0.4)) add({ kind: 'split', pick: pick() })
  if (chance(0.8)) add({ kind: 'kill', worker: worker(), restartAfterMs: between(0, 20_000) })
  if (chance(0.3)) add({ kind: 'kill', worker: worker(), restartAfterMs: between(0, 20_000) })
  if (chance(0.5)) add({ kind: 'pause', worker: worker(), forMs: between(500, 25_000) })
  if (chance(0.3)) add({ kind: 'pause', worker: worker(), forMs: between(8000, 14_000) })
  if (chance(0.1)) add({ kind: 'pause', worker: worker(), forMs: between(25_000, 50_000) })
  if (chance(0.4)) add({ kind: 'stop', worker: worker(), restartAfterMs: between(0, 10_000) })
  if (chance(0.2)) {
    const atMs = between(0, 4000)
    drawn.push({ atMs, what: { kind: 'stop', worker: between(0, workers - 1), restartAfterMs: 0 } })
  }
  if (chance(0.2)) {
    add({ kind: 'step-clock', worker: worker(), byMs: between(-3_600_000, 3_600_000) })
  }
  if (chance(0.2)) add({ kind: 'pause-producer', forMs: between(1000, 20_000) })
  if (chance(0.15)) add({ kind: 'kill-producer', restartAfterMs: between(0, 10_000) })
  for (const service of ['kinesis', 'dynamo'] as const) {
    if (chance(0.25)) {
      add({ kind: 'disconnect', worker: worker(), service, forMs: between(1000, 20_000) })
    }
  }
  for (const of of ['kinesis', 'dynamo', 'list-shards'] as const) {
    if (chance(0.1)) add({ kind: 'outage', of, forMs: between(5000, 20_000) })
  }
  if (chance(0.1)) add({ kind: 'malformed-row' })
  if (chance(0.15)) add({ kind: 'stuck-handoff', pick: pick() })
  if (chance(0.15)) add({ kind: 'there-and-back', pick: pick() })
  return drawn.sort((a, b) => a.atMs - b.atMs)
}
