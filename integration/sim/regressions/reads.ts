/** R06, R07, R08, R26: pages that end a shard, iterators that expire, replies that lack one. */
import { InvalidStreamModelError, isServiceError, ServiceError } from '@millrace/core'
import type { Stage } from '../fleet/stage.ts'
import type { Scenario } from '../scenario.ts'
import { alter, withoutChildren } from './altered-answers.ts'
import { splitNamed } from './fleet-steps.ts'
import { watchReads } from './read-watch.ts'
import { allServed, between, oneOf, pickLease, reached, smallFleet, steady } from './small-fleet.ts'

/** The parent's last reads, its end proved by lists that may be paced, and its children's start. */
const ENDED_MS = 15_000
/** The longest pause between two reads that failed, and a few of them. */
const READ_AGAIN_MS = 10_000

async function lastPageWithRecords(stage: Stage): Promise<void> {
  await steady(stage)
  const { world, table } = stage
  const random = world.random('script')
  const { shardId } = pickLease(stage, random)
  const hidden = world.kinesis.injectFault({
    operation: 'getRecords',
    kind: 'empty-page',
    times: Number.POSITIVE_INFINITY,
    shardId,
  })
  for (let i = between(random, 1, 30); i > 0; i--) await stage.put(shardId)
  await splitNamed(stage, shardId)
  const saysChildren = random.next() < 0.5
  let lastPages = 0
  const pages = alter(world, 'getRecords', async (_input, ask) => {
    const page = await ask()
    if (page.ChildShards === undefined) return page
    if (page.Records.length > 0) lastPages++
    return saysChildren ? page : withoutChildren(page)
  })
  hidden.clear()
  const goal = { rule: 'R06', what: `${shardId} is read to its end`, withinMs: ENDED_MS }
  await stage.reach(goal, () => table.hasEnded(shardId) && allServed(stage))
  pages.clear()
  reached(stage, `last-page-with-records-${saysChildren ? 'and' : 'without'}-children`, lastPages)
}

/** Where a reader stands in a shard, by the pages that it was answered. */
interface Place {
  last: string | undefined
  readonly seen: Set<string>
}

class Places {
  readonly #places = new Map<string, Place>()

  constructor(stage: Stage) {
    // The next tenure starts from the table.
    stage.onLeaseLost = ({ shardId }) => void this.#places.delete(shardId)
  }

  of(shardId: string): Place {
    const place = this.#places.get(shardId) ?? { last: undefined, seen: new Set() }
    this.#places.set(shardId, place)
    return place
  }
}

const PROGRESS_MS = 20_000
/** Where no iterator that is watched has expired by then. */
const MORE_PROGRESS_MS = 60_000

async function expireLater(stage: Stage): Promise<void> {
  const { world, plan } = stage
  const random = world.random('script')
  const places = new Places(stage)
  let expired = 0
  let renewed = 0
  const watch = watchReads(stage, {
    onIterator: ({ ShardId, ShardIteratorType, StartingSequenceNumber }) => {
      const { last } = places.of(ShardId)
      if (last === undefined) return
      renewed++
      if (ShardIteratorType === 'AFTER_SEQUENCE_NUMBER' && StartingSequenceNumber === last) return
      const what = `${ShardId} is read on at ${ShardIteratorType} ${StartingSequenceNumber}`
      world.violation('R07', `${what}, the last record was ${last}`)
    },
    onPage: (shardId, page) => {
      const place = places.of(shardId)
      place.last = page.Records.at(-1)?.SequenceNumber ?? place.last
      return page
    },
    onRefusal: (shardId, cause) => {
      const isExpired = isServiceError(cause) && cause.kind === 'expired-iterator'
      if (isExpired && places.of(shardId).last !== undefined) expired++
    },
  })
  await steady(stage)
  const { shardId } = pickLease(stage, random)
  // A handler that takes so long that nothing is read meanwhile, until the iterator is too old.
  const stalls = random.next() < 0.5
  let calls = 0
  stage.onCall = async () => {
    if (stalls && calls++ % 5 === 0) await world.sleep(plan.sizes.iteratorLifetimeMs + 2000)
  }
  const endMs = world.nowMs() + PROGRESS_MS
  const latestMs = endMs + MORE_PROGRESS_MS
  // Iterators from before the watch are of no known shard: there may be need of a second expiry.
  const isMissing = (): boolean => expired === 0 || renewed === 0
  while (world.nowMs() < endMs || (isMissing() && world.nowMs() < latestMs)) {
    for (let i = between(random, 0, 4); i > 0; i--) await stage.put(shardId)
    await world.sleep(between(random, 100, 2500))
    if (stalls) continue
    world.kinesis.injectFault({ operation: 'getRecords', kind: 'expire-iterators' })
  }
  stage.onCall = undefined
  await isReadAgain(stage, 'R07', shardId)
  watch.clear()
  reached(stage, `iterator-expired-${stalls ? 'while-stalled' : 'after-progress'}`, expired)
  reached(stage, 'iterator-renewed', renewed)
}

