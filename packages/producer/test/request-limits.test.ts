import assert from 'node:assert/strict'
import { hashKeyOf, type kinesis, ServiceError } from '@millrace/core'
import { deaggregate, isAggregated } from '@millrace/core/aggregation'
import { sleep } from '@millrace/core/internal'
import { Producer, type ProducerOptions } from '@millrace/producer'
import { runInVirtualTime, SeededRandom, SimulatedKinesis } from '@millrace/testing'
import { RecordingClient } from './recording-client.ts'

const MIB = 1024 * 1024
const STREAM = 'orders'
interface Case {
  readonly what: string
  /** Together 10,000. */
  readonly requests: number
  /** The most records of one turn. */
  readonly burst: number
  readonly options: ProducerOptions
  readonly maxRecordKib: number
  readonly sizes: readonly number[]
  /** A split now and then: the map is stale for a while. */
  readonly splits: boolean
  /** The shards cannot be listed: nothing keeps requests small but their own limits. */
  readonly mapless?: boolean
}

const CASES: readonly Case[] = [
  {
    what: 'small records, aggregated',
    requests: 5000,
    burst: 300,
    options: { recordMaxBufferedTimeMs: 0 },
    maxRecordKib: 1024,
    sizes: [0, 1, 30, 200, 3000],
    splits: true,
  },
  {
    what: 'small records, alone',
    requests: 4500,
    burst: 700,
    options: { aggregation: false, recordMaxBufferedTimeMs: 5 },
    maxRecordKib: 1024,
    sizes: [0, 1, 30, 200],
    splits: true,
  },
  {
    what: 'records up to the limit of the stream, aggregates as large',
    requests: 300,
    burst: 60,
    options: {
      aggregation: { maxBytes: MIB },
      collection: { maxBytes: 10 * MIB },
      recordMaxBufferedTimeMs: 20,
    },
    maxRecordKib: 1024,
    sizes: [10, 40_000, 300_000, MIB - 8],
    splits: false,
  },
  {
    what: 'records up to 10 MiB',
    requests: 100,
    burst: 8,
    options: { collection: { maxBytes: 10 * MIB }, recordMaxBufferedTimeMs: 5 },
    maxRecordKib: 10_240,
    sizes: [10, 1000, 3 * MIB, 5 * MIB, 10 * MIB - 8],
    splits: false,
  },
  {
    what: 'records up to 10 MiB without a shard map',
    requests: 100,
    burst: 120,
    options: { collection: { maxBytes: 10 * MIB }, recordMaxBufferedTimeMs: 5 },
    maxRecordKib: 10_240,
    sizes: [10, 1000, 500_000, 700_000, 3 * MIB],
    splits: false,
    mapless: true,
  },
]

interface Counts {
  requests: number
  aggregates: number
  largest: number
  mostEntries: number
}

/** The ranges of all shards that were ever listed: an aggregate must lie in one of them. */
function rangesOf(service: SimulatedKinesis): readonly { start: bigint; end: bigint }[] {
  return service.shards(STREAM).map(({ HashKeyRange: { StartingHashKey, EndingHashKey } }) => ({
    start: BigInt(StartingHashKey),
    end: BigInt(EndingHashKey),
  }))
}

function checkRequest(
  { Records }: kinesis.PutRecordsInput,
  maxRecordBytes: number,
  ranges: readonly { start: bigint; end: bigint }[],
  counts: Counts,
): void {
  let bytes = 0
  for (const { Data, PartitionKey = '', ExplicitHashKey } of Records) {
    const recordBytes = Data.length + Buffer.byteLength(PartitionKey)
    assert.ok(recordBytes <= maxRecordBytes, `a record of ${recordBytes} bytes`)
    bytes += recordBytes
    if (!isAggregated(Data)) continue
    counts.aggregates++
    const record = {
      Data,
      PartitionKey,
      SequenceNumber: '1',
      ApproximateArrivalTimestamp: new Date(0),
    }
    const hashKeys = [...deaggregate(record)].map(({ partitionKey, explicitHashKey }) =>
      hashKeyOf(partitionKey ?? '', explicitHashKey),
    )
    hashKeys.push(BigInt(ExplicitHashKey ?? -1))
    const isOfOneShard = ranges.some(({ start, end }) =>
      hashKeys.every((hashKey) => hashKey >= start && hashKey <= end),
    )
    assert.ok(isOfOneShard, 'an aggregate mixes predicted shards')
  }
  assert.ok(Records.length >= 1 && Records.length <= 500, `${Records.length} entries`)
  assert.ok(bytes <= 10 * MIB, `a request of ${bytes} bytes`)
  counts.largest = Math.max(counts.largest, bytes)
  counts.mostEntries = Math.max(counts.mostEntries, Records.length)
}

