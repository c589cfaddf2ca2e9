import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { AbortedError, ClosedError, ServiceError } from '@millrace/core'
import { monotonicMs, nextTurn, sleep } from '@millrace/core/internal'
import { Producer, type ProducerOptions, UserRecordFailedError } from '@millrace/producer'
import { runInVirtualTime, SimulatedKinesis, type VirtualTime } from '@millrace/testing'
import { RecordingClient } from './recording-client.ts'

const STREAM = 'orders'

interface Setting {
  readonly service: SimulatedKinesis
  readonly client: RecordingClient
  readonly producer: Producer
  readonly time: VirtualTime
}

function withProducer(
  options: ProducerOptions,
  body: (setting: Setting) => Promise<void>,
): Promise<void> {
  return runInVirtualTime(async (time) => {
    const service = new SimulatedKinesis()
    await service.createStream({ StreamName: STREAM, ShardCount: 2 })
    const client = new RecordingClient(service)
    const producer = new Producer({ stream: STREAM, client, logger: false, ...options })
    await body({ service, client, producer, time })
    await producer.close()
  })
}

function putMany(producer: Producer, count: number): Promise<string>[] {
  return Array.from({ length: count }, (_, i) =>
    producer.put({ partitionKey: `k${i}`, data: Buffer.from(`${i}`) }).then(
      () => 'stored',
      (error: Error) => error.constructor.name,
    ),
  )
}

/** In a function of its own: no reference outlives the call. */
async function putAndAbort(
  producer: Producer,
  registry: FinalizationRegistry<undefined>,
): Promise<void> {
  const abort = new AbortController()
  const data = new Uint8Array(1000)
  registry.register(data, undefined)
  const put = producer.put({ partitionKey: 'a', data }, { signal: abort.signal })
  abort.abort()
  await put.catch(() => {})
}

/** No answer ever comes. */
function silence(service: SimulatedKinesis): void {
  service.injectFault({
    operation: 'putRecords',
    kind: 'delay',
    delayMs: Number.POSITIVE_INFINITY,
    times: Number.POSITIVE_INFINITY,
  })
}

describe('flush()', () => {
  it('resolves once every put before it has settled, without waiting for deadlines', () =>
    withProducer({ recordMaxBufferedTimeMs: 20_000 }, async ({ service, producer }) => {
      service.injectFault({ operation: 'putRecords', kind: 'fail', times: 1 })
      let settled = 0
      for (const put of putMany(producer, 300)) void put.then(() => settled++)
      const startMs = monotonicMs()
      await producer.flush()
      assert.equal(producer.outstandingRecords, 0)
      await sleep(0)
      assert.equal(settled, 300)
      assert.ok(monotonicMs() - startMs < 1000)
    }))

  for (const end of ['an answer', 'destroy()', 'destroy() before it']) {
    it(`resolves when who waits for a put before it has been told of its failure by ${end}`, () =>
      withProducer({}, async ({ client, producer }) => {
        client.putInstead = () =>
          Promise.reject(new ServiceError('PutRecords', 'AccessDeniedException', 'no'))
        let isTold = false
        const sequel = (async () => {
          try {
            await producer.put({ partitionKey: 'a', data: Buffer.from('a') })
          } catch {
            isTold = true
          }
        })()
        if (end === 'destroy() before it') producer.destroy()
        const flushed = producer.flush()
        if (end === 'destroy()') producer.destroy()
        await flushed
        assert.equal(isTold, true)
        await sequel
      }))
  }

  it('does not wait for puts that come after it', () =>
    withProducer({ recordMaxBufferedTimeMs: 20_000 }, async ({ producer }) => {
      const before = putMany(producer, 3)
      const flushed = producer.flush()
      await sleep(50)
      const after = putMany(producer, 2)
      await flushed
      assert.deepEqual(await Promise.all(before), ['stored', 'stored', 'stored'])
      assert.equal(producer.outstandingRecords, 2)
      await producer.flush()
      await Promise.all(after)
    }))

  it('waits for puts that wait for room themselves', () =>
    withProducer({ maxOutstandingRecords: 5 }, async ({ producer }) => {
      const outcomes = Promise.all(putMany(producer, 60))
      await producer.flush()
      assert.equal(producer.outstandingRecords, 0)
      assert.ok((await outcomes).every((outcome) => outcome === 'stored'))
    }))

  it('of one stream leaves the others alone', () =>
    withProducer({ recordMaxBufferedTimeMs: 20_000 }, async ({ service, producer }) => {
      await service.createStream({ StreamName: 'other', ShardCount: 1 })
      const other = producer.put({
        stream: 'other',
        partitionKey: 'a',
        data: Buffer.from('x'),
      })
      const here = putMany(producer, 1)
      await producer.flush({ stream: STREAM })
      assert.deepEqual(await Promise.all(here), ['stored'])
      assert.equal(producer.outstandingRecords, 1)
      await producer.flush()
      await other
    }))

  it('knows a stream by its ARN as well as by its name', () =>
    withProducer({ recordMaxBufferedTimeMs: 20_000 }, async ({ service, producer }) => {
      const { StreamDescriptionSummary } = await service.describeStreamSummary({
        StreamName: STREAM,
      })
      const arn = StreamDescriptionSummary.StreamARN
      const data = Buffer.from('x')
      const byArn = producer.put({ stream: arn, partitionKey: 'a', data })
      await producer.flush({ stream: STREAM })
      assert.equal(producer.outstandingRecords, 0)
      const byName = putMany(producer, 1)
      await producer.flush({ stream: { arn } })
      assert.equal(producer.outstandingRecords, 0)
      await Promise.all([byArn, ...byName])
    }))

  it('refuses a stream that cannot be', () =>
    withProducer({}, async ({ producer }) => {
      await assert.rejects(producer.flush({ stream: 'a b' }), {
        code: 'ERR_KINESIS_INVALID_OPTION',
      })
    }))

  it('ends with its signal, and the records go on', () =>
    withProducer({}, async ({ service, producer }) => {
      service.injectFault({ operation: 'putRecords', kind: 'delay', delayMs: 3000 })
      const put = producer.put({ partitionKey: 'a', data: Buffer.from('x') })
      const abort = new AbortController()
      const flushed = producer.flush({ signal: abort.signal })
      await sleep(500)
      abort.abort()
      await assert.rejects(flushed, { code: 'ERR_KINESIS_ABORTED' })
      await put
    }))
})

