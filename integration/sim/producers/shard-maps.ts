/** R57: many producers whose shard map is out of date, and a list that is throttled. */
import { type KinesisPort, ServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { alter } from '../regressions/altered-answers.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import type { ProducerStage } from './producer-stage.ts'

const PRODUCERS = 200
const THROTTLED_MS = 300_000
const PUT_EVERY_MS = 15_000
/** Length of the slots in which calls are counted. */
const SLOT_MS = 100
/** Of all producers in one slot: when all see the reshard at once, and when they do not. */
const MOST_IN_STEP = PRODUCERS * 0.75
const MOST_APART = PRODUCERS / 8
/** As long as records come to all at once, what was put off meanwhile falls due with them. */
const FIRST_MS = 5000
const RECOVERED_MS = 60_000

async function throttledLists(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  await stage.createStream(2)
  // Worst of all they see the reshard at the same moment.
  const isInStep = random.next() < 0.5
  const calls = new Map<string, number[]>()
  let isThrottled = false
  const list = alter(world, 'listShards', async (_input, ask) => {
    if (isThrottled)
      throw new ServiceError('ListShards', 'LimitExceededException', 'Rate (simulated).')
    return await ask()
  })
  let isOver = false
  const handles = Array.from({ length: PRODUCERS }, (_, i) => {
    const name = `producer-${i}`
    const times: number[] = []
    calls.set(name, times)
    const options = {
      mayFail: false,
      lookEveryMs: PUT_EVERY_MS,
      metricsLevel: 'none' as const,
      recordTtlMs: 60_000,
      through: (port: KinesisPort) => listing(port, () => times.push(world.nowMs())),
    }
    return stage.start(name, options, async (producer, own) => {
      if (!isInStep) await sleep(own.random.next() * PUT_EVERY_MS)
      for (let put = 0; !isOver; put++) {
        // Several at once: alone a record is right wherever it lands.
        for (let k = 0; k < 3; k++) void producer.put(`key ${i} ${put} ${k}`)
        await sleep(PUT_EVERY_MS)
      }
      await producer.flush()
    })
  })
  await world.sleep(PUT_EVERY_MS * 1.5)
  isThrottled = true
  const fromMs = world.nowMs()
  await stage.split(
    stage.openShards()[stage.between(0, 1)]?.ShardId ?? '',
    0.3 + random.next() * 0.4,
  )
  await stage.split(stage.openShards()[0]?.ShardId ?? '')
  await world.sleep(THROTTLED_MS)
  const untilMs = world.nowMs()
  isThrottled = false
  await world.sleep(RECOVERED_MS)
  isOver = true
  await stage.ended(...handles)
  list.clear()
  judgeCalls(stage, [...calls.values()], { fromMs, untilMs, isInStep })
}

/** The port, seen through. */
function listing(port: KinesisPort, onList: () => void): KinesisPort {
  return {
    putRecords: (input, options) => port.putRecords(input, options),
    getRecords: (input, options) => port.getRecords(input, options),
    getShardIterator: (input, options) => port.getShardIterator(input, options),
    describeStreamSummary: (input, options) => port.describeStreamSummary(input, options),
    listShards: (input, options) => {
      onList()
      return port.listShards(input, options)
    },
  }
}

function judgeCalls(
  stage: ProducerStage,
  calls: readonly (readonly number[])[],
  seen: { readonly fromMs: number; readonly untilMs: number; readonly isInStep: boolean },
): void {
  const { fromMs, untilMs, isInStep } = seen
  const slots = new Map<number, number>()
  let listed = 0
  let fastest = 0
  for (const times of calls) {
    const inTime = times.filter((atMs) => atMs >= fromMs && atMs < untilMs)
    if (inTime.length > 0) listed++
    // Over ten calls, as a second may hold the end of one load and the start of the next.
    for (let i = 10; i < inTime.length; i++) {
      fastest = Math.max(fastest, 10_000 / ((inTime[i] ?? 0) - (inTime[i - 10] ?? 0)))
    }
    for (const atMs of inTime) {
      if (isInStep && atMs - (inTime[0] ?? 0) >= FIRST_MS) continue
      const slot = Math.floor((atMs - fromMs) / SLOT_MS)
      slots.set(slot, (slots.get(slot) ?? 0) + 1)
    }
  }
  stage.reached('list-throttled', listed > PRODUCERS / 2 ? listed : 0)
  stage.expect('R57', fastest <= 1, `a producer lists ${fastest.toFixed(2)} times a second`)
  const together = Math.max(...slots.values())
  const most = isInStep ? MOST_IN_STEP : MOST_APART
  const told = `${together} of ${PRODUCERS} producers list within ${SLOT_MS} ms`
  stage.expect('R57', together <= most, told)
}

export const PRODUCER_SHARD_MAPS: readonly ProducerScenario[] = [
  {
    name: 'R57',
    about: '200 producers after a reshard, and no list for 5 minutes: they ask seldom, and spread',
    everySeeds: 100,
    play: throttledLists,
  },
]
