import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import { textCodec } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { Producer, UserRecordFailedError } from '@millrace/producer'
import { runInVirtualTime, SimulatedKinesis } from '@millrace/testing'
import { RecordingClient } from './recording-client.ts'
import { placeOf, storedUserRecords } from './stored-records.ts'
import { putAll, STREAM, withProducer } from './virtual-producer.ts'

async function makeService(shards = 2): Promise<SimulatedKinesis> {
  const service = new SimulatedKinesis()
  await service.createStream({ StreamName: STREAM, ShardCount: shards })
  return service
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

describe('Producer', () => {
  it('packs the records of one shard into one Kinesis record and names each place', () =>
    runInVirtualTime(async () => {
      const service = await makeService()
      const producer = new Producer({ stream: STREAM, client: service })
      const results = await Promise.all(
        Array.from({ length: 1000 }, (_, i) =>
          producer.put({ partitionKey: `k${i}`, data: bytes(`${i}`) }),
        ),
      )
      assert.equal(service.records(STREAM).length, 2)
      const stored = new Map(storedUserRecords(service, STREAM).map((r) => [placeOf(r), r]))
      results.forEach((result, i) => {
        assert.equal(stored.get(placeOf(result))?.text, `${i}`)
        assert.equal(stored.get(placeOf(result))?.readable, true)
      })
      await producer.close()
    }))

  it('sends a lone record raw, after the buffered time and its extension', () =>
    runInVirtualTime(async () => {
      const service = await makeService()
      const producer = new Producer({ stream: STREAM, client: service })
      await producer.put({ partitionKey: 'warm', data: bytes('up') })
      const result = await producer.put({ partitionKey: 'a', data: bytes('x') })
      assert.deepEqual(result.attempts, [{ delayMs: 120, durationMs: 0 }])
      assert.equal(result.subSequenceNumber, 0)
      assert.deepEqual(service.records(STREAM).at(-1)?.record.Data, bytes('x'))
      await producer.close()
    }))

  it('knows the spellings of one ARN for one stream', () =>
    runInVirtualTime(async () => {
      const service = await makeService()
      const client = new RecordingClient(service)
      const { StreamDescriptionSummary } = await service.describeStreamSummary({
        StreamName: STREAM,
      })
      const arn = StreamDescriptionSummary.StreamARN
      const producer = new Producer({ stream: arn, client })
      for (const stream of [undefined, arn, { arn }, { arn, streamId: undefined }]) {
        await producer.put({ stream, partitionKey: 'k', data: bytes('x') })
      }
      assert.equal(client.listings.length, 1)
      await producer.close()
    }))

  it('encodes once when there is room, signal or not', () =>
    runInVirtualTime(async () => {
      let encoded = 0
      const producer = new Producer<string>({
        stream: STREAM,
        client: await makeService(),
        codec: {
          encode: (text) => {
            encoded++
            return bytes(text)
          },
          decode: (data) => Buffer.from(data).toString(),
        },
      })
      const { signal } = new AbortController()
      await producer.put({ partitionKey: 'k', data: 'x' }, { signal })
      assert.equal(encoded, 1)
      await producer.close()
    }))

  it('takes bytes of another realm, such as a test runner makes', () =>
    runInVirtualTime(async () => {
      const service = await makeService()
      const producer = new Producer({ stream: STREAM, client: service })
      const data: Uint8Array = runInNewContext('new Uint8Array([1, 2])')
      await producer.put({ partitionKey: 'k', data })
      assert.deepEqual([...(service.records(STREAM)[0]?.record.Data ?? [])], [1, 2])
      await Promise.all([1, 2, 3].map(() => producer.put({ partitionKey: 'k', data })))
      const stored = storedUserRecords(service, STREAM).map(({ text }) => text)
      assert.deepEqual(stored, Array(4).fill('\u0001\u0002'))
      await producer.close()
    }))

  it('sends in time when the TTL is hardly longer than the buffered time', () =>
    runInVirtualTime(async () => {
      const service = await makeService()
      for (const aggregation of [undefined, false] as const) {
        const producer = new Producer({
          stream: STREAM,
          client: service,
          recordTtlMs: 121,
          aggregation,
        })
        await producer.put({ partitionKey: 'warm', data: bytes('up') })
        const puts = Array.from({ length: 20 }, async (_, i) => {
          await sleep(i)
          return producer.put({ partitionKey: `k${i}`, data: bytes('x') })
        })
        for (const { attempts } of await Promise.all(puts)) assert.equal(attempts.length, 1)
        await producer.close()
      }
    }))

  it('makes no aggregate that is over the limit by its own partition key', () =>
    runInVirtualTime(async () => {
      const service = await makeService(1)
      const limit = 1024 * 1024
      const producer = new Producer({
        stream: STREAM,
        client: service,
        aggregation: { maxBytes: limit },
        rateLimitPercent: 1000,
      })
      // From what fits beside the first record to what does not.
      for (let spare = 56; spare >= 40; spare--) {
        await Promise.all([
          producer.put({ partitionKey: 'k', data: new Uint8Array(limit / 2) }),
          producer.put({ partitionKey: 'k', data: new Uint8Array(limit / 2 - spare) }),
        ])
        await sleep(2000)
      }
      const sizes = service
        .records(STREAM)
        .map(({ record: { Data, PartitionKey } }) => Data.length + (PartitionKey?.length ?? 0))
      assert.ok(Math.max(...sizes) <= limit)
      await producer.close()
    }))

  it('sends every record alone when aggregation is off, and still holds to the shard limit', () =>
    runInVirtualTime(async () => {
      const service = await makeService(1)
      const producer = new Producer({
        stream: STREAM,
        client: service,
        aggregation: false,
        rateLimitPercent: 100,
      })
      const puts = Array.from({ length: 2000 }, (_, i) =>
        producer.put({ partitionKey: `k${i}`, data: bytes('x') }),
      )
      const results = await Promise.all(puts)
      assert.equal(service.records(STREAM).length, 2000)
      assert.ok(results.every(({ attempts }) => attempts.length === 1))
      await producer.close()
    }))

  it('copies the data when it accepts the record', () =>
    runInVirtualTime(async () => {
      const service = await makeService()
      const producer = new Producer({ stream: STREAM, client: service })
      const data = bytes('before')
      const put = producer.put({ partitionKey: 'a', data })
      data.set(bytes('after!'))
      await put
      assert.deepEqual(service.records(STREAM)[0]?.record.Data, bytes('before'))
      await producer.close()
    }))

  it('copies the data also when the record leaves within the call', () =>
    withProducer(
      1,
      { aggregation: { maxRecords: 1 }, collection: { maxRecords: 1 } },
      async ({ service, client, producer }) => {
        await putAll(producer, 1, 'the map is there')
        client.putInstead = async (input) => {
          await sleep(1)
          return service.putRecords(input)
        }
        const data = bytes('before')
        const put = producer.put({ partitionKey: 'a', data })
        data.set(bytes('after!'))
        await put
        assert.deepEqual(service.records(STREAM)[1]?.record.Data, bytes('before'))
      },
    ))

  it('writes to the stream that a record names', () =>
    runInVirtualTime(async () => {
      const service = await makeService()
      await service.createStream({ StreamName: 'other', ShardCount: 1 })
      const producer = new Producer({ client: service })
      await Promise.all([
        producer.put({ stream: 'other', partitionKey: 'a', data: bytes('x') }),
        producer.put({ stream: STREAM, partitionKey: 'a', data: bytes('y') }),
      ])
      assert.equal(service.records('other').length, 1)
      assert.equal(service.records(STREAM).length, 1)
      await producer.close()
    }))

  it('encodes values and gives them back in "failed"', () =>
    runInVirtualTime(async () => {
      const service = await makeService()
      service.injectFault({ operation: 'putRecords', kind: 'throttle', times: 1 })
      const producer = new Producer<string>({
        stream: STREAM,
        client: service,
        codec: textCodec,
        failIfThrottled: true,
      })
      const lost: unknown[] = []
      producer.on('failed', (record, error) => {
        assert.ok(error instanceof UserRecordFailedError)
        lost.push(record)
      })
      assert.equal(producer.tryPut({ partitionKey: 'a', data: 'text' }), true)
      await producer.flush()
      assert.deepEqual(lost, [
        { stream: STREAM, partitionKey: 'a', explicitHashKey: undefined, data: 'text' },
      ])
      await producer.close()
    }))

  it('never sends more than 500 entries or 10 MiB in a request', () =>
    runInVirtualTime(async () => {
      const service = await makeService(4)
      await service.createStream({ StreamName: 'big', ShardCount: 4, MaxRecordSizeInKiB: 10_240 })
      const client = new RecordingClient(service)
      const producer = new Producer({
        stream: 'big',
        client,
        maxRecordBytes: 10 * 1024 * 1024,
        maxBufferedBytes: 400 * 1024 * 1024,
        recordTtlMs: 600_000,
        collection: { maxBytes: 10 * 1024 * 1024 },
      })
      const sizes = [10_485_700, 5_242_880, 5_242_870, 3_000_000, 1, 60_000, 51_000, 10_485_750]
      const puts = sizes.map((size, i) =>
        producer.put({ partitionKey: `key-${i}`, data: new Uint8Array(size) }),
      )
      const small = Array.from({ length: 600 }, (_, i) =>
        producer.put({ partitionKey: `k${i}`, data: new Uint8Array(52_000) }),
      )
      await Promise.all([...puts, ...small])
      for (const {
        input: { Records },
      } of client.requests) {
        const size = Records.reduce(
          (sum, { Data, PartitionKey }) =>
            sum + Data.length + Buffer.byteLength(PartitionKey ?? ''),
          0,
        )
        assert.ok(size <= 10 * 1024 * 1024, `${size} bytes`)
        assert.ok(Records.length <= 500)
      }
      await producer.close()
    }))

  it('knows how old its oldest record is', () =>
    runInVirtualTime(async () => {
      const service = await makeService()
      const producer = new Producer({
        stream: STREAM,
        client: service,
        recordMaxBufferedTimeMs: 5000,
      })
      assert.equal(producer.oldestRecordAgeMs, 0)
      const first = producer.put({ partitionKey: 'a', data: bytes('x') })
      await sleep(1000)
      const second = producer.put({ partitionKey: 'b', data: bytes('y') })
      await sleep(500)
      assert.equal(producer.outstandingRecords, 2)
      assert.equal(producer.oldestRecordAgeMs, 1500)
      await producer.flush()
      await Promise.all([first, second])
      assert.equal(producer.oldestRecordAgeMs, 0)
      await producer.close()
    }))

  it('spells the entries as KPL does', () =>
    runInVirtualTime(async () => {
      const service = await makeService(1)
      const client = new RecordingClient(service)
      const producer = new Producer({ stream: STREAM, client })
      await producer.put({ partitionKey: 'abcd', data: bytes('x') })
      await producer.put({ partitionKey: 'abcd', explicitHashKey: ' 007', data: bytes('x') })
      await Promise.all([
        producer.put({ partitionKey: 'a', data: bytes('x') }),
        producer.put({ partitionKey: 'a', data: bytes('yz') }),
      ])
      const entries = client.requests.map(({ input }) => input.Records[0])
      assert.deepEqual(
        entries.map((entry) => [entry?.PartitionKey, entry?.ExplicitHashKey]),
        [
          ['abcd', '301716283811389038011477436469853762335'],
          ['abcd', '7'],
          ['a', '16955237001963240173058271559858726497'],
        ],
      )
      assert.equal(
        Buffer.from(entries[2]?.Data ?? []).toString('hex'),
        'f3899ac20a01611a0508001a01781a0608001a02797a0a4448cfabc0bb73fd5401aa8540e421',
      )
      await producer.close()
    }))

  it('leaves no timer when it has nothing to do, even unclosed', () =>
    runInVirtualTime(async (time) => {
      const service = await makeService(1)
      const producer = new Producer({ stream: STREAM, client: service })
      await producer.put({ partitionKey: 'a', data: bytes('x') })
      await sleep(0)
      assert.equal(time.waitingEvents(), 0)
      await producer.close()
    }))
})
