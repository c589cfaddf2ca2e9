/** R66 and S19: keys beyond ASCII, and sizes at the limits of the service. */
import { InvalidRecordError } from '@millrace/core'
import { isAggregated } from '@millrace/core/aggregation'
import { LIMITS, sleep } from '@millrace/core/internal'
import { STREAM } from '../fleet/names.ts'
import { oneOf } from '../regressions/small-fleet.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import type { ProducerStage } from './producer-stage.ts'
import type { WatchedOptions } from './watched-producer.ts'

/** One to four bytes each in UTF-8; some are two UTF-16 units, some change with normal forms. */
const CHARACTERS = [
  'a',
  'é',
  'ß',
  'e\u0301',
  'й',
  '東',
  '\u200d',
  '\uffff',
  '🛫',
  '𝔘',
  '\u0000',
] as const
const MOST_CHARACTERS = 256

function drawKey(stage: ProducerStage): string {
  const length = stage.random.next() < 0.1 ? MOST_CHARACTERS : stage.between(1, 24)
  const characters: string[] = []
  while (characters.length < length) characters.push(oneOf(stage.random, ...CHARACTERS))
  return Array.from(characters.join('')).slice(0, MOST_CHARACTERS).join('')
}

/** Every record lands in the shard that was predicted for it, hence is sent once. */
async function keysBeyondAscii(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  await stage.createStream(stage.between(3, 8))
  const maxRecordBytes = 2000
  const options: WatchedOptions = {
    mayFail: false,
    maxRecordBytes,
    aggregation: { maxBytes: stage.between(300, maxRecordBytes - 1) },
    maxBufferedBytes: stage.between(4000, 20_000),
  }
  let sentAgain = 0
  let tooLarge = 0
  await stage.run('producer', options, async (producer) => {
    for (let i = 0; i < 200; i++) {
      const key = drawKey(stage)
      const keyBytes = Buffer.byteLength(key, 'utf8')
      const bytes = random.next() < 0.2 ? maxRecordBytes - keyBytes : stage.between(5, 100)
      void producer.put(key, { bytes }).then((result) => {
        if ((result?.attempts.length ?? 0) > 1) sentAgain++
      })
      tooLarge += isRefused(producer.producer, key, maxRecordBytes - keyBytes + 1) ? 1 : 0
      if (random.next() < 0.2) await sleep(random.next() * 100)
    }
    await producer.flush()
  })
  stage.reached('record-a-byte-too-large', tooLarge)
  stage.expect(
    'R66',
    tooLarge === 200,
    `${200 - tooLarge} records that are too large were accepted`,
  )
  stage.expect('R66', sentAgain === 0, `${sentAgain} records were sent again`)
  stage.expect('R66', stage.strict.dropped === 0, 'an aggregate lies out of range')
  const stored = world.kinesis.records(STREAM).map(({ record }) => isAggregated(record.Data))
  stage.reached('aggregate', stored.filter((aggregated) => aggregated).length)
}

/** True when it is refused before it is accepted. */
function isRefused(
  producer: { tryPut(record: { partitionKey: string; data: Uint8Array }): boolean },
  partitionKey: string,
  bytes: number,
): boolean {
  try {
    producer.tryPut({ partitionKey, data: new Uint8Array(bytes) })
    return false
  } catch (cause) {
    if (!(cause instanceof InvalidRecordError)) throw cause
    return true
  }
}

/** Many small records, a few of the largest size, and those that fill a request to the byte. */
async function atTheLimits(stage: ProducerStage): Promise<void> {
  const { random } = stage
  const isLarge = random.next() < 0.5
  const most = isLarge ? LIMITS.recordLargestMaxBytes : LIMITS.recordDefaultMaxBytes
  await stage.createStream(stage.between(2, 3), isLarge ? { MaxRecordSizeInKiB: most / 1024 } : {})
  const options: WatchedOptions = {
    mayFail: false,
    rateLimitPercent: 1_000_000,
    recordTtlMs: 120_000,
    maxRecordBytes: most,
    aggregation: random.next() < 0.5 ? undefined : false,
    collection: { maxBytes: LIMITS.putRecordsMaxBytes },
    // Nothing leaves before a request is full.
    recordMaxBufferedTimeMs: 1000,
  }
  await stage.run('producer', options, async (producer) => {
    const key = '東'.repeat(80)
    for (let i = 0; i < 1200; i++) void producer.put(`k${i}`, { bytes: 10 })
    for (let i = 0; i < (isLarge ? 2 : 6); i++) {
      const bytes = i % 2 === 0 ? most : stage.between(most / 2, most)
      void producer.put(key, { bytes: bytes - Buffer.byteLength(key) })
      await sleep(random.next() * 300)
    }
    await producer.flush()
  })
  const { mostEntries, mostRequestBytes, mostRecordBytes } = stage.wire
  const isFull = mostEntries === LIMITS.putRecordsMaxEntries
  if (options.aggregation === false) stage.reached('request-of-most-entries', isFull ? 1 : 0)
  stage.reached('record-of-most-bytes', mostRecordBytes === most ? 1 : 0)
  stage.reached('large-request', mostRequestBytes)
}

export const PRODUCER_KEYS: readonly ProducerScenario[] = [
  {
    name: 'R66',
    about: 'keys beyond ASCII: predicted by the MD5 of their UTF-8, measured by its bytes',
    everySeeds: 10,
    play: keysBeyondAscii,
  },
  {
    name: 'at-the-limits',
    about: 'S19: records and requests as large as the service takes them, and no larger',
    everySeeds: 20,
    play: atTheLimits,
  },
]
