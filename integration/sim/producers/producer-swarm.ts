/** Producers with any options while anything goes wrong: S16, S17, S18 and S19 hold all the same. */
import type { Random } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { ProcessHandle, SimulatedFaults } from '@millrace/testing'
import { STREAM } from '../fleet/names.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import type { ProducerStage } from './producer-stage.ts'
import type { WatchedOptions, WatchedProducer } from './watched-producer.ts'

const DISTURBED_MS = 30_000
const RECORDS = 150
const KEYS = 40
const MAX_RECORD_BYTES = 4096
const DISTURBANCES = 6

type Chance = (probability: number) => boolean

function chanceOf(random: Random): Chance {
  return (probability) => random.next() < probability
}

function drawFaults(random: Random): SimulatedFaults {
  const chance = chanceOf(random)
  const rate = (probability: number, max: number): number =>
    chance(probability) ? random.next() * max : 0
  return {
    latencyMs: { min: 1, max: chance(0.3) ? 200 : 20 },
    ...(chance(0.4) ? { tail: { probability: 0.05, maxMs: 8000 } } : {}),
    kinesis: {
      throttle: rate(0.4, 0.1),
      failBefore: rate(0.4, 0.1),
      failAfter: rate(0.4, 0.1),
      loseRequest: rate(0.4, 0.1),
      loseReply: rate(0.5, 0.15),
      failLookup: rate(0.2, 0.1),
      expireCredentials: rate(0.2, 0.05),
      garbleReply: rate(0.3, 0.05),
      operations: { listShards: { throttle: rate(0.4, 0.5), loseReply: rate(0.3, 0.3) } },
    },
  }
}

function drawOptions(stage: ProducerStage): WatchedOptions {
  const { random } = stage
  const chance = chanceOf(random)
  const recordTtlMs = stage.between(2000, 20_000)
  return {
    fewestAttempts: 0,
    aggregation: chance(0.25)
      ? false
      : { maxBytes: stage.between(100, 4000), ...(chance(0.3) ? { maxRecords: 3 } : {}) },
    collection: { maxRecords: chance(0.3) ? stage.between(1, 5) : 500 },
    recordTtlMs,
    recordMaxBufferedTimeMs: stage.between(0, 500),
    requestTimeoutMs: stage.between(500, 6000),
    rateLimitPercent: chance(0.3) ? stage.between(1, 10) : 150,
    failIfThrottled: chance(0.15),
    maxConnections: chance(0.3) ? stage.between(1, 3) : 24,
    maxRecordBytes: MAX_RECORD_BYTES,
    maxOutstandingRecords: chance(0.5) ? stage.between(1, 30) : 1000,
    maxBufferedBytes: chance(0.5) ? stage.between(MAX_RECORD_BYTES, 10_000) : 1_000_000,
    maxWaitingPuts: chance(0.2) ? stage.between(0, 5) : 10_000,
    metricsLevel: chance(0.2) ? 'none' : 'detailed',
  }
}

async function putMany(producer: WatchedProducer, random: Random): Promise<void> {
  const pauseMs = (DISTURBED_MS / RECORDS) * 2
  for (let i = 0; i < RECORDS; i++) {
    const key = `Straße ${Math.floor(random.next() * KEYS)}`
    const bytes = Math.floor(random.next() < 0.1 ? random.next() * 4000 : random.next() * 200)
    if (random.next() < 0.3) producer.tryPut(key, { bytes })
    else if (random.next() < 0.1) await producer.put(key, { bytes })
    else void producer.put(key, { bytes })
    if (random.next() < 0.02) await producer.flush()
    if (random.next() < 0.4) await sleep(random.next() * pauseMs * 2.5)
  }
}

/** Most are given time to end; some are cut off, or destroyed with all that they hold. */
async function endSomehow(producer: WatchedProducer, random: Random): Promise<void> {
  const how = random.next()
  if (how < 0.1) {
    await producer.destroy()
  } else if (how < 0.5) {
    await producer.close(Math.floor(random.next() * 5000))
    await producer.rest()
  }
}

async function disturb(stage: ProducerStage, handles: readonly ProcessHandle[]): Promise<void> {
  const { world, random } = stage
  for (let i = 0; i < DISTURBANCES; i++) {
    await world.sleep(random.next() * ((2 * DISTURBED_MS) / DISTURBANCES))
    const shards = stage.openShards()
    const { ShardId: shardId = '' } = shards[stage.between(0, shards.length - 1)] ?? {}
    const handle = handles[stage.between(0, handles.length - 1)]
    const forMs = stage.between(100, 8000)
    const kind = stage.between(0, 5)
    world.count(`disturbance.producer-${kind}`)
    if (kind <= 1) await stage.split(shardId, 0.2 + random.next() * 0.6)
    else if (kind === 2) await mergeSome(stage)
    else if (kind === 3 && handle !== undefined) stage.pause(handle, forMs)
    else if (kind === 4)
      handle?.disconnect('kinesis', forMs, random.next() < 0.5 ? 'replies' : 'requests')
    else throttle(stage, shardId, forMs)
  }
}

async function mergeSome(stage: ProducerStage): Promise<void> {
  const shards = [...stage.openShards()].sort((a, b) =>
    BigInt(a.HashKeyRange.StartingHashKey) < BigInt(b.HashKeyRange.StartingHashKey) ? -1 : 1,
  )
  if (shards.length < 2) return
  const at = stage.between(0, shards.length - 2)
  await stage.merge(shards[at]?.ShardId ?? '', shards[at + 1]?.ShardId ?? '')
}

function throttle({ world }: ProducerStage, shardId: string, forMs: number): void {
  const fault = world.kinesis.injectFault({
    ...{ operation: 'putRecords', kind: 'throttle', streamName: STREAM, shardId },
    times: Number.POSITIVE_INFINITY,
  })
  void world.sleep(forMs).then(() => fault.clear())
}

async function anything(stage: ProducerStage): Promise<void> {
  const { world } = stage
  await stage.createStream(stage.between(1, 4))
  const handles = Array.from({ length: stage.between(1, 2) }, (_, i) =>
    stage.start(`producer-${i}`, drawOptions(stage), async (producer, { random }) => {
      await putMany(producer, random)
      await endSomehow(producer, random)
    }),
  )
  await disturb(stage, handles)
  world.heal()
  await stage.ended(...handles)
  await stage.run('last', { mayFail: false }, async (producer) => {
    for (let i = 0; i < 20; i++) void producer.put(`last-${i}`)
    await producer.flush()
  })
  if (stage.strict.dropped > 0) world.count('marker.aggregate-out-of-range')
}

export const PRODUCER_SWARM: ProducerScenario = {
  name: 'producer-swarm',
  about: 'S16-S19: producers of any kind, any fault of the service, reshards, pauses',
  faults: drawFaults,
  listShardsPageSize: 2,
  play: anything,
}
