/** What a seed makes of a history: its size, its faults and when what happens. Pure. */
import type { Random } from '@millrace/core'
import type { SimulatedFaults } from '@millrace/testing'

export type Disturbance =
  | { readonly kind: 'kill'; readonly worker: number; readonly restartAfterMs: number }
  | { readonly kind: 'stop'; readonly worker: number; readonly restartAfterMs: number }
  | { readonly kind: 'pause'; readonly worker: number; readonly forMs: number }
  | {
      readonly kind: 'disconnect'
      readonly worker: number
      readonly service: 'kinesis' | 'dynamo'
      readonly forMs: number
    }
  | { readonly kind: 'pause-producer'; readonly forMs: number }
  | { readonly kind: 'split'; readonly pick: number }
  | { readonly kind: 'merge'; readonly pick: number }
  | { readonly kind: 'delete-row'; readonly pick: number }

export interface HistoryPlan {
  readonly workers: number
  readonly shards: number
  readonly records: number
  readonly handler: 'eachRecord' | 'eachBatch' | 'processor'
  /** Chance of a handler call to throw. */
  readonly handlerFailure: number
  readonly handlerMaxMs: number
  readonly aggregation: boolean
  readonly initialPosition: 'TRIM_HORIZON' | 'LATEST'
  readonly leaseCleanup: { readonly intervalMs: number; readonly completedAfterMs: number }
  /** How far each worker's wall clock is off, and how fast all its clocks run. */
  readonly clocks: readonly { readonly clockOffsetMs: number; readonly clockRate: number }[]
  readonly faults: SimulatedFaults
  readonly disturbances: readonly { readonly atMs: number; readonly what: Disturbance }[]
  /** The fault phase; after it everything heals. */
  readonly disturbedMs: number
}

const DISTURBED_MS = 80_000

export function planHistory(random: Random): HistoryPlan {
  const between = (min: number, max: number): number =>
    min + Math.floor(random.next() * (max - min + 1))
  const chance = (probability: number): boolean => random.next() < probability
  const workers = between(2, 3)
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
  const add = (what: Disturbance): void => {
    drawn.push({ atMs: between(5000, DISTURBED_MS - 15_000), what })
  }
  const worker = (): number => between(0, workers - 1)
  add({ kind: 'split', pick: between(0, 999) })
  add({ kind: 'merge', pick: between(0, 999) })
  if (chance(0.4)) add({ kind: 'split', pick: between(0, 999) })
  if (chance(0.8)) add({ kind: 'kill', worker: worker(), restartAfterMs: between(0, 20_000) })
  if (chance(0.3)) add({ kind: 'kill', worker: worker(), restartAfterMs: between(0, 20_000) })
  if (chance(0.5)) add({ kind: 'pause', worker: worker(), forMs: between(500, 25_000) })
  if (chance(0.3)) add({ kind: 'pause', worker: worker(), forMs: between(8000, 14_000) })
  if (chance(0.4)) add({ kind: 'stop', worker: worker(), restartAfterMs: between(0, 10_000) })
  if (chance(0.2)) add({ kind: 'pause-producer', forMs: between(1000, 20_000) })
  for (const service of ['kinesis', 'dynamo'] as const) {
    if (chance(0.25)) {
      add({ kind: 'disconnect', worker: worker(), service, forMs: between(1000, 20_000) })
    }
  }
  return drawn.sort((a, b) => a.atMs - b.atMs)
}
