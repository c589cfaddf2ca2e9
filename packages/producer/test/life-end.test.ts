import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ServiceError } from '@millrace/core'
import { monotonicMs, nextTurn, sleep } from '@millrace/core/internal'
import { Producer, UserRecordFailedError } from '@millrace/producer'
import { SimulatedKinesis } from '@millrace/testing'
import { STREAM, withProducer } from './virtual-producer.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function putMany(producer: Producer, count: number): Promise<string>[] {
  return Array.from({ length: count }, (_, i) =>
    producer.put({ partitionKey: `k${i}`, data: Buffer.from(`${i}`) }).then(
      () => 'stored',
      (error: Error) => {
        assert.ok(error instanceof UserRecordFailedError)
        return 'failed'
      },
    ),
  )
}

/** A port at which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('close() on a dead transport', () => {
  it('settles all at its deadline and says how many and why, by code', () =>
    withProducer(
      2,
      { maxOutstandingRecords: 25, aggregation: false },
      async ({ client, producer, time }) => {
        await Promise.all(putMany(producer, 2))
        let calls = 0
        client.putInstead = async () => {
          calls++
          if (calls === 1) throw new ServiceError('PutRecords', 'ECONNREFUSED', 'nobody is there')
          return new Promise(() => {})
        }
        const outcomes = Promise.all(putMany(producer, 20))
        await sleep(150)
        const late = Promise.all(putMany(producer, 10))
        const startMs = monotonicMs()
        const report = await producer.close({ timeoutMs: 3000 })
        assert.equal(monotonicMs() - startMs, 3000)
        assert.deepEqual(report, { droppedRecords: 30, reasons: { ECONNREFUSED: 20, Closed: 10 } })
        assert.deepEqual(new Set([...(await outcomes), ...(await late)]), new Set(['failed']))
        assert.equal(producer.outstandingRecords, 0)
        assert.equal(producer.bufferedBytes, 0)
        await sleep(0)
        assert.equal(time.waitingEvents(), 0)
      },
    ))

  it('counts what never was sent as closed', () =>
    withProducer(1, { recordMaxBufferedTimeMs: 5000 }, async ({ service, producer }) => {
      service.injectFault({
        operation: 'putRecords',
        kind: 'delay',
        delayMs: Number.POSITIVE_INFINITY,
        times: Number.POSITIVE_INFINITY,
      })
      const outcomes = Promise.all(putMany(producer, 3))
      assert.deepEqual(await producer.close({ timeoutMs: 0 }), {
        droppedRecords: 3,
        reasons: { Closed: 3 },
      })
      await outcomes
    }))

  it('leaves no socket and no timer of its own: real sockets, nobody at the other end', async () => {
    const before = process.getActiveResourcesInfo()
    const outcomes: Promise<string>[] = []
    {
      await using producer = new Producer({
        stream: STREAM,
        region: 'eu-west-1',
        endpoint: `http://127.0.0.1:${await deadPort()}`,
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
        logger: false,
        recordTtlMs: 400,
        requestTimeoutMs: 100,
      })
      outcomes.push(...putMany(producer, 50))
    }
    assert.deepEqual(new Set(await Promise.all(outcomes)), new Set(['failed']))
    const closed = new Producer({
      stream: STREAM,
      region: 'eu-west-1',
      endpoint: `http://127.0.0.1:${await deadPort()}`,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      logger: false,
      // Half of it is waited for the shard map.
      recordTtlMs: 600,
    })
    const puts = putMany(closed, 50)
    const report = await closed.close({ timeoutMs: 500 })
    assert.equal(report.droppedRecords, 50)
    assert.deepEqual(Object.keys(report.reasons), ['ECONNREFUSED'])
    await Promise.all(puts)
    // Sockets end in the turns that follow.
    for (let i = 0; i < 100 && left(before).length > 0; i++) await sleep(5)
    assert.deepEqual(left(before), [])
  })
})

/** Resources of the process beyond those that were there. */
function left(before: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const name of before) counts.set(name, (counts.get(name) ?? 0) + 1)
  return process.getActiveResourcesInfo().filter((name) => {
    // The test's own sleep, and mocha's time-out.
    if (name === 'Timeout' || name === 'Immediate') return false
    const known = counts.get(name) ?? 0
    counts.set(name, known - 1)
    return known <= 0
  })
}

describe('10,000 producers that were used and closed (R63)', () => {
  /** What a producer may leave behind in the heap, on average; one that is kept takes over 20 KiB. */
  const MOST_LEFT_BYTES = 200
  const PRODUCERS = 10_000

  async function useAndClose(client: SimulatedKinesis, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const producer = new Producer({ stream: STREAM, client, logger: false })
      if (i % 25 === 0) {
        const put = producer.put({ partitionKey: 'k', data: new Uint8Array(100) })
        await producer.close()
        await put
      } else {
        await producer.close()
      }
    }
  }

  async function heapBytes(): Promise<number> {
    for (let i = 0; i < 3; i++) {
      collectGarbage()
      await new Promise<void>((resolve) => nextTurn(resolve))
    }
    return process.memoryUsage().heapUsed
  }

  it('leave the heap flat', async () => {
    const client = new SimulatedKinesis({ limits: false })
    await client.createStream({ StreamName: STREAM, ShardCount: 1 })
    client.putRecords = async ({ Records }) => ({
      FailedRecordCount: 0,
      Records: Records.map(() => ({ ShardId: 'shardId-000000000000', SequenceNumber: '1' })),
    })
    await useAndClose(client, PRODUCERS / 10)
    const before = await heapBytes()
    await useAndClose(client, PRODUCERS - PRODUCERS / 10)
    const leftBytes = (await heapBytes()) - before
    assert.ok(leftBytes < MOST_LEFT_BYTES * PRODUCERS, `${leftBytes} bytes`)
  })
})
