import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { storedUserRecords } from './stored-records.ts'
import { type Setting, STREAM, withProducer } from './virtual-producer.ts'

const OTHER = 'other'
const ROUNDS = 300
const PER_ROUND = 5
const OPTIONS = {
  maxOutstandingRecords: 1000,
  maxWaitingPuts: 2000,
  aggregation: { maxRecords: 20 },
} as const

interface Target {
  readonly stream: string
  readonly shardId: string
  readonly explicitHashKey: string
}

function targetsIn({ service }: Setting, stream: string): Target[] {
  return service.shards(stream).map(({ ShardId, HashKeyRange }) => ({
    stream,
    shardId: ShardId,
    explicitHashKey: HashKeyRange.StartingHashKey,
  }))
}

/** What shards store of what they are offered while some of them take nothing. */
async function storedShares(
  { service, producer }: Setting,
  targets: readonly Target[],
  stuck: readonly Target[],
): Promise<readonly number[]> {
  for (const { shardId } of stuck) {
    const times = Number.POSITIVE_INFINITY
    service.injectFault({ operation: 'putRecords', kind: 'throttle', shardId, times })
  }
  const data = new Uint8Array(100)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { stream, explicitHashKey } of targets) {
      for (let i = 0; i < PER_ROUND; i++) {
        producer.put({ stream, partitionKey: `k${i}`, explicitHashKey, data }).catch(() => {})
      }
    }
    await sleep(50)
  }
  const shares = targets
    .filter((target) => !stuck.includes(target))
    .map(({ stream, shardId }) => {
      const stored = storedUserRecords(service, stream).filter((each) => each.shardId === shardId)
      return stored.length / (ROUNDS * PER_ROUND)
    })
  producer.destroy()
  return shares
}

describe('shards that take nothing', () => {
  for (const stuck of [1, 5, 11]) {
    it(`hold up none of the others: ${stuck} of 12`, () =>
      withProducer(12, OPTIONS, async (setting) => {
        const targets = targetsIn(setting, STREAM)
        const shares = await storedShares(setting, targets, targets.slice(0, stuck))
        assert.equal(shares.length, 12 - stuck)
        assert.ok(Math.min(...shares) > 0.95, shares.join())
      }))
  }

  it('hold up no other stream of the producer', () =>
    withProducer(1, OPTIONS, async (setting) => {
      await setting.service.createStream({ StreamName: OTHER, ShardCount: 2 })
      // Its first shard has the id of the one that takes nothing.
      const targets = [...targetsIn(setting, STREAM), ...targetsIn(setting, OTHER).slice(1)]
      const shares = await storedShares(setting, targets, targets.slice(0, 1))
      assert.equal(shares.length, 1)
      assert.ok((shares[0] as number) > 0.95, shares.join())
    }))

  it('are waited for by flush() also when later records for other shards are on their way', () =>
    withProducer(2, { maxOutstandingRecords: 8 }, async (setting) => {
      const { service, client, producer } = setting
      const [stuck, other] = targetsIn(setting, STREAM) as [Target, Target]
      const put = ({ explicitHashKey }: Target) =>
        producer.put({ partitionKey: 'k', explicitHashKey, data: new Uint8Array(1) })
      const fault = service.injectFault({
        operation: 'putRecords',
        kind: 'throttle',
        shardId: stuck.shardId,
        times: Number.POSITIVE_INFINITY,
      })
      client.putInstead = async (input, options) => {
        const isSlow = input.Records.some((e) => e.ExplicitHashKey === other.explicitHashKey)
        if (isSlow) await sleep(20_000)
        return service.putRecords(input, options)
      }
      const held = [put(stuck), put(stuck)]
      await sleep(4000)
      let isStored = false
      const waiting = put(stuck).then(() => {
        isStored = true
      })
      const flushed = producer.flush()
      const later = put(other)
      await sleep(1000)
      fault.clear()
      await flushed
      assert.ok(isStored)
      await Promise.all([...held, waiting, later])
    }))

  it('do not make the others send small requests while flush() waits', () =>
    withProducer(2, { aggregation: { maxRecords: 10 } }, async (setting) => {
      const { service, client, producer } = setting
      const [stuck, other] = targetsIn(setting, STREAM) as [Target, Target]
      service.injectFault({
        operation: 'putRecords',
        kind: 'throttle',
        shardId: stuck.shardId,
        times: Number.POSITIVE_INFINITY,
      })
      const put = ({ explicitHashKey }: Target) => {
        const record = { partitionKey: 'k', explicitHashKey, data: new Uint8Array(10) }
        producer.put(record).catch(() => {})
      }
      put(stuck)
      await sleep(1000)
      const flushed = producer.flush()
      const before = client.requests.length
      for (let i = 0; i < 2000; i++) {
        put(other)
        await sleep(1)
      }
      // One each 120 ms, and those that feel the shard; one an aggregate would be 200.
      const requests = client.requests.length - before
      assert.ok(requests < 30, `${requests} requests`)
      producer.destroy()
      await flushed
    }))
})
