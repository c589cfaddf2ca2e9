import assert from 'node:assert/strict'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { type Producer, type ProducerOptions, UserRecordFailedError } from '@millrace/producer'
import type { NotedRequest } from './recording-client.ts'
import { withProducer } from './virtual-producer.ts'

const MIB = 1024 * 1024
const WINDOW_MS = 5000

interface Sent {
  readonly atMs: number
  readonly records: number
  readonly bytes: number
}

function sentBy(requests: readonly NotedRequest[]): Sent[] {
  return requests.map(({ atMs, input: { Records } }) => ({
    atMs,
    records: Records.length,
    bytes: Records.reduce(
      (sum, { Data, PartitionKey = '' }) => sum + Data.length + Buffer.byteLength(PartitionKey),
      0,
    ),
  }))
}

/** The most in any 5 s, in proportion to what a shard takes in 5 s. */
function mostInWindow(sent: readonly Sent[], what: 'records' | 'bytes'): number {
  const limit = (what === 'records' ? 1000 : MIB) * (WINDOW_MS / 1000)
  let most = 0
  let sum = 0
  let from = 0
  for (const { atMs, [what]: amount } of sent) {
    sum += amount
    for (let first = sent[from]; first && first.atMs <= atMs - WINDOW_MS; first = sent[from]) {
      sum -= first[what]
      from++
    }
    most = Math.max(most, sum)
  }
  return most / limit
}

async function offer(producer: Producer, count: number, sizeOf: (i: number) => number) {
  const puts = Array.from({ length: count }, (_, i) =>
    producer.put({ partitionKey: `k${i}`, data: new Uint8Array(sizeOf(i)) }),
  )
  return Promise.all(puts)
}

describe('the limit of a shard at 100 percent (S20)', () => {
  const cases: readonly (readonly [
    what: string,
    options: ProducerOptions,
    count: number,
    sizeOf: (i: number) => number,
    bound: 'records' | 'bytes',
  ])[] = [
    ['aggregates of 50 KB', {}, 1500, () => 20_000, 'bytes'],
    ['small records, aggregation off', { aggregation: false }, 20_000, () => 10, 'records'],
    ['large records, aggregation off', { aggregation: false }, 200, () => 200_000, 'bytes'],
    [
      'records that borrow, aggregation off',
      { aggregation: false },
      60,
      (i) => (i % 3 === 0 ? 1_000_000 : 150_000),
      'bytes',
    ],
  ]
  for (const [what, options, count, sizeOf, bound] of cases) {
    it(`is used to 90 % at least and 105 % at most: ${what}`, () =>
      withProducer(
        1,
        { rateLimitPercent: 100, recordTtlMs: 600_000, maxBufferedBytes: 64 * MIB, ...options },
        async ({ client, producer }) => {
          let throttled = 0
          producer.on('throttled', () => throttled++)
          const startMs = monotonicMs()
          const results = await offer(producer, count, sizeOf)
          const sent = sentBy(client.requests)
          const seconds = (monotonicMs() - startMs) / 1000
          const total = sent.reduce((sum, request) => sum + request[bound], 0)
          const used = total / seconds / (bound === 'records' ? 1000 : MIB)
          assert.ok(seconds > WINDOW_MS / 1000, `${seconds} s`)
          assert.ok(used >= 0.9, `${used}`)
          const borrowed = what.includes('borrow') ? MIB / (5 * MIB) : 0
          const most = mostInWindow(sent, bound)
          assert.ok(most <= 1.05 + borrowed, `${most} of what the shard takes in 5 s`)
          assert.equal(throttled, 0)
          // What waits for the limit goes together, not in a request a record.
          assert.ok(sent.length <= 41 * seconds, `${sent.length} requests in ${seconds} s`)
          assert.ok(results.every(({ attempts }) => attempts.length === 1))
        },
      ))
  }

  it('lets a record of 10 MiB pass, and makes the others pay for it', () =>
    withProducer(
      1,
      { rateLimitPercent: 100, recordTtlMs: 600_000, maxRecordBytes: 10 * MIB },
      async ({ service, client, producer }) => {
        await service.createStream({
          StreamName: 'large',
          ShardCount: 1,
          MaxRecordSizeInKiB: 10_240,
        })
        const put = (bytes: number) =>
          producer.put({ stream: 'large', partitionKey: 'k', data: new Uint8Array(bytes) })
        await put(10 * MIB - 1)
        const startMs = monotonicMs()
        await put(1000)
        const waitedMs = monotonicMs() - startMs
        assert.ok(waitedMs > 9000 && waitedMs < 11_000, `${waitedMs} ms`)
        assert.ok(client.requests.every(({ input }) => input.Records.length === 1))
      },
    ))
})

describe('a record that expires while it is buffered', () => {
  it('tells of the wait as of an attempt, counted from its acceptance', () =>
    withProducer(
      1,
      { rateLimitPercent: 1, recordTtlMs: 3000, aggregation: false },
      async ({ client, producer }) => {
        await producer.put({ partitionKey: 'first', data: new Uint8Array(500_000) })
        await sleep(500)
        const requests = client.requests.length
        await assert.rejects(
          producer.put({ partitionKey: 'second', data: new Uint8Array(10) }),
          (error) => {
            assert.ok(error instanceof UserRecordFailedError)
            assert.deepEqual(
              error.attempts.map(({ delayMs, durationMs, error: why }) => [
                delayMs,
                durationMs,
                why?.code,
              ]),
              [[3000, 0, 'Expired']],
            )
            assert.match(error.attempts[0]?.error?.message ?? '', /recordTtlMs \(3000 ms\)/)
            return true
          },
        )
        assert.equal(client.requests.length, requests)
      },
    ))

  it('counts its TTL from acceptance, not from the end of its wait for room', () =>
    withProducer(
      1,
      { rateLimitPercent: 1, recordTtlMs: 2000, maxOutstandingRecords: 1, aggregation: false },
      async ({ service, producer }) => {
        service.injectFault({
          operation: 'putRecords',
          kind: 'fail',
          times: Number.POSITIVE_INFINITY,
        })
        const startMs = monotonicMs()
        const ends = await Promise.all(
          [1, 2, 3].map((i) =>
            producer.put({ partitionKey: `k${i}`, data: new Uint8Array(1) }).then(
              () => assert.fail('stored'),
              () => monotonicMs() - startMs,
            ),
          ),
        )
        assert.deepEqual(ends, [2000, 4000, 6000])
      },
    ))
})