async function capture(test: Case): Promise<Counts> {
  const counts: Counts = { requests: 0, aggregates: 0, largest: 0, mostEntries: 0 }
  await runInVirtualTime(async () => {
    const service = new SimulatedKinesis({ limits: false })
    await service.createStream({
      StreamName: STREAM,
      ShardCount: 3,
      MaxRecordSizeInKiB: test.maxRecordKib,
    })
    const client = new RecordingClient(service)
    let failure: unknown
    if (test.mapless) {
      const error = new ServiceError('ListShards', 'AccessDeniedException', 'no')
      const times = Number.POSITIVE_INFINITY
      service.injectFault({ operation: 'listShards', kind: 'fail', times, error })
    }
    const random = new SeededRandom(7, 'requests')
    client.putInstead = async (input, options) => {
      counts.requests++
      try {
        checkRequest(input, test.maxRecordKib * 1024, rangesOf(service), counts)
      } catch (error) {
        // Thrown, it would be a failure of the call, and tried again.
        failure ??= error
      }
      // Nothing is kept of large data; the answer is the one that the service would give.
      const dice = random.next()
      if (dice < 0.02) service.injectFault({ operation: 'putRecords', kind: 'lose-reply' })
      if (dice > 0.97) service.injectFault({ operation: 'putRecords', kind: 'throttle' })
      if (test.maxRecordKib === 1024 && test.sizes.length > 4) {
        return service.putRecords(input, options)
      }
      const Records = input.Records.map(({ ExplicitHashKey, Data }) => ({
        ExplicitHashKey,
        PartitionKey: 'k',
        Data: Data.subarray(0, 1),
      }))
      return service.putRecords({ ...input, Records }, options)
    }
    const producer = new Producer({
      stream: STREAM,
      client,
      logger: false,
      rateLimitPercent: 1_000_000,
      recordTtlMs: 600_000,
      maxBufferedBytes: 64 * MIB,
      ...test.options,
    })
    for (let turn = 0; counts.requests < test.requests; turn++) {
      const burst = Math.floor(random.next() ** 8 * test.burst) + 1
      for (let i = 0; i < burst; i++) {
        const size = test.sizes[Math.floor(random.next() ** 3 * test.sizes.length)] ?? 0
        const partitionKey = `k${Math.floor(random.next() * 100_000)}`
        producer.put({ partitionKey, data: new Uint8Array(size) }).catch((error: unknown) => {
          failure ??= error
        })
        if (size > 100_000) await sleep(1)
      }
      if (test.splits && turn % 300 === 299) await splitWidest(service)
      await sleep(Math.floor(random.next() * 30))
    }
    await producer.close()
    assert.ifError(failure)
  })
  return counts
}

async function splitWidest(service: SimulatedKinesis): Promise<void> {
  const [widest] = service
    .shards(STREAM)
    .filter(({ SequenceNumberRange: range }) => range.EndingSequenceNumber === undefined)
    .map(({ ShardId, HashKeyRange: { StartingHashKey, EndingHashKey } }) => {
      return { ShardId, start: BigInt(StartingHashKey), end: BigInt(EndingHashKey) }
    })
    .sort((a, b) => (a.end - a.start > b.end - b.start ? -1 : 1))
  if (widest === undefined) return
  await service.splitShard({
    StreamName: STREAM,
    ShardToSplit: widest.ShardId,
    NewStartingHashKey: ((widest.start + widest.end) / 2n + 1n).toString(),
  })
}

describe('10,000 captured requests (S19)', () => {
  for (const test of CASES) {
    it(`hold to the limits of the service: ${test.what}`, async () => {
      const counts = await capture(test)
      assert.ok(counts.requests >= test.requests)
      // The load does come close to the limits that are checked.
      if (test.options.aggregation === false) assert.equal(counts.mostEntries, 500)
      else if (test.mapless) assert.ok(counts.largest > 9 * MIB, `${counts.largest} bytes`)
      else assert.ok(counts.aggregates > 20, `${counts.aggregates} aggregates`)
      if (test.sizes.includes(10 * MIB - 8)) assert.ok(counts.largest > 10 * MIB - 1000)
    })
  }
})
