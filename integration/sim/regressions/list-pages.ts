/** R27, R28: lists of shards that come in pages, of which a later one fails or repeats another. */
import { ServiceError } from '@millrace/core'
import { STREAM } from '../fleet/names.ts'
import { splitOne } from '../fleet/reshard.ts'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { alter, isOfProducer } from './altered-answers.ts'
import { served } from './fleet-steps.ts'
import { between, reached, smallFleet, steady } from './small-fleet.ts'

/** L1, the end of a parent, a look of the leader, a discovery. */
const SERVED_MS = 36_000

async function manyPages(stage: Stage): Promise<void> {
  const { world, fleet } = stage
  const random = world.random('script')
  let later = 0
  const lists = alter(world, 'listShards', async (input, ask) => {
    if (input.NextToken === undefined) return await ask()
    later++
    const { NextToken: _token, MaxResults: _most, ...rest } = input
    const beside = Object.entries(rest).filter(([, value]) => value !== undefined)
    if (beside.length > 0) {
      world.violation('R27', `NextToken was sent with ${beside.map(([name]) => name).join(', ')}`)
    }
    return await ask()
  })
  await steady(stage)
  await splitOne(world, between(random, 0, 99))
  // Its successor lists what there is beside a table with leases.
  fleet.killAndRestart(stage.leader().slot, between(random, 0, 4000))
  await served(stage, 'R27', SERVED_MS)
  lists.clear()
  reached(stage, 'later-page-of-a-list', later)
}

/** How often each lease is created, or tried to be. */
function watchCreations({ world }: Stage): ReadonlyMap<string, number> {
  const creations = new Map<string, number>()
  world.dynamo.injectFault({
    operation: 'putItem',
    kind: 'fail',
    times: Number.POSITIVE_INFINITY,
    when: (input) => {
      const { Item: row } = input as { readonly Item?: Record<string, { readonly S?: string }> }
      const key = row?.['leaseKey']?.S ?? ''
      if (row?.['entityType']?.S === 'LEASE') creations.set(key, (creations.get(key) ?? 0) + 1)
      return false
    },
  })
  return creations
}

async function repeatedPages(stage: Stage): Promise<void> {
  const { world, fleet } = stage
  const random = world.random('script')
  const creations = watchCreations(stage)
  const failures = new Map<string, number>()
  const ofWorkers = new Set<string>()
  let repeated = 0
  const lists = alter(world, 'listShards', async (input, ask) => {
    const token = input.NextToken
    const isOfWorker = token === undefined ? !isOfProducer(input) : ofWorkers.has(token)
    const failed = token === undefined ? 0 : (failures.get(token) ?? 0)
    // Chance may spare them all but the first of a worker's.
    const isDue = isOfWorker && repeated === 0 && failed === 0
    if (token !== undefined && failed < 2 && (random.next() < 0.6 || isDue)) {
      failures.set(token, failed + 1)
      throw new ServiceError('ListShards', 'InternalFailure', 'A later page fails (simulated).')
    }
    const page = await ask()
    if (isOfWorker && page.NextToken !== undefined) ofWorkers.add(page.NextToken)
    if (failed === 0) return page
    if (isOfWorker) repeated++
    // From the first shard on, once more.
    const [first] = page.Shards
    const before = world.kinesis
      .shards(STREAM)
      .filter(({ ShardId }) => first !== undefined && ShardId < first.ShardId)
    return { ...page, Shards: [...before, ...page.Shards] }
  })
  await steady(stage)
  for (const [shardId, times] of creations) {
    if (times > 1) world.violation('R28', `the lease of ${shardId} was created ${times} times`)
  }
  if (creations.size !== stage.plan.shards) {
    world.violation('R28', `${creations.size} leases for ${stage.plan.shards} shards`)
  }
  await splitOne(world, between(random, 0, 99))
  fleet.killAndRestart(stage.leader().slot, between(random, 0, 4000))
  await served(stage, 'R28', SERVED_MS)
  lists.clear()
  reached(stage, 'page-repeated-after-failure', repeated)
}

export const LIST_PAGES: readonly Scenario[] = [
  {
    name: 'R27',
    about: 'lists of many pages: a later one is asked for with its token and nothing else',
    everySeeds: 20,
    plan: (random) => {
      const plan = smallFleet(random, { workers: 2, shards: between(random, 3, 6) })
      return { ...plan, sizes: { ...plan.sizes, listShardsPageSize: between(random, 1, 2) } }
    },
    script: manyPages,
  },
  {
    name: 'R28',
    about:
      'a later page of a list fails, its retry repeats shards: each gets one lease, none is missed',
    everySeeds: 20,
    plan: (random) => {
      const plan = smallFleet(random, { workers: 2, shards: between(random, 3, 6) })
      return { ...plan, sizes: { ...plan.sizes, listShardsPageSize: between(random, 1, 3) } }
    },
    script: repeatedPages,
  },
]