describe('put() with a signal', () => {
  it('leaves the line when its signal fires', () =>
    withProducer({ maxOutstandingRecords: 1 }, async ({ service, producer }) => {
      const first = putMany(producer, 1)
      const abort = new AbortController()
      const second = producer.put(
        { partitionKey: 'a', data: Buffer.from('never') },
        { signal: abort.signal },
      )
      const third = producer.put({ partitionKey: 'b', data: Buffer.from('x') })
      abort.abort()
      await assert.rejects(second, (error) => error instanceof AbortedError)
      await Promise.all([...first, third])
      assert.equal(service.records(STREAM).length, 2)
    }))

  it('was refused for want of room: its signal means nothing to the producer afterwards', () =>
    withProducer({ maxOutstandingRecords: 1, maxWaitingPuts: 0 }, async ({ producer }) => {
      const first = putMany(producer, 1)
      const abort = new AbortController()
      const refused = producer.put(
        { partitionKey: 'b', data: Buffer.from('never') },
        { signal: abort.signal },
      )
      await assert.rejects(refused, { code: 'ERR_KINESIS_BUFFER_FULL' })
      abort.abort()
      await Promise.all(first)
      assert.equal(producer.tryPut({ partitionKey: 'c', data: Buffer.from('x') }), true)
    }))

  it('holds nothing of its record once its signal has fired', async () => {
    let collected = 0
    const registry = new FinalizationRegistry(() => collected++)
    const client = new SimulatedKinesis()
    client.putRecords = () => new Promise(() => {})
    await client.createStream({ StreamName: STREAM, ShardCount: 1 })
    const producer = new Producer({
      stream: STREAM,
      client,
      logger: false,
      maxOutstandingRecords: 1,
    })
    const outcomes = putMany(producer, 2)
    for (let i = 0; i < 1000; i++) await putAndAbort(producer, registry)
    setFlagsFromString('--expose-gc')
    const gc: () => void = runInNewContext('gc')
    for (let round = 0; round < 20 && collected < 900; round++) {
      gc()
      await new Promise<void>((resolve) => nextTurn(resolve))
    }
    assert.ok(collected >= 900, `${collected} of 1000 were let go`)
    producer.destroy()
    await Promise.all(outcomes)
  })

  it('stops waiting for an accepted record, whose loss is told by "failed"', () =>
    withProducer({ recordTtlMs: 1000 }, async ({ service, producer }) => {
      service.injectFault({
        operation: 'putRecords',
        kind: 'fail',
        times: Number.POSITIVE_INFINITY,
      })
      const lost: string[] = []
      producer.on('failed', (record) => lost.push(record.partitionKey ?? ''))
      const abort = new AbortController()
      const put = producer.put(
        { partitionKey: 'a', data: Buffer.from('x') },
        { signal: abort.signal },
      )
      await sleep(200)
      abort.abort()
      await assert.rejects(put, { code: 'ERR_KINESIS_ABORTED' })
      assert.equal(producer.outstandingRecords, 1)
      await producer.flush()
      assert.deepEqual(lost, ['a'])
    }))
})

