import assert from 'node:assert/strict'
import { type Logger, ServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { Producer, type ProducerOptions } from '@millrace/producer'
import { runInVirtualTime, SimulatedKinesis, type VirtualTime } from '@millrace/testing'
import { RecordingClient } from './recording-client.ts'

const STREAM = 'orders'

interface LoggedLoss {
  readonly records: number
}

interface Setting<T> {
  readonly producer: Producer<T>
  readonly client: RecordingClient
  readonly losses: readonly LoggedLoss[]
  readonly time: VirtualTime
}

/** The service denies every write. */
function withDenied<T>(
  options: ProducerOptions<T>,
  body: (setting: Setting<T>) => Promise<void>,
): Promise<void> {
  return runInVirtualTime(async (time) => {
    const service = new SimulatedKinesis()
    await service.createStream({ StreamName: STREAM, ShardCount: 1 })
    const client = new RecordingClient(service)
    client.putInstead = async () => {
      await sleep(50)
      throw new ServiceError('PutRecords', 'AccessDeniedException', 'no')
    }
    const losses: LoggedLoss[] = []
    const ignore = (): void => {}
    const logger: Logger = {
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (fields, message) => {
        if (/were lost/.test(message)) losses.push(fields as LoggedLoss)
      },
    }
    const producer = new Producer<T>({ stream: STREAM, client, logger, ...options })
    await body({ producer, client, losses, time })
    await producer.close()
  })
}

function record(i: number) {
  return { partitionKey: `k${i}`, data: Buffer.from('x') }
}

describe('records lost while nobody listens to "failed"', () => {
  it('are all told in the log within a second, though seldom', () =>
    withDenied({ aggregation: false }, async ({ producer, losses, time }) => {
      for (let i = 0; i < 2000; i++) producer.tryPut(record(i))
      await sleep(10_000)
      assert.equal(producer.outstandingRecords, 0)
      const told = losses.reduce((sum, { records }) => sum + records, 0)
      assert.equal(told, 2000)
      assert.ok(losses.length < 5, `${losses.length} lines`)
      await producer.close()
      await sleep(0)
      assert.equal(time.waitingEvents(), 0)
    }))
})

describe('records lost that a codec cannot turn back', () => {
  it('are counted in the log; "error" tells why, not once a record', () =>
    withDenied<string>(
      {
        codec: {
          encode: (text) => Buffer.from(text),
          decode: () => {
            throw new Error('encode only')
          },
        },
      },
      async ({ producer, losses }) => {
        const errors: Error[] = []
        producer.on('error', (error) => errors.push(error))
        producer.on('failed', () => assert.fail('there is no record to tell of'))
        for (let i = 0; i < 2000; i++) producer.tryPut({ partitionKey: `k${i}`, data: 'x' })
        await sleep(10_000)
        const told = losses.reduce((sum, { records }) => sum + records, 0)
        assert.equal(told, 2000)
        assert.ok(errors.length >= 1 && errors.length < 5, `${errors.length} events`)
        assert.equal(errors[0]?.message, 'encode only')
      },
    ))
})

describe('records of a writable() that was destroyed', () => {
  it('are told by "failed": the stream tells of the first loss only', () =>
    withDenied({ aggregation: false }, async ({ producer }) => {
      const lost = new Set<string>()
      producer.on('failed', ({ partitionKey }) => lost.add(partitionKey ?? ''))
      const writable = producer.writable({ highWaterMark: 1000 })
      const errors: Error[] = []
      writable.on('error', (error) => errors.push(error))
      for (let i = 0; i < 500; i++) writable.write(record(i))
      await sleep(10_000)
      assert.equal(errors.length, 1)
      assert.equal(lost.size, 499)
    }))
})
