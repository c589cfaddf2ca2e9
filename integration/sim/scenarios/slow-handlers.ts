/** Handlers that are slower than their shards: what is read ahead of them stays within its bounds. */
import { sleep } from '@millrace/core/internal'
import { between, quiet } from '../fleet/special-plans.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'

const BURSTS = 25
const BURST_PAUSE_MS = 400

/** Small bursts, so that one page after another waits. */
async function outrun(stage: Stage): Promise<void> {
  for (let burst = 0; burst < BURSTS; burst++) {
    for (const [shardId] of stage.openLeases()) await stage.put(shardId)
    await sleep(BURST_PAUSE_MS)
  }
  stage.world.count('marker.handlers-outrun')
}

export const SLOW_HANDLERS: Scenario = {
  name: 'slow-handlers',
  about: 'S16: handlers slower than their shards: no page is read beyond the bounds',
  everySeeds: 20,
  plan: (random) => {
    const plan = quiet(random)
    return {
      ...plan,
      workers: 1,
      shards: 2,
      records: 40,
      handler: 'eachBatch',
      handlerMaxMs: 4000,
      clocks: [],
      initialPosition: 'TRIM_HORIZON',
      sizes: { ...plan.sizes, maxRecords: between(random, 1, 2) },
      consumer: {
        retrieval: {
          mode: 'polling',
          idleTimeBetweenReadsMs: 200,
          maxPendingBatches: between(random, 1, 6),
          maxPendingBytes: between(random, 1, 60),
          ...(random.next() < 0.4 ? { maxTotalPendingBytes: between(random, 150, 250) } : {}),
        },
      },
    }
  },
  script: async (stage) => {
    await stage.settled()
    await outrun(stage)
  },
}
