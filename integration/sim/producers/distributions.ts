/** R14: a stream that is switched to AUTO record distribution while records come. */
import type { kinesis } from '@millrace/core'
import { isAggregated } from '@millrace/core/aggregation'
import { sleep } from '@millrace/core/internal'
import { STREAM } from '../fleet/names.ts'
import { alter } from '../regressions/altered-answers.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import type { ProducerStage } from './producer-stage.ts'

/** Records in the wrong shard, two lists that show nothing new, and a look at the stream. */
const NOTICED_MS = 15_000
const BEFORE_MS = 3000
const BURST = 60
/** Of a burst that no limit of a shard holds up: buffered, and sent. */
const UNLIMITED_MS = 1500

/** From its switch on the service picks shards by itself, and says so when it is asked. */
function switchable({ world, random }: ProducerStage): {
  isAuto: boolean
  clear(): void
} {
  const state = { isAuto: false, clear: (): void => {} }
  const put = alter(world, 'putRecords', async (input, ask) => {
    if (!state.isAuto) return await ask()
    const shards = world.kinesis.shards(STREAM)
    const entries = input.Records.map((entry): kinesis.PutRecordsEntry => {
      const shard = shards[Math.floor(random.next() * shards.length)]
      const hashKey = shard?.HashKeyRange.StartingHashKey
      return { ...entry, PartitionKey: entry.PartitionKey ?? 'none', ExplicitHashKey: hashKey }
    })
    return await ask({ ...input, Records: entries })
  })
  const describe = alter(world, 'describeStreamSummary', async (_input, ask) => {
    const { StreamDescriptionSummary: summary } = await ask()
    if (!state.isAuto) return { StreamDescriptionSummary: summary }
    return { StreamDescriptionSummary: { ...summary, RecordDistributionStrategy: 'AUTO' } }
  })
  state.clear = () => {
    put.clear()
    describe.clear()
  }
  return state
}

async function switchedToAuto(stage: ProducerStage): Promise<void> {
  const { world } = stage
  await stage.createStream(stage.between(2, 5))
  const stream = switchable(stage)
  let isOver = false
  // Ten records a second, were it a limit of the shard that holds.
  const options = { mayFail: false, rateLimitPercent: 1 }
  const handle = stage.start('producer', options, async (producer, { random }) => {
    while (!isOver) {
      for (let i = 0; i < 4; i++) void producer.put(`key ${Math.floor(random.next() * 100)}`)
      await sleep(random.next() * 400)
    }
    await producer.flush()
    // No key is needed, and a burst is held up by nothing.
    const beganMs = world.nowMs()
    const burst = Array.from({ length: BURST }, (_, i) => producer.put(i % 2 ? `${i}` : undefined))
    await Promise.all(burst)
    const tookMs = world.nowMs() - beganMs
    stage.expect('R14', tookMs < UNLIMITED_MS, `a burst took ${tookMs.toFixed(0)} ms`)
  })
  await world.sleep(BEFORE_MS + stage.random.next() * 1000)
  stage.reached('aggregated-before-the-switch', aggregates(stage))
  stream.isAuto = true
  // Whoever reads a stream of this kind does not filter.
  stage.strict.filters = false
  await world.sleep(NOTICED_MS)
  const before = aggregates(stage)
  await world.sleep(5000)
  isOver = true
  await stage.ended(handle)
  stream.clear()
  const later = aggregates(stage) - before
  stage.expect('R14', later === 0, `${later} aggregates although no shard can be predicted`)
}

function aggregates({ world }: ProducerStage): number {
  return world.kinesis.records(STREAM).filter(({ record }) => isAggregated(record.Data)).length
}

export const PRODUCER_DISTRIBUTIONS: readonly ProducerScenario[] = [
  {
    name: 'R14',
    about: 'a stream is switched to AUTO: nothing is lost, nothing is predicted any more',
    everySeeds: 20,
    play: switchedToAuto,
  },
]
