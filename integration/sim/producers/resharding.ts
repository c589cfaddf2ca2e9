/** R34, R35 and a split in flight: a shard map that is ahead of the service, or behind it. */
import type { kinesis } from '@millrace/core'
import { LIMITS, sleep } from '@millrace/core/internal'
import { alter } from '../regressions/altered-answers.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import type { ProducerStage } from './producer-stage.ts'
import type { WatchedProducer } from './watched-producer.ts'

const KEYS = 400
/** Of what is put, stored again because of a stale map. */
const MOST_EXTRA = 0.05

/** Puts at a steady pace, until it is told to end; never waits for an outcome. */
async function putSteadily(
  producer: WatchedProducer,
  { everyMs, bytes, isOver }: { everyMs: number; bytes: number; isOver: () => boolean },
): Promise<number> {
  let puts = 0
  for (; !isOver(); puts++) {
    void producer.put(`key ${puts % KEYS}`, { bytes })
    await sleep(everyMs)
  }
  return puts
}

/** User records that the stream holds more often than once, per record that was put. */
function extraShare({ ledger }: ProducerStage): number {
  let stored = 0
  for (const { records } of ledger.shards) stored += records.length
  return (stored - ledger.puts.length) / ledger.puts.length
}

/** Stored in one shard, so far. */
function storedIn({ ledger }: ProducerStage, shardId: string): number {
  return ledger.shard(shardId).records.length
}

const AHEAD_MS = 8000

/** The list shows the children of a split that the service has not made yet. */
async function mapIsAhead(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  await stage.createStream(2)
  const [first, second] = stage.openShards().map(({ ShardId }) => ShardId)
  const [parent = '', other = ''] = random.next() < 0.5 ? [first, second] : [second, first]
  const share = 0.3 + random.next() * 0.4
  const splitMs = stage.between(3000, 5000)
  let lists = 0
  let before: number | undefined
  const list = alter(world, 'listShards', async (_input, ask) => {
    lists++
    const answer = await ask()
    const sinceMs = world.nowMs() - splitMs
    if (sinceMs < 0 || sinceMs >= AHEAD_MS) return answer
    before ??= storedIn(stage, parent)
    return { ...answer, Shards: splitAhead(answer.Shards, parent, share) }
  })
  let isOver = false
  const handle = stage.start('producer', { mayFail: false }, async (producer) => {
    await putSteadily(producer, { everyMs: 10, bytes: 40, isOver: () => isOver })
    await producer.flush()
  })
  await world.sleep(splitMs)
  // So that the producer looks again: what it sends there goes elsewhere.
  await stage.split(other)
  await world.sleep(AHEAD_MS)
  stage.reached('map-ahead-of-the-service', storedIn(stage, parent) - (before ?? 1e9))
  await stage.split(parent, share)
  await world.sleep(5000)
  isOver = true
  await stage.ended(handle)
  list.clear()
  const seconds = world.nowMs() / 1000
  stage.expect('R34', lists <= seconds, `${lists} lists in ${seconds.toFixed(0)} s`)
  // What lies in the parent lies in its range, whatever the list says of children.
  const extra = extraShare(stage)
  stage.expect('R34', extra < MOST_EXTRA, `${(extra * 100).toFixed(1)} % were stored again`)
}

function splitAhead(
  shards: readonly kinesis.ServiceShard[],
  parentId: string,
  share: number,
): kinesis.ServiceShard[] {
  const parent = shards.find(({ ShardId }) => ShardId === parentId)
  if (parent === undefined) return [...shards]
  const { StartingHashKey, EndingHashKey } = parent.HashKeyRange
  const start = BigInt(StartingHashKey)
  const width = BigInt(EndingHashKey) - start
  const at = start + (width * BigInt(Math.round(share * 1000))) / 1000n
  const child = (number: number, from: bigint, to: bigint): kinesis.ServiceShard => ({
    ...parent,
    ShardId: `shardId-${String(number).padStart(12, '0')}`,
    ParentShardId: parentId,
    HashKeyRange: { StartingHashKey: from.toString(), EndingHashKey: to.toString() },
  })
  // The ids that they will have: those of the other shard's children come before.
  return [
    ...shards.filter(({ ShardId }) => ShardId !== parentId),
    child(4, start, at - 1n),
    child(5, at, BigInt(EndingHashKey)),
  ]
}

/** A list that shows, until a moment, what it showed when it was last asked in time. */
function laggingList({ world }: ProducerStage): { lagUntilMs: number; clear(): void } {
  let before: kinesis.ListShardsOutput | undefined
  const list = alter(world, 'listShards', async (_input, ask) => {
    const answer = await ask()
    if (world.nowMs() < lagging.lagUntilMs && before !== undefined) return before
    before = answer
    return answer
  })
  const lagging = { lagUntilMs: 0, clear: () => list.clear() }
  return lagging
}