describe('close()', () => {
  it('stores what is buffered and leaves no timer behind', () =>
    withProducer({ recordMaxBufferedTimeMs: 20_000 }, async ({ producer, time }) => {
      const outcomes = Promise.all(putMany(producer, 100))
      const report = await producer.close()
      assert.equal(report.droppedRecords, 0)
      assert.ok((await outcomes).every((outcome) => outcome === 'stored'))
      await sleep(0)
      assert.equal(time.waitingEvents(), 0)
    }))

  it('never passes its deadline, fails what is left and says how much', () =>
    withProducer({ maxOutstandingRecords: 20 }, async ({ service, producer, time }) => {
      silence(service)
      const outcomes = Promise.all(putMany(producer, 30))
      await sleep(300)
      const startMs = monotonicMs()
      const report = await producer.close({ timeoutMs: 700 })
      assert.equal(monotonicMs() - startMs, 700)
      assert.equal(report.droppedRecords, 30)
      assert.ok((await outcomes).every((outcome) => outcome === UserRecordFailedError.name))
      await sleep(0)
      assert.equal(time.waitingEvents(), 0)
    }))

  it('is the same promise for all who call it', () =>
    withProducer({}, async ({ producer }) => {
      const outcomes = putMany(producer, 3)
      assert.equal(producer.close(), producer.close())
      await producer[Symbol.asyncDispose]()
      await Promise.all(outcomes)
    }))

  it('refuses a wrong deadline, and a later call closes', () =>
    withProducer({}, async ({ producer }) => {
      for (const timeoutMs of [Number.POSITIVE_INFINITY, -1]) {
        await assert.rejects(producer.close({ timeoutMs }), { code: 'ERR_KINESIS_INVALID_OPTION' })
      }
      const outcomes = Promise.all(putMany(producer, 3))
      assert.deepEqual(await producer.close(), { droppedRecords: 0, reasons: {} })
      assert.deepEqual(await outcomes, ['stored', 'stored', 'stored'])
    }))

  it('settles what is on its way when the transport dies during the flush', () =>
    withProducer({ recordTtlMs: 2000 }, async ({ service, producer }) => {
      const outcomes = Promise.all(putMany(producer, 200))
      service.injectFault({
        operation: 'putRecords',
        kind: 'lose-reply',
        times: Number.POSITIVE_INFINITY,
      })
      await producer.flush()
      assert.ok((await outcomes).every((outcome) => outcome === UserRecordFailedError.name))
    }))
})

describe('destroy()', () => {
  it('ends although a listener puts what was lost once more', () =>
    withProducer({}, async ({ producer }) => {
      const refusals: unknown[] = []
      let lost = 0
      producer.on('error', (error) => refusals.push(error))
      producer.on('failed', (record) => {
        if (++lost < 100) producer.tryPut(record)
      })
      for (let i = 0; i < 3; i++) producer.tryPut({ partitionKey: 'a', data: Buffer.from('x') })
      producer.destroy()
      assert.equal(lost, 3)
      assert.ok(refusals.every((error) => error instanceof ClosedError))
      assert.equal(refusals.length, 3)
    }))

  for (const answer of ['denied', 'stored'] as const) {
    it(`tells of a record once, though it is ${answer} by an answer that comes too late (S17)`, () =>
      withProducer({}, async ({ service, client, producer }) => {
        // A client of the user's own that heeds no signal.
        client.putInstead = async (input) => {
          await sleep(1000)
          if (answer === 'stored') return await service.putRecords(input)
          throw new ServiceError('PutRecords', 'AccessDeniedException', 'no')
        }
        const told: string[] = []
        producer.on('failed', (_record, error) => told.push(error.message))
        for (const partitionKey of ['a', 'b']) {
          producer.tryPut({ partitionKey, data: Buffer.from('x') })
        }
        await sleep(500)
        assert.ok(client.requests.length > 0, 'they are on their way')
        producer.destroy()
        await sleep(1000)
        assert.equal(told.length, 2)
        assert.ok(told.every((message) => message.includes('destroyed')))
        assert.equal(producer.outstandingRecords, 0)
        const [settled] = producer.metrics({ name: 'UserRecordsPut' })
        assert.deepEqual([settled?.count, settled?.sum], [2, 0])
      }))
  }

  it('wakes nobody with "drain": there is no room any more', () =>
    withProducer({ maxOutstandingRecords: 2 }, async ({ producer }) => {
      let drains = 0
      producer.on('drain', () => drains++)
      while (producer.tryPut({ partitionKey: 'a', data: Buffer.from('x') }));
      producer.destroy()
      await sleep(10)
      assert.equal(drains, 0)
    }))

  it('fails everything at once, with the reason, and leaves no timer', () =>
    withProducer({ maxOutstandingRecords: 10 }, async ({ service, producer, time }) => {
      silence(service)
      const reason = new Error('enough')
      const puts = Array.from({ length: 15 }, (_, i) =>
        producer.put({ partitionKey: `k${i}`, data: Buffer.from('x') }),
      )
      const checks = puts.map((put) =>
        assert.rejects(put, (error) => error instanceof Error && error.cause === reason),
      )
      await sleep(200)
      producer.destroy(reason)
      await Promise.all(checks)
      assert.equal(producer.outstandingRecords, 0)
      assert.deepEqual(await producer.close(), { droppedRecords: 15, reasons: { Closed: 15 } })
      await sleep(0)
      assert.equal(time.waitingEvents(), 0)
    }))
})
