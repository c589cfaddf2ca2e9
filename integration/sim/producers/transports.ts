/** R62, R65 and S18: a transport that dies, keys that cannot be had, answers that come late. */
import { type KinesisPort, kinesisFromSdk } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { inProcessKinesis, VIRTUAL_EPOCH_MS } from '@millrace/testing'
import { STREAM } from '../fleet/names.ts'
import { oneOf } from '../regressions/small-fleet.ts'
import type { ProducerScenario } from './producer-scenario.ts'
import type { ProducerStage } from './producer-stage.ts'
import type { WatchedOptions, WatchedProducer } from './watched-producer.ts'

function putSome(producer: WatchedProducer, count: number): void {
  for (let i = 0; i < count; i++) {
    if (i % 3 === 0) producer.tryPut(`key ${i}`)
    else void producer.put(`key ${i}`)
  }
}

const DEAD_MS = 600_000
/** Beyond the TTL of a record: its last request, and a turn. */
const LAST_REQUEST_MS = 6000 + 2000

/** Nothing gets through any more, one way or both, from somewhere in a flush on. */
async function deadTransport(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  await stage.createStream(stage.between(1, 3))
  const recordTtlMs = stage.between(5000, 30_000)
  const options: WatchedOptions = {
    recordTtlMs,
    fewestAttempts: 1,
    maxConnections: oneOf(random, 1, 3, 24),
    // Ten Kinesis records a second: a flush takes a while.
    rateLimitPercent: 1,
    aggregation: random.next() < 0.5 ? { maxRecords: 2 } : false,
    collection: { maxRecords: stage.between(1, 20) },
  }
  const lost = oneOf(random, 'requests', 'replies')
  const handle = stage.start('producer', options, async (producer) => {
    putSome(producer, 5)
    await producer.flush()
    putSome(producer, stage.between(40, 100))
    const beganMs = world.nowMs()
    // Before the first request, or while some are on their way.
    void sleep(stage.between(0, 800)).then(() => handle.disconnect('kinesis', DEAD_MS, lost))
    await producer.flush()
    const tookMs = world.nowMs() - beganMs
    const most = recordTtlMs + LAST_REQUEST_MS
    stage.expect('R62', tookMs <= most, `flush() took ${tookMs.toFixed(0)} ms`)
    await producer.end()
  })
  await stage.ended(handle)
  const failed = stage.ledger.puts.filter(({ settled }) => settled === 'failed').length
  stage.reached('failed-on-a-dead-transport', failed)
}

/** Answers that come when the TTL is over, and say that all was well. */
async function lateSuccess(stage: ProducerStage): Promise<void> {
  const { world } = stage
  await stage.createStream(1)
  const recordTtlMs = stage.between(1000, 3000)
  const options = { recordTtlMs, mayFail: false }
  await stage.run('producer', options, async (producer) => {
    putSome(producer, 5)
    await producer.flush()
    for (let round = 0; round < 3; round++) {
      const delayMs = recordTtlMs + stage.between(100, 2500)
      world.kinesis.injectFault({ operation: 'putRecords', kind: 'delay', delayMs })
      const beganMs = world.nowMs()
      putSome(producer, 10)
      await producer.flush()
      if (world.nowMs() - beganMs > recordTtlMs) world.count('late')
    }
  })
  stage.reached('late-success', world.counted('late'))
}

const KEY_LIFETIME_MS = 600_000
/** As the SDK asks for new keys: five minutes before they end. */
const KEYS_IN_USE_MS = KEY_LIFETIME_MS - 300_000

/** The provider of keys fails twice, at the start or when the first keys have run out. */
async function failingProvider(stage: ProducerStage): Promise<void> {
  const { world, random } = stage
  await stage.createStream(2)
  const failsAt = random.next() < 0.5 ? 0 : 1
  // The SDK's own, or whatever a provider of the user's throws.
  const name = oneOf(random, 'CredentialsProviderError', 'Error')
  let asked = 0
  let failed = 0
  const credentials = (): Promise<{
    accessKeyId: string
    secretAccessKey: string
    expiration: Date
  }> => {
    if (asked++ >= failsAt && failed < 2) {
      failed++
      return Promise.reject(Object.assign(new Error('no keys (simulated)'), { name }))
    }
    const expiration = new Date(VIRTUAL_EPOCH_MS + world.nowMs() + KEY_LIFETIME_MS)
    return Promise.resolve({ accessKeyId: 'simulated', secretAccessKey: 'simulated', expiration })
  }
  const service = { nowMs: () => Math.floor(VIRTUAL_EPOCH_MS + world.nowMs()) }
  const clients: { close(): void }[] = []
  const through = (port: KinesisPort): KinesisPort => {
    const client = kinesisFromSdk({
      ...{ region: 'us-east-1', credentials },
      requestHandler: inProcessKinesis(port, service),
    })
    clients.push(client)
    return client
  }
  // That the shards cannot be listed is said.
  const options: WatchedOptions = { through, mayFail: false, mayMeet: () => true }
  await stage.run('producer', options, async (producer) => {
    for (let round = 0; round < 4; round++) {
      putSome(producer, 20)
      await producer.flush()
      await sleep(round === 1 ? KEYS_IN_USE_MS + 60_000 : 40_000)
    }
    // As good as new: records of one shard share a Kinesis record again.
    const before = world.kinesis.records(STREAM).length
    putSome(producer, 40)
    await producer.flush()
    const stored = world.kinesis.records(STREAM).length - before
    stage.expect('R65', stored <= 4, `40 records became ${stored} Kinesis records`)
  })
  for (const client of clients) client.close()
  stage.reached('provider-failed', failed === 2 ? 1 : 0)
}

export const PRODUCER_TRANSPORTS: readonly ProducerScenario[] = [
  {
    name: 'R62',
    about: 'the transport dies during flush(): every promise settles, flush() and close() resolve',
    everySeeds: 10,
    play: deadTransport,
  },
  {
    name: 'R65',
    about:
      'a credential provider throws twice, then works: so does the producer, without a restart',
    everySeeds: 20,
    throughSdk: true,
    play: failingProvider,
  },
  {
    name: 'late-success',
    about: 'S18: an answer that comes when the TTL is over, and says stored, is believed',
    everySeeds: 20,
    play: lateSuccess,
  },
]
