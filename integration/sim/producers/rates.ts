/** R61 and S20: puts faster than the limit, the rate that leaves then, and back-off. */
import { LIMITS, sleep } from '@millrace/core/internal'
import type { Attempt } from '@millrace/producer'
import { SendRate } from '../checkers/send-rate.ts'
import { STREAM } from '../fleet/names.ts'
import { oneOf } from '../regressions/small-fleet.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import type { ProducerStage } from './producer-stage.ts'
import type { WatchedProducer } from './watched-producer.ts'

const OVERLOAD_MS = 600_000
const EAGER_MS = 120_000
const OVERLOAD_BYTES = 4000
const TIMES_THE_LIMIT = 10
/** More than the buffer holds. */
const PATIENT = 150
const KEYS = 50

/** What leaves later than that it was let go is in the window of others: of 5 s this much. */
const MOST_SHARE = 1.05
const LEAST_SHARE = 0.9
const WINDOW_MS = 5000

/**
 * Ten minutes at ten times the limit. The limit is a small one of the producer's own: what counts is
 * how many times it is exceeded.
 */
async function overload(stage: ProducerStage): Promise<void> {
  const { world } = stage
  await stage.createStream(1)
  const percent = stage.between(1, 2)
  const bytesPerMs = (LIMITS.shardWriteBytesPerSecond * percent) / 100_000
  const options = {
    rateLimitPercent: percent,
    maxRecordBytes: 5000,
    aggregation: { maxBytes: 5000 - 1 },
    maxOutstandingRecords: stage.between(20, 140),
    maxBufferedBytes: stage.between(20_000, 400_000),
    fewestAttempts: 1,
  }
  let refused = 0
  let mostWaiting = 0
  await stage.run('producer', options, async (producer, { random }) => {
    const everyMs = OVERLOAD_BYTES / (bytesPerMs * TIMES_THE_LIMIT)
    const key = (): string => `key ${Math.floor(random.next() * KEYS)}`
    // First those that are told when there is no room, then those that wait for it.
    for (const untilMs = world.nowMs() + EAGER_MS; world.nowMs() < untilMs; ) {
      if (!producer.tryPut(key(), { bytes: OVERLOAD_BYTES })) refused++
      await sleep(everyMs)
    }
    const untilMs = world.nowMs() + OVERLOAD_MS - EAGER_MS
    const patient = Array.from({ length: PATIENT }, async () => {
      while (world.nowMs() < untilMs) await producer.put(key(), { bytes: OVERLOAD_BYTES })
    })
    await Promise.all(patient)
    mostWaiting = producer.held.mostWaiting
    await producer.flush()
  })
  stage.reached('put-had-to-wait', mostWaiting)
  stage.reached('try-put-refused', refused)
  const acked = stage.ledger.puts.filter(({ settled }) => settled === 'acked').length
  const share = (acked * OVERLOAD_BYTES) / (OVERLOAD_MS * bytesPerMs)
  stage.expect('R61', share > LEAST_SHARE, `${(share * 100).toFixed(0)} % of the limit were stored`)
}

/** Keeps the buffer full. */
async function pour(
  producer: WatchedProducer,
  { bytes, isOver }: { readonly bytes: number; readonly isOver: () => boolean },
): Promise<void> {
  for (let i = 0; !isOver(); ) {
    if (producer.tryPut(`key ${i % 200}`, { bytes })) i++
    else await sleep(20)
  }
}

const POURED_MS = 11_000
/** The buckets are full at the start. */
const FILLED_MS = 1000

