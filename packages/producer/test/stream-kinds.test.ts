import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { InvalidRecordError, type KinesisPort, type kinesis, ServiceError } from '@millrace/core'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { Producer, type ProducerOptions } from '@millrace/producer'
import {
  runInVirtualTime,
  type SimulatedCreateStreamInput,
  SimulatedKinesis,
} from '@millrace/testing'
import { collectingLogger } from './collecting-logger.ts'
import { RecordingClient } from './recording-client.ts'
import { STREAM, withProducer } from './virtual-producer.ts'

const MIB = 1024 * 1024

interface Setting {
  readonly service: SimulatedKinesis
  readonly client: RecordingClient
  readonly producer: Producer
}

function withStream(
  stream: Omit<SimulatedCreateStreamInput, 'StreamName'>,
  options: ProducerOptions,
  body: (setting: Setting) => Promise<void>,
): Promise<void> {
  return runInVirtualTime(async () => {
    const service = new SimulatedKinesis()
    await service.createStream({ StreamName: STREAM, ...stream })
    const client = new RecordingClient(service)
    const producer = new Producer({ stream: STREAM, client, logger: false, ...options })
    await body({ service, client, producer })
    await producer.close()
    assert.equal(producer.outstandingRecords, 0)
  })
}

const AUTO = {
  StreamModeDetails: { StreamMode: 'ON_DEMAND' },
  RecordDistributionStrategy: 'AUTO',
} as const

function silent(ms: number) {
  return {
    operation: 'describeStreamSummary',
    kind: 'delay',
    delayMs: ms,
    times: Number.POSITIVE_INFINITY,
  } as const
}

function isMissingKey(error: unknown): true {
  assert.ok(error instanceof InvalidRecordError)
  assert.equal(error.field, 'partitionKey')
  return true
}

describe('a stream that places records by itself', () => {
  it('takes records without a key, and sends none, alone and without a shard limit', () =>
    withStream(AUTO, { rateLimitPercent: 1 }, async ({ service, client, producer }) => {
      const startMs = monotonicMs()
      const puts = Array.from({ length: 300 }, () => producer.put({ data: Buffer.from('x') }))
      await Promise.all(puts)
      assert.ok(monotonicMs() - startMs < 500)
      assert.equal(service.records(STREAM).length, 300)
      for (const { input } of client.requests) {
        for (const entry of input.Records) assert.deepEqual(Object.keys(entry), ['Data'])
      }
    }))

  it('takes keys too', () =>
    withStream(AUTO, {}, async ({ service, producer }) => {
      await producer.put({ partitionKey: 'k', data: Buffer.from('x') })
      assert.equal(service.records(STREAM)[0]?.record.PartitionKey, 'k')
    }))

  it('tells of a lost record without inventing a key', () =>
    withStream(AUTO, { failIfThrottled: true }, async ({ service, producer }) => {
      await producer.put({ data: Buffer.from('x') })
      const lost: unknown[] = []
      producer.on('failed', ({ partitionKey }) => lost.push(partitionKey))
      service.injectFault({ operation: 'putRecords', kind: 'throttle' })
      assert.equal(producer.tryPut({ data: Buffer.from('x') }), true)
      await producer.flush()
      assert.deepEqual(lost, [undefined])
    }))

  it('takes a stream of records without keys, from the first one on', () =>
    withStream(AUTO, {}, async ({ service, producer }) => {
      service.injectFault(silent(700))
      const records = Array.from({ length: 50 }, () => ({ data: Buffer.from('x') }))
      await pipeline(Readable.from(records), producer.writable())
      assert.equal(service.records(STREAM).length, 50)
    }))
})