/** The iterator that came with records is refused: the next one starts exactly there. */
async function expireAtLastRecord(stage: Stage): Promise<void> {
  const { world } = stage
  const random = world.random('script')
  const places = new Places(stage)
  const refused = new Set<string>()
  let expired = 0
  const watch = watchReads(stage, {
    onRead: (_shardId, iterator) => {
      if (!refused.has(iterator)) return
      expired++
      throw new ServiceError('GetRecords', 'ExpiredIteratorException', 'Expired (simulated).')
    },
    onPage: (shardId, page) => {
      const { seen } = places.of(shardId)
      for (const { SequenceNumber } of page.Records) {
        if (seen.has(SequenceNumber)) {
          world.violation('R08', `${shardId}: ${SequenceNumber} is read twice in one tenure`)
        }
        seen.add(SequenceNumber)
      }
      const next = page.NextShardIterator
      if (page.Records.length > 0 && next !== undefined && random.next() < 0.7) refused.add(next)
      return page
    },
  })
  await steady(stage)
  const { shardId } = pickLease(stage, random)
  for (let round = 0; round < 8; round++) {
    for (let i = between(random, 1, 4); i > 0; i--) await stage.put(shardId)
    await world.sleep(between(random, 100, 2000))
  }
  await isReadAgain(stage, 'R08', shardId)
  watch.clear()
  reached(stage, 'iterator-expired-at-last-record', expired)
}

async function nullIterators(stage: Stage): Promise<void> {
  await steady(stage)
  const { world } = stage
  const random = world.random('script')
  const { shardId } = pickLease(stage, random)
  const most = between(random, 1, 4)
  const lacking = { records: 0, empty: 0 }
  // Said aloud: an endpoint that does so for long must not pass for a healthy one.
  stage.fleet.mayMeet = (error) => error instanceof InvalidStreamModelError
  const pages = alter(world, 'getRecords', async (_input, ask) => {
    const page = await ask()
    const { NextShardIterator: next, ...rest } = page
    const kind = page.Records.length > 0 ? 'records' : 'empty'
    if (next === undefined || lacking[kind] >= most || random.next() < 0.5) return page
    lacking[kind]++
    return rest
  })
  for (let round = 0; round < 6; round++) {
    await stage.put(shardId)
    await world.sleep(between(random, 200, 1500))
  }
  // Chance may have spared all pages of a kind so far: there are more of it.
  for (let round = 0; round < 40 && lacking.empty * lacking.records === 0; round++) {
    if (lacking.records === 0) await stage.put(shardId)
    await world.sleep(1000)
  }
  // The lie goes on over a true end, of which only the list tells.
  const ends = random.next() < 0.4
  if (ends) await splitNamed(stage, shardId)
  const goal = { rule: 'R26', what: 'every open shard is served', withinMs: ENDED_MS }
  await stage.reach(goal, () => allServed(stage))
  pages.clear()
  if (!ends) await isReadAgain(stage, 'R26', shardId)
  reached(stage, 'null-iterator-with-records', lacking.records)
  reached(stage, 'null-iterator-of-empty-page', lacking.empty)
}

/** A record that is put now is delivered soon. */
async function isReadAgain(stage: Stage, rule: string, shardId: string): Promise<void> {
  const { world, deliveries } = stage
  const fromMs = world.nowMs()
  await stage.put(shardId)
  const goal = { rule, what: `${shardId} is read again`, withinMs: READ_AGAIN_MS }
  await stage.reach(goal, () => deliveries.lastCallMs(shardId) > fromMs)
}

export const READS: readonly Scenario[] = [
  {
    name: 'R06',
    about: 'a last page with records and no next iterator: all is done before the shard ends',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: 2, shards: 2, records: 30 }),
    script: lastPageWithRecords,
  },
  {
    name: 'R07',
    about: 'an iterator expires after progress: reading goes on behind the last record',
    everySeeds: 20,
    plan: (random) => {
      const initialPosition = oneOf(random, 'TRIM_HORIZON', 'LATEST')
      const plan = smallFleet(random, { workers: 1, shards: 2, records: 40, initialPosition })
      return {
        ...plan,
        consumer: { retrieval: { mode: 'polling', maxPendingBatches: 1 } },
        sizes: { ...plan.sizes, iteratorLifetimeMs: between(random, 1500, 4000) },
      }
    },
    script: expireLater,
  },
  {
    name: 'R08',
    about: 'an iterator expires at the exact last record: that record is not read again',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: 1, shards: 2, records: 40 }),
    script: expireAtLastRecord,
  },
  {
    name: 'R26',
    about: 'replies without a next iterator while the shard is open: it does not end',
    everySeeds: 20,
    plan: (random) => smallFleet(random, { workers: 2, shards: 2, records: 40 }),
    script: nullIterators,
  },
]
