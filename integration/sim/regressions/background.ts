/** R67: what runs in the background of a worker fails. It is told of, and goes on once it can. */
import { ServiceError } from '@millrace/core'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import {
  allServed,
  between,
  noneLostSince,
  oneOf,
  reached,
  smallFleet,
  steady,
} from './small-fleet.ts'

const L1_MS = 21_000
/** A lease that is missing is found and made again within a minute (L7). */
const SERVED_MS = 60_000

interface Background {
  readonly name: string
  /**
   * By when it has failed so often that it is news: four times, or once when waiting cannot help.
   * Undefined: never, because another worker takes over first.
   */
  readonly newsMs: number | undefined
  /** Every call of it fails. */
  readonly breakIt: (stage: Stage, failed: (times: number) => void) => Promise<{ clear(): void }>
}

const BACKGROUND: readonly Background[] = [
  { name: 'observation', newsMs: 25_000, breakIt: dynamoFails('scan', () => true) },
  { name: 'discovery', newsMs: 15_000, breakIt: dynamoFails('query', () => true) },
  {
    name: 'sign-of-life',
    newsMs: 50_000,
    breakIt: dynamoFails('updateItem', (input) =>
      JSON.stringify(input).includes('WORKER_METRIC_STATS'),
    ),
  },
  {
    name: 'leader-lock',
    newsMs: undefined,
    breakIt: dynamoFails('updateItem', (input) => JSON.stringify(input).includes('"Leader"')),
  },
  {
    name: 'shard-sync',
    // Two audits, 20 s apart, see what there is to do.
    newsMs: 50_000,
    breakIt: async ({ world, lost }, failed) => {
      const before = world.counted('call.kinesis.listShards')
      await lost.lose(world, between(world.random('script'), 0, 99))
      const fault = world.kinesis.injectFault({
        operation: 'listShards',
        kind: 'fail',
        error: new ServiceError('ListShards', 'AccessDeniedException', 'denied (simulated)'),
        times: Number.POSITIVE_INFINITY,
      })
      return {
        clear: () => {
          failed(world.counted('call.kinesis.listShards') - before)
          fault.clear()
        },
      }
    },
  },
]

function dynamoFails(
  operation: 'scan' | 'query' | 'updateItem',
  isHit: (input: unknown) => boolean,
): Background['breakIt'] {
  return async ({ world }, failed) =>
    world.dynamo.injectFault({
      operation,
      kind: oneOf(world.random('script'), 'fail', 'throttle'),
      times: Number.POSITIVE_INFINITY,
      when: (input) => {
        if (!isHit(input)) return false
        failed(1)
        return true
      },
    })
}

async function failsInBackground(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, fleet, deliveries, bounds } = stage
  const random = world.random('script')
  const [first, ...others] = BACKGROUND
  if (first === undefined) return
  const { name, newsMs, breakIt } = oneOf(random, first, ...others)
  const news = (): number => {
    const kinds = ['transient', 'throttled', 'denied']
    return kinds.reduce((sum, kind) => sum + world.counted(`trouble.${kind}`), 0)
  }
  const [newsBefore, lostBefore] = [news(), fleet.leasesLost.length]
  let failures = 0
  const fault = await breakIt(stage, (times) => {
    failures += times
  })
  if (newsMs !== undefined) {
    const tells = { rule: 'R67', what: `the application hears of its ${name}`, withinMs: newsMs }
    await stage.reach(tells, () => news() > newsBefore)
  } else await world.sleep(between(random, 5000, 25_000))
  await world.sleep(between(random, 0, 5000))
  fault.clear()
  reached(stage, `background-failed-${name}`, failures)
  const serves = { rule: 'R67', what: 'every shard is served', withinMs: SERVED_MS }
  await stage.reach(serves, () => allServed(stage) && fleet.isAlive(stage.table.lock.owner))
  if (name !== 'shard-sync') noneLostSince(stage, 'R67', lostBefore)
  // No worker is half alive: all of them are needed for this.
  await steady(stage)
  const { slot, workerId } = random.next() < 0.5 ? stage.leader() : stage.follower()
  const orphans = stage.heldBy(workerId)
  fleet.handle(slot)?.kill()
  const fromMs = world.nowMs()
  for (const shardId of orphans) await stage.put(shardId)
  const goal = { rule: 'R67', what: `${orphans} go to others`, withinMs: L1_MS }
  const tookMs = await stage.reach(goal, () =>
    orphans.every((shardId) => deliveries.lastCallMs(shardId) > fromMs),
  )
  if (tookMs !== undefined) bounds.record('L1', tookMs)
}

export const BACKGROUND_LOOPS: readonly Scenario[] = [
  {
    name: 'R67',
    about: 'a background loop fails again and again: the application hears, and it goes on',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { stableIds: false, records: 40, clocks: [] }),
    script: failsInBackground,
  },
]