const LOAD_RECORD_BYTES = 8000
const LOADED_MS = 5000

/** For so long after a reshard the list shows what was before. */
const LEAST_LAG_MS = 1000
const MORE_LAG_MS = 1500

/** A split, or a merge, in the middle of a run that fills its shards to 80 %. */
async function reshardUnderLoad(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  const splits = random.next() < 0.6
  await stage.createStream(splits ? 2 : 4)
  // Two shards of the four become one, which then is as full.
  const share = splits ? 0.8 : 0.4
  const bytesPerMs = (stage.openShards().length * share * LIMITS.shardWriteBytesPerSecond) / 1000
  const list = laggingList(stage)
  let isOver = false
  const handle = stage.start('producer', { mayFail: false }, async (producer) => {
    const everyMs = LOAD_RECORD_BYTES / bytesPerMs
    await putSteadily(producer, { everyMs, bytes: LOAD_RECORD_BYTES, isOver: () => isOver })
    await producer.flush()
  })
  await world.sleep(LOADED_MS + random.next() * 1000)
  const [left = '', right = ''] = stage.openShards().map(({ ShardId }) => ShardId)
  list.lagUntilMs = world.nowMs() + LEAST_LAG_MS + random.next() * MORE_LAG_MS
  if (splits) await stage.split(left, 0.3 + random.next() * 0.4)
  else await stage.merge(left, right)
  await world.sleep(LOADED_MS)
  isOver = true
  await stage.ended(handle)
  list.clear()
  const child = splits ? 'shardId-000000000002' : 'shardId-000000000004'
  stage.reached(`${splits ? 'split' : 'merged'}-under-load`, storedIn(stage, child))
  if (stage.strict.dropped > 0) world.count('marker.aggregate-out-of-range', stage.strict.dropped)
  const extra = extraShare(stage)
  stage.expect('R35', extra < MOST_EXTRA, `${(extra * 100).toFixed(1)} % were stored again`)
}

const RESHARDS = 4
/** By then one of them has caught an aggregate on its way. */
const MOST_RESHARDS = 20
const MOST_LAG_MS = 4000

/** Reshards one after another, answers and lists that come late, and aggregates all the while. */
async function splitInFlight(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  await stage.createStream(stage.between(1, 3))
  const list = laggingList(stage)
  let isOver = false
  const handles = Array.from({ length: 2 }, (_, i) =>
    stage.start(`producer-${i}`, { mayFail: false }, async (producer, own) => {
      while (!isOver) {
        const key = `key ${Math.floor(own.random.next() * KEYS)}`
        if (own.random.next() < 0.3) producer.tryPut(key)
        else void producer.put(key)
        await sleep(own.random.next() * 30)
      }
      await producer.flush()
    }),
  )
  const isMissing = (): boolean => stage.strict.dropped === 0
  for (let i = 0; i < RESHARDS || (isMissing() && i < MOST_RESHARDS); i++) {
    await world.sleep(2000 + random.next() * 4000)
    if (random.next() < 0.5) list.lagUntilMs = world.nowMs() + random.next() * MOST_LAG_MS
    const shards = [...stage.openShards()].sort(byRange)
    const at = stage.between(0, shards.length - 1)
    const [one, next] = [shards[at]?.ShardId ?? '', shards[at + 1]?.ShardId]
    if (next !== undefined && random.next() < 0.4) await stage.merge(one, next)
    else await stage.split(one, 0.2 + random.next() * 0.6)
  }
  await world.sleep(5000)
  isOver = true
  await stage.ended(...handles)
  list.clear()
  stage.reached('aggregate-out-of-range', stage.strict.dropped)
}

function byRange(a: kinesis.ServiceShard, b: kinesis.ServiceShard): number {
  const [left, right] = [a.HashKeyRange, b.HashKeyRange]
  return BigInt(left.StartingHashKey) < BigInt(right.StartingHashKey) ? -1 : 1
}

export const PRODUCER_RESHARDING: readonly ProducerScenario[] = [
  {
    name: 'R34',
    about:
      'the list shows shards that the service has not made yet: nothing is sent again and again',
    everySeeds: 20,
    play: mapIsAhead,
  },
  {
    name: 'R35',
    about: 'a reshard under 80 % load with aggregation: under 5 % of the puts are stored twice',
    everySeeds: 20,
    play: reshardUnderLoad,
  },
  {
    name: 'split-in-flight',
    about: 'S18: no record is acked that a reader which filters by range would drop',
    everySeeds: 10,
    faults: (random) => ({
      latencyMs: { min: 1, max: random.next() < 0.5 ? 20 : 300 },
      kinesis: { loseReply: random.next() < 0.3 ? 0.05 : 0 },
    }),
    play: splitInFlight,
  },
]
