/** R02, R03, R50: pages between the service and the handler: refused, queued, none at all. */
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { served, startAll } from './fleet-steps.ts'
import { holdCalls } from './handler-hold.ts'
import { watchReads } from './read-watch.ts'
import {
  between,
  freeByHand,
  oneOf,
  pickLease,
  reached,
  smallFleet,
  steady,
} from './small-fleet.ts'

/** Room for the smallest page that is reserved, and not much more. */
const SMALL_TOTAL_BYTES = 70_000
const LARGE_RECORD = 'x'.repeat(20_000)
const SERVED_MS = 30_000

/** A page grows beyond what was reserved for it while another shard's handler holds the rest. */
async function refusedOnce(stage: Stage): Promise<void> {
  await steady(stage)
  const { world } = stage
  const random = world.random('script')
  const [[small = ''] = [], [large = ''] = []] = stage.openLeases()
  const seen = new Set<string>()
  let again = 0
  const watch = watchReads(stage, {
    onPage: (shardId, page) => {
      const first = page.Records[0]?.SequenceNumber
      if (shardId !== large || first === undefined) return page
      if (seen.has(first)) again++
      seen.add(first)
      return page
    },
  })
  // Iterators from before the watch are of no known shard.
  world.kinesis.injectFault({ operation: 'getRecords', kind: 'expire-iterators' })
  await world.sleep(3000)
  for (let round = 0; round < 6; round++) {
    const hold = holdCalls(stage, ({ shard }) => shard.shardId === small)
    await stage.put(small)
    await stage.reach({ rule: 'SCENARIO', what: 'a call', withinMs: 10_000 }, () => hold.calls > 0)
    const puts = between(random, 4, 6)
    for (let i = 0; i < puts; i++) void stage.put(large, LARGE_RECORD)
    await world.sleep(between(random, 1000, 2500))
    hold.release()
    await served(stage, 'R02', SERVED_MS)
  }
  stage.onCall = undefined
  watch.clear()
  reached(stage, 'page-refused', again)
}

const QUEUED = 3

/** Three pages wait behind a handler call when the tenure ends, in one way or another. */
async function queuedAtTheEnd(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, deliveries } = stage
  const random = world.random('script')
  const { shardId, owner } = pickLease(stage, random)
  let read = 0
  const watch = watchReads(stage, {
    onPage: (of, page) => {
      if (of === shardId && page.Records.length > 0) read++
      return page
    },
  })
  world.kinesis.injectFault({ operation: 'getRecords', kind: 'expire-iterators' })
  await world.sleep(2000)
  const hold = holdCalls(stage, ({ shard }) => shard.shardId === shardId)
  for (let i = between(random, 12, 20); i > 0; i--) await stage.put(shardId)
  const queued = { rule: 'SCENARIO', what: `${QUEUED} pages wait`, withinMs: 15_000 }
  await stage.reach(queued, () => hold.calls > 0 && read > QUEUED)
  const slot = fleet.slotOf(owner) ?? 0
  const how = oneOf(random, 'stopped', 'killed', 'freed')
  const fromMs = world.nowMs()
  if (how === 'freed') await freeByHand(stage, shardId)
  else if (how === 'killed') fleet.handle(slot)?.kill()
  else fleet.stop(slot)
  await world.sleep(between(random, 0, 3000))
  hold.release()
  const ends = { rule: 'R03', what: `${owner} is down`, withinMs: 15_000 }
  if (how !== 'freed') await stage.reach(ends, () => !fleet.isUp(slot))
  startAll(stage)
  await served(stage, 'R03', SERVED_MS)
  stage.onCall = undefined
  watch.clear()
  reached(stage, `pages-queued-when-${how}`, deliveries.lastCallMs(shardId) > fromMs ? read : 0)
}

/** No room at all, or hardly any, and handlers that are slow: nobody waits for the other. */
async function fullQueues(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, plan } = stage
  const random = world.random('script')
  for (let round = 0; round < 6; round++) {
    for (const [shardId] of stage.openLeases()) {
      for (let i = between(random, 1, 3); i > 0; i--) await stage.put(shardId)
    }
    await world.sleep(between(random, 100, 1500))
  }
  await served(stage, 'R50', SERVED_MS)
  const { maxPendingBatches } = plan.consumer?.retrieval ?? {}
  reached(stage, maxPendingBatches === 0 ? 'queue-of-limit-0' : 'queue-full', 1)
}

export const QUEUED_PAGES: readonly Scenario[] = [
  {
    name: 'R02',
    about: 'a page is refused because there is no room for it: it is read again, nothing is lost',
    everySeeds: 20,
    plan: (random) => {
      const plan = smallFleet(random, { workers: 1, shards: 2, records: 20, aggregation: false })
      return {
        ...plan,
        sizes: { ...plan.sizes, maxRecords: 10_000, iteratorLifetimeMs: 300_000 },
        consumer: {
          retrieval: {
            mode: 'polling',
            idleTimeBetweenReadsMs: between(random, 200, 500),
            maxTotalPendingBytes: SMALL_TOTAL_BYTES,
          },
        },
      }
    },
    script: refusedOnce,
  },
  {
    name: 'R03',
    about: 'a tenure ends with pages queued: the next begins behind what was handled, not read',
    everySeeds: 20,
    plan: (random) => {
      const plan = smallFleet(random, { workers: 2, shards: 2, records: 20, aggregation: false })
      return {
        ...plan,
        sizes: { ...plan.sizes, maxRecords: between(random, 2, 3), iteratorLifetimeMs: 300_000 },
        consumer: { retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 200 } },
      }
    },
    script: queuedAtTheEnd,
  },
  {
    name: 'R50',
    about: 'a queue that is full, and one of limit 0: reader and handler never wait on each other',
    everySeeds: 20,
    plan: (random) => {
      const plan = smallFleet(random, { workers: 1, shards: 3, records: 40, handlerMaxMs: 300 })
      return {
        ...plan,
        sizes: { ...plan.sizes, maxRecords: between(random, 1, 20) },
        consumer: {
          retrieval: {
            mode: 'polling',
            idleTimeBetweenReadsMs: 200,
            maxPendingBatches: oneOf(random, 0, 1),
            maxTotalPendingBytes: oneOf(random, 1, 100, 1_000_000),
          },
        },
      }
    },
    script: fullQueues,
  },
]