/** At 100 % a healthy shard gets what it takes, and hardly more. */
async function ownRate(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  const shards = stage.between(1, 2)
  await stage.createStream(shards)
  // Records of a shard, or its bytes, in aggregates or alone.
  const kind = oneOf(random, 'count', 'bytes', 'aggregates')
  const bytes = kind === 'count' ? 60 : kind === 'bytes' ? 20_000 : 9000
  const rate = new SendRate({ nowMs: () => world.nowMs(), shards: () => stage.openShards() })
  const options = {
    rateLimitPercent: 100,
    aggregation: kind === 'aggregates' ? undefined : (false as const),
    maxOutstandingRecords: 2000,
    maxBufferedBytes: 4_000_000,
    mayFail: false,
    through: rate.watched.bind(rate),
  }
  const untilMs = world.nowMs() + POURED_MS
  await stage.run('producer', options, async (producer) => {
    await pour(producer, { bytes, isOver: () => world.nowMs() >= untilMs })
    await producer.flush()
  })
  const rates = rate.rates(FILLED_MS, untilMs, WINDOW_MS)
  stage.reached('shard-filled', rates.length === shards ? 1 : 0)
  for (const { shardId, ...found } of rates) {
    const share = Math.max(
      found.recordsPerSecond / LIMITS.shardWriteRecordsPerSecond,
      found.bytesPerSecond / LIMITS.shardWriteBytesPerSecond,
    )
    const most = Math.max(
      found.mostRecordsPerSecond / LIMITS.shardWriteRecordsPerSecond,
      found.mostBytesPerSecond / LIMITS.shardWriteBytesPerSecond,
    )
    const told = `${shardId} gets ${(share * 100).toFixed(1)} % of what it takes`
    stage.expect('S20', share >= LEAST_SHARE, told)
    const window = `${shardId} gets ${(most * 100).toFixed(1)} % of what it takes within 5 s`
    stage.expect('S20', most <= MOST_SHARE, window)
  }
}

const FAILING_MS = 40_000
const CAP_MS = 5000
const FIRST_MS = 100
/** A record that is tried again may wait for company: half of the usual time, and in a request. */
const COMPANY_MS = 120

/** Every call fails for a while: tries get rarer, up to the cap, and spread. */
async function backOff(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  await stage.createStream(1)
  const options = { aggregation: false as const, recordTtlMs: 120_000, mayFail: false }
  const fault = world.kinesis.injectFault({
    ...{ operation: 'putRecords', kind: oneOf(random, 'fail', 'lose-reply'), streamName: STREAM },
    times: Number.POSITIVE_INFINITY,
  })
  const pauses: { readonly delayMs: number; readonly boundMs: number }[] = []
  const handle = stage.start('producer', options, async (producer, own) => {
    const puts = Array.from({ length: 30 }, async (_, i) => {
      await sleep(own.random.next() * 1000)
      const { attempts = [] } = (await producer.put(`key ${i}`)) ?? {}
      pauses.push(...pausesOf(attempts))
    })
    await Promise.all(puts)
  })
  await world.sleep(FAILING_MS)
  fault.clear()
  await stage.ended(handle)
  // Of the longer ones: company says little there.
  const shares = pauses
    .filter(({ boundMs }) => boundMs >= 1600)
    .map(({ delayMs, boundMs }) => delayMs / boundMs)
  stage.reached('back-off', shares.length >= 100 ? shares.length : 0)
  const longest = Math.max(...pauses.map(({ delayMs }) => delayMs))
  stage.expect('S20', longest <= CAP_MS + COMPANY_MS, `backs off for ${longest} ms`)
  const early = pauses.filter(({ delayMs, boundMs }) => delayMs > boundMs + COMPANY_MS).length
  stage.expect('S20', early === 0, `${early} pauses are longer than twice the one before`)
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  const isSpread = mean > 0.4 && mean < 0.65 && shares.some((share) => share < 0.2)
  stage.expect('S20', isSpread, `pauses are ${mean.toFixed(2)} of what they may be: no full jitter`)
}

/** Before each try but the first. */
function pausesOf(
  attempts: readonly Attempt[],
): readonly { readonly delayMs: number; readonly boundMs: number }[] {
  return attempts.slice(1).flatMap(({ delayMs, folded }, i) => {
    if (folded !== undefined) return []
    return [{ delayMs, boundMs: Math.min(CAP_MS, FIRST_MS * 2 ** i) }]
  })
}

export const PRODUCER_RATES: readonly ProducerScenario[] = [
  {
    name: 'R61',
    about: 'ten times the limit for ten minutes: memory stays bounded, put() waits, all settle',
    everySeeds: 50,
    play: overload,
  },
  {
    name: 'own-rate',
    about: 'S20: at 100 % a healthy shard gets 90 to 105 % of what it takes',
    everySeeds: 20,
    play: ownRate,
  },
  {
    name: 'back-off',
    about: 'S20: calls that fail are repeated with full jitter, 5 s apart at most',
    everySeeds: 20,
    play: backOff,
  },
]
