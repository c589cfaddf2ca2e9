/** S20: a shard that takes nothing for a while is asked seldom, and costs the others nothing. */
import { LIMITS, sleep } from '@millrace/core/internal'
import { SendRate } from '../checkers/send-rate.ts'
import { STREAM } from '../fleet/names.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import type { ProducerStage } from './producer-stage.ts'
import type { WatchedProducer } from './watched-producer.ts'

const BEFORE_MS = 1500
const THROTTLED_MS = 11_000
/** Requests that left before the first refusal, and back-off that has to grow. */
const NOTICED_MS = 4000
/** Of the healthy shard's limit. */
const LEAST_SHARE = 0.9
const BYTES = 9000

/** Offers a shard what it does not take, and does not wait for it. */
async function offer(
  producer: WatchedProducer,
  { hashKey, isOver }: { readonly hashKey: string; readonly isOver: () => boolean },
): Promise<void> {
  for (let i = 0; !isOver(); i++) {
    void producer.put(`throttled ${i}`, { explicitHashKey: hashKey, bytes: BYTES / 3 })
    await sleep(15)
  }
}

/** Keeps a shard as busy as the producer lets it. */
async function pour(
  producer: WatchedProducer,
  { hashKey, isOver }: { readonly hashKey: string; readonly isOver: () => boolean },
): Promise<void> {
  for (let i = 0; !isOver(); ) {
    if (producer.tryPut(`healthy ${i}`, { explicitHashKey: hashKey, bytes: BYTES })) i++
    else await sleep(10)
  }
}

async function oneShardThrottled(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  await stage.createStream(2)
  const [first, second] = stage.openShards()
  const [sick, healthy] = random.next() < 0.5 ? [first, second] : [second, first]
  const sickId = sick?.ShardId ?? ''
  const rate = new SendRate({ nowMs: () => world.nowMs(), shards: () => stage.openShards() })
  const options = {
    rateLimitPercent: 100,
    recordTtlMs: 120_000,
    maxOutstandingRecords: 300,
    mayFail: false,
    through: rate.watched.bind(rate),
  }
  let isOver = false
  const handle = stage.start('producer', options, async (producer) => {
    const over = { isOver: () => isOver }
    await Promise.all([
      offer(producer, { hashKey: sick?.HashKeyRange.StartingHashKey ?? '', ...over }),
      pour(producer, { hashKey: healthy?.HashKeyRange.StartingHashKey ?? '', ...over }),
    ])
    await producer.flush()
  })
  await world.sleep(BEFORE_MS + random.next() * 1000)
  const fault = world.kinesis.injectFault({
    ...{ operation: 'putRecords', kind: 'throttle', streamName: STREAM, shardId: sickId },
    times: Number.POSITIVE_INFINITY,
  })
  const fromMs = world.nowMs()
  await world.sleep(THROTTLED_MS)
  const untilMs = world.nowMs()
  fault.clear()
  isOver = true
  await stage.ended(handle)
  const calls = rate.calls(sickId, fromMs + NOTICED_MS, untilMs)
  const seconds = (untilMs - fromMs - NOTICED_MS) / 1000
  stage.reached('throttled-shard-asked', calls)
  stage.expect(
    'S20',
    calls <= seconds + 1,
    `${calls} calls in ${seconds} s to a shard that throttles`,
  )
  const found = rate.rates(fromMs, untilMs, 5000).find(({ shardId }) => shardId !== sickId)
  const share = (found?.bytesPerSecond ?? 0) / LIMITS.shardWriteBytesPerSecond
  const told = `the healthy shard gets ${(share * 100).toFixed(1)} % of what it takes`
  stage.expect('S20', share >= LEAST_SHARE, told)
}

export const THROTTLED_SHARD: ProducerScenario = {
  name: 'throttled-shard',
  about:
    'S20: a shard that takes nothing is asked once a second at most, the others get all theirs',
  everySeeds: 20,
  play: oneShardThrottled,
}
