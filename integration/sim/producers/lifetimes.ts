/** R63 and R64: producers that come and go, metrics that nobody takes. */
import { sleep } from '@millrace/core/internal'
import { Producer } from '@millrace/producer'
import type { SimulatedProcess } from '@millrace/testing'
import { STREAM } from '../fleet/names.ts'
import { alter } from '../regressions/altered-answers.ts'
import { heapBytes } from './heap.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import type { ProducerStage } from './producer-stage.ts'

const PRODUCERS = 10_000
/** By then all code is compiled and all that is kept for good is there. */
const WARM = 1000
/** One in so many sends something. */
const BUSY = 20
const MOST_GROWTH_BYTES = 3_000_000
const CALL_END_MS = 2100

const data: Uint8Array = new Uint8Array(20)

/** What a producer may be doing when it ends. */
async function comeAndGo(process: SimulatedProcess, number: number): Promise<void> {
  const producer = new Producer({
    ...{ stream: STREAM, client: process.kinesis, random: process.random, logger: false },
    metricsLevel: number % 2 === 0 ? 'none' : 'detailed',
  })
  producer.on('failed', () => undefined)
  if (number % BUSY === 0) {
    for (let i = 0; i < 3; i++) producer.tryPut({ partitionKey: `key ${i}`, data })
    if (number % (2 * BUSY) === 0) await producer.put({ partitionKey: 'awaited', data })
  }
  if (number % 3 === 0) producer.destroy()
  else await producer.close(number % 3 === 1 ? { timeoutMs: 5 } : undefined)
}

/** Nothing of them is left: no heap, no timer, no call. */
async function tenThousandProducers(stage: ProducerStage): Promise<void> {
  const { world } = stage
  await stage.createStream(2)
  stage.accounts = false
  let warmBytes = 0
  const handle = world.spawn('process', async (process) => {
    for (let i = 0; i < PRODUCERS; i++) {
      if (i === WARM) warmBytes = heapBytes()
      await comeAndGo(process, i)
    }
    await sleep(CALL_END_MS)
  })
  await stage.ended(handle)
  const { leftBehind } = handle
  stage.expect('S21', leftBehind === 0, `${leftBehind} timers or calls are left behind`)
  trimAll(stage)
  const grown = heapBytes() - warmBytes
  stage.reached('producers-came-and-went', handle.error === undefined ? PRODUCERS - WARM : 0)
  const told = `the heap has grown by ${(grown / 1e6).toFixed(1)} MB`
  stage.expect('R63', grown < MOST_GROWTH_BYTES, told)
}

/** What the service keeps is none of the producer's. */
function trimAll({ world }: ProducerStage): void {
  for (const { ShardId } of world.kinesis.shards(STREAM)) {
    world.kinesis.trim(STREAM, ShardId, Number.POSITIVE_INFINITY)
  }
}

const HOURS = 24
const HOUR_MS = 3_600_000
/** As many hours as it takes until nothing is new any more. */
const WARM_HOURS = 6
const MOST_METRIC_GROWTH_BYTES = 1_500_000
const ROUND_MS = 120_000
/** Of one shard: its metrics, and 51 counts of error codes. */
const MOST_METRICS_A_SHARD = 80

/** A day of metrics that the sink throws at, of shards that change and of codes that are made up. */
async function unreachableSink(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  await stage.createStream(2)
  stage.accounts = false
  const outOfReach = new Error('the sink is out of reach (simulated)')
  let refused = 0
  let warnings = 0
  const metrics = {
    put: (): void => {
      refused++
      throw outOfReach
    },
  }
  const warn = (_fields: object, message: string): void => {
    if (/metrics/.test(message)) warnings++
  }
  const logger = { debug: () => {}, info: () => {}, warn, error: warn }
  const codes = madeUpCodes(stage)
  let warmBytes = 0
  let grown = 0
  let most = 0
  const handle = world.spawn('process', async ({ kinesis: client, random: own }) => {
    const options = { stream: STREAM, client, random: own, logger, metrics, recordTtlMs: 5000 }
    const producer = new Producer(options)
    producer.on('failed', () => undefined)
    for (let hour = 0; hour < HOURS; hour++) {
      if (hour === WARM_HOURS) warmBytes = heapBytes()
      for (const untilMs = world.nowMs() + HOUR_MS; world.nowMs() < untilMs; ) {
        const key = `key ${Math.floor(own.next() * 100)}`
        for (let i = 0; i < 10; i++) producer.tryPut({ partitionKey: `${key} ${i}`, data })
        await sleep(ROUND_MS)
      }
      trimAll(stage)
      most = Math.max(most, producer.metrics().length)
    }
    await producer.put({ partitionKey: 'last', data })
    trimAll(stage)
    grown = heapBytes() - warmBytes
    await producer.close()
    await sleep(CALL_END_MS)
  })
  for (let i = 0; i < HOURS * 2; i++) {
    await world.sleep(HOUR_MS / 2)
    const open = stage.openShards()
    await stage.split(
      open[stage.between(0, open.length - 1)]?.ShardId ?? '',
      0.2 + random.next() * 0.6,
    )
  }
  await stage.ended(handle)
  codes.clear()
  stage.reached('metrics-refused', refused)
  stage.expect('R64', handle.error === undefined, 'the producer did not outlive its sink')
  const shards = world.kinesis.shards(STREAM).length
  const bound = (shards + 2) * MOST_METRICS_A_SHARD
  stage.expect('R64', most <= bound, `${most} metrics are kept of ${shards} shards`)
  const told = `the heap has grown by ${(grown / 1e6).toFixed(1)} MB`
  stage.expect('R64', grown < MOST_METRIC_GROWTH_BYTES, told)
  stage.expect('R64', warnings <= HOURS * 60, `${warnings} warnings about the sink`)
}

/** What stands in for the service may make up any number of codes. */
function madeUpCodes(stage: ProducerStage): { clear(): void } {
  const { world, random } = stage
  let made = 0
  return alter(world, 'putRecords', async (input, ask) => {
    if (random.next() < 0.8) return await ask()
    const entry = { ErrorCode: `MadeUp${made++}`, ErrorMessage: 'simulated' }
    return { FailedRecordCount: input.Records.length, Records: input.Records.map(() => entry) }
  })
}

export const PRODUCER_LIFETIMES: readonly ProducerScenario[] = [
  {
    name: 'R63',
    about: '10,000 producers are created and closed, or destroyed: the heap stays flat',
    everySeeds: 100,
    play: tenThousandProducers,
  },
  {
    name: 'R64',
    about: 'the metrics sink is out of reach for a day: what is kept for it stays bounded',
    everySeeds: 50,
    play: unreachableSink,
  },
]