describe('a record without a key', () => {
  it('is refused once the stream is known to need one', () =>
    withStream({ ShardCount: 2 }, {}, async ({ producer }) => {
      await assert.rejects(producer.put({ data: Buffer.from('x') }), isMissingKey)
      assert.throws(() => producer.tryPut({ data: Buffer.from('x') }), isMissingKey)
    }))

  it('is not taken by tryPut() while the stream is not known, and "drain" says when to try again', () =>
    withStream(AUTO, {}, async ({ producer }) => {
      assert.equal(producer.tryPut({ data: Buffer.from('x') }), false)
      await new Promise<void>((resolve) => producer.once('drain', resolve))
      assert.equal(producer.tryPut({ data: Buffer.from('x') }), true)
    }))

  it('is refused by tryPut() when the description cannot be had', () =>
    withStream(AUTO, {}, async ({ service, producer }) => {
      service.injectFault(silent(Number.POSITIVE_INFINITY))
      assert.equal(producer.tryPut({ data: Buffer.from('x') }), false)
      await new Promise<void>((resolve) => producer.once('drain', resolve))
      assert.throws(() => producer.tryPut({ data: Buffer.from('x') }), isMissingKey)
    }))

  it('waits 5 s for the description at most, and others do not wait for it', () =>
    withStream(AUTO, {}, async ({ service, producer }) => {
      service.injectFault(silent(Number.POSITIVE_INFINITY))
      const startMs = monotonicMs()
      const keyless = assert.rejects(producer.put({ data: Buffer.from('x') }), isMissingKey)
      await producer.put({ partitionKey: 'k', data: Buffer.from('x') })
      assert.ok(monotonicMs() - startMs < 1000)
      await keyless
      assert.equal(monotonicMs() - startMs, 5000)
    }))

  it('is waited for by flush(), and failed by close() at its deadline', () =>
    withStream(AUTO, {}, async ({ service, producer }) => {
      service.injectFault(silent(3000))
      const startMs = monotonicMs()
      const put = producer.put({ data: Buffer.from('x') })
      await producer.flush()
      assert.ok(monotonicMs() - startMs >= 3000)
      await put
    }))

  it('is told why when the description is denied', () =>
    withStream({ ShardCount: 1 }, {}, async ({ service }) => {
      service.injectFault({
        operation: 'describeStreamSummary',
        kind: 'fail',
        times: Number.POSITIVE_INFINITY,
        error: new ServiceError('DescribeStreamSummary', 'AccessDeniedException', 'no'),
      })
      const { logger, warnings } = collectingLogger()
      const producer = new Producer({ stream: STREAM, client: service, logger })
      await assert.rejects(producer.put({ data: Buffer.from('x') }), (error) => {
        isMissingKey(error)
        assert.match((error as InvalidRecordError).hint, /kinesis:DescribeStreamSummary/)
        return true
      })
      await producer.put({ partitionKey: 'k', data: Buffer.from('x') })
      await sleep(60_000)
      await producer.put({ partitionKey: 'k', data: Buffer.from('x') })
      assert.equal(warnings.length, 1)
      assert.match(warnings[0] ?? '', /kinesis:DescribeStreamSummary/)
      await producer.close()
    }))
})

describe('a stream whose record distribution changes', () => {
  /** Answers as the stream does now. */
  function switchable(client: RecordingClient, service: SimulatedKinesis) {
    const now = { distribution: 'USER_PARTITION_KEY' as 'AUTO' | 'USER_PARTITION_KEY' }
    client.describeStreamSummary = async (input, options) => {
      const { StreamDescriptionSummary } = await service.describeStreamSummary(input, options)
      return {
        StreamDescriptionSummary: {
          ...StreamDescriptionSummary,
          RecordDistributionStrategy: now.distribution,
        },
      }
    }
    let at = 0
    client.putInstead = (input, options) => {
      if (now.distribution === 'USER_PARTITION_KEY') return service.putRecords(input, options)
      const shards = service.shards(STREAM)
      const Records: kinesis.PutRecordsEntry[] = input.Records.map((entry) => ({
        ...entry,
        PartitionKey: entry.PartitionKey ?? 'none',
        ExplicitHashKey: shards[at++ % shards.length]?.HashKeyRange.StartingHashKey,
      }))
      return service.putRecords({ ...input, Records }, options)
    }
    return now
  }

  it('to AUTO: is followed by the wrong shards, and nothing is aggregated any more', () =>
    withProducer(4, {}, async ({ service, client, producer }) => {
      const now = switchable(client, service)
      await putMany(producer, 40)
      assert.ok(service.records(STREAM).length <= 4)
      now.distribution = 'AUTO'
      await putMany(producer, 200)
      await sleep(5000)
      const before = service.records(STREAM).length
      await putMany(producer, 200)
      assert.equal(service.records(STREAM).length - before, 200)
      await producer.put({ data: Buffer.from('x') })
    }))

  it('back to keys: is followed by a refusal, and records are aggregated again', () =>
    withProducer(4, {}, async ({ service, client, producer }) => {
      const now = switchable(client, service)
      now.distribution = 'AUTO'
      await producer.put({ data: Buffer.from('x') })
      now.distribution = 'USER_PARTITION_KEY'
      await assert.rejects(producer.put({ data: Buffer.from('x') }), /ValidationException/)
      await sleep(2000)
      await putMany(producer, 1)
      await sleep(2000)
      const before = service.records(STREAM).length
      await putMany(producer, 100)
      assert.ok(service.records(STREAM).length - before <= 4)
    }))
})

describe('a stream of another account', () => {
  it('is named by its ARN in every call, with the id if one is given', () =>
    withStream({ ShardCount: 1 }, {}, async ({ client, service }) => {
      const summary = await service.describeStreamSummary({ StreamName: STREAM })
      const { StreamARN } = summary.StreamDescriptionSummary
      const inputs: kinesis.StreamInput[] = []
      const producer = new Producer({
        stream: { arn: StreamARN, streamId: 'the-id' },
        logger: false,
        client: {
          ...portOf(client),
          putRecords: (input) => {
            inputs.push(input)
            return client.putRecords(input)
          },
          listShards: (input) => {
            inputs.push(input)
            return client.listShards(input)
          },
          describeStreamSummary: (input) => {
            inputs.push(input)
            return client.describeStreamSummary(input)
          },
        },
      })
      await producer.put({ partitionKey: 'k', data: Buffer.from('x') })
      assert.equal(inputs.length, 3)
      for (const input of inputs) {
        assert.equal(input.StreamARN, StreamARN)
        assert.equal(input.StreamId, 'the-id')
        assert.equal(input.StreamName, undefined)
      }
      await producer.close()
    }))
})

