/** One fleet in which each worker handles records in a way of its own, and most of them fail at times. */
import { between, quiet } from '../fleet/special-plans.ts'
import { STYLES, type Style } from '../fleet/styles.ts'
import type { FleetScenario } from '../scenario.ts'

const DISTURBED_MS = 40_000

export const EVERY_STYLE: FleetScenario = {
  name: 'every-style',
  about: 'S1 to S10: handlers, processors, loops and streams share shards, fail, break and die',
  everySeeds: 20,
  plan: (random) => {
    const plan = quiet(random)
    const at = (): number => between(random, 6000, DISTURBED_MS - 18_000)
    const worker = (): number => between(random, 0, STYLES.length - 1)
    const pick = (): number => between(random, 0, 999)
    const first = worker()
    return {
      ...plan,
      workers: STYLES.length,
      // As many shards as workers, so that each has one at first.
      shards: STYLES.length,
      records: 150,
      styles: STYLES.map((_style, i): Style => STYLES[(first + i) % STYLES.length] ?? 'iterator'),
      handlerFailure: 0.03,
      handlerMaxMs: between(random, 1, 800),
      onHandlerError: 'retry',
      aggregation: true,
      initialPosition: 'TRIM_HORIZON',
      clocks: [],
      sizes: { ...plan.sizes, maxRecords: between(random, 1, 20) },
      disturbances: [
        { atMs: at(), what: { kind: 'split', pick: pick() } as const },
        { atMs: at(), what: { kind: 'merge', pick: pick() } as const },
        { atMs: at(), what: { kind: 'kill', worker: worker(), restartAfterMs: pick() } as const },
        { atMs: at(), what: { kind: 'stop', worker: worker(), restartAfterMs: pick() } as const },
        {
          atMs: at(),
          what: { kind: 'pause', worker: worker(), forMs: 10 * pick() + 5000 } as const,
        },
      ].sort((a, b) => a.atMs - b.atMs),
      disturbedMs: DISTURBED_MS,
      consumer: {
        ...plan.consumer,
        concurrencyPerShard: between(random, 1, 4),
        maxBatchWaitMs: Math.max(0, between(random, -1000, 1500)),
        maxRecordsPerBatch: between(random, 3, 100),
      },
    }
  },
  script: async (stage) => {
    const { world } = stage
    await world.sleep(Math.max(0, DISTURBED_MS - world.nowMs()))
    for (const style of STYLES) {
      if (stage.handledBy.has(style)) world.count(`marker.handled-by-${style}`)
      else world.violation('every-style', `no record was handled by ${style}`)
    }
  },
}