describe('the largest record of a stream', () => {
  it('is learned, before the first large record is judged', () =>
    withStream({ ShardCount: 1, MaxRecordSizeInKiB: 8192 }, {}, async ({ service, producer }) => {
      service.injectFault(silent(400))
      await producer.put({ partitionKey: 'k', data: new Uint8Array(8 * MIB - 1) })
      assert.equal(service.records(STREAM)[0]?.record.Data.length, 8 * MIB - 1)
      await assert.rejects(
        producer.put({ partitionKey: 'k', data: new Uint8Array(8 * MIB) }),
        (error) => {
          assert.ok(error instanceof InvalidRecordError)
          assert.match(error.message, /8388609 bytes.*limit is 8388608/)
          return true
        },
      )
    }))

  it('is the one of the option where that is given', () =>
    withStream(
      { ShardCount: 1, MaxRecordSizeInKiB: 8192 },
      { maxRecordBytes: 2 * MIB },
      async ({ producer }) => {
        await producer.put({ partitionKey: 'k', data: new Uint8Array(2 * MIB - 1) })
        await assert.rejects(
          producer.put({ partitionKey: 'k', data: new Uint8Array(2 * MIB) }),
          InvalidRecordError,
        )
      },
    ))

  it('is never more than the buffer holds: such a record would wait for ever', () =>
    withStream(
      { ShardCount: 1, MaxRecordSizeInKiB: 8192 },
      { maxBufferedBytes: 3 * MIB },
      async ({ producer }) => {
        const put = (bytes: number) =>
          producer.put({ partitionKey: 'k', data: new Uint8Array(bytes) })
        await assert.rejects(put(4 * MIB), InvalidRecordError)
        await put(3 * MIB - 1)
      },
    ))

  it('is 1 MiB where it cannot be asked for', () =>
    withStream({ ShardCount: 1, MaxRecordSizeInKiB: 8192 }, {}, async ({ service, producer }) => {
      service.injectFault({
        operation: 'describeStreamSummary',
        kind: 'fail',
        times: Number.POSITIVE_INFINITY,
        error: new ServiceError('DescribeStreamSummary', 'AccessDeniedException', 'no'),
      })
      await assert.rejects(
        producer.put({ partitionKey: 'k', data: new Uint8Array(2 * MIB) }),
        InvalidRecordError,
      )
    }))

  it('is asked for again, a minute after it could not be had', () =>
    withStream({ ShardCount: 1, MaxRecordSizeInKiB: 8192 }, {}, async ({ service, producer }) => {
      service.injectFault({ operation: 'describeStreamSummary', kind: 'throttle', times: 3 })
      const large = () => producer.put({ partitionKey: 'k', data: new Uint8Array(2 * MIB) })
      await assert.rejects(large(), InvalidRecordError)
      await sleep(70_000)
      await producer.put({ partitionKey: 'k', data: new Uint8Array(1) })
      await large()
    }))

  it('is asked for again as well while the producer never rests', () =>
    withStream({ ShardCount: 1, MaxRecordSizeInKiB: 8192 }, {}, async (setting) => {
      const { service, client, producer } = setting
      client.putInstead = async (input, options) => {
        await sleep(200)
        return service.putRecords(input, options)
      }
      service.injectFault({ operation: 'describeStreamSummary', kind: 'throttle', times: 3 })
      const puts: Promise<unknown>[] = []
      for (let i = 0; i < 2400; i++) {
        puts.push(producer.put({ partitionKey: 'k', data: new Uint8Array(1) }))
        await sleep(50)
        assert.ok(producer.outstandingRecords > 0)
      }
      await producer.put({ partitionKey: 'k', data: new Uint8Array(2 * MIB) })
      await Promise.all(puts)
    }))
})

function portOf(client: RecordingClient): KinesisPort {
  return {
    putRecords: (input, options) => client.putRecords(input, options),
    getRecords: (input, options) => client.getRecords(input, options),
    getShardIterator: (input, options) => client.getShardIterator(input, options),
    listShards: (input, options) => client.listShards(input, options),
    describeStreamSummary: (input, options) => client.describeStreamSummary(input, options),
  }
}

async function putMany(producer: Producer, count: number): Promise<void> {
  const puts = Array.from({ length: count }, (_, i) =>
    producer.put({ partitionKey: `k${i}`, data: Buffer.from(`${i}`) }),
  )
  await Promise.all(puts)
}
