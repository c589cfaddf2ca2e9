import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { sleep } from '@millrace/core/internal'
import {
  PRODUCER_CHANNELS,
  Producer,
  type ProducerMetricName,
  type RecordSettleMessage,
  UserRecordFailedError,
  type UserRecordResult,
} from '@millrace/producer'
import { type Fault, runInVirtualTime, SimulatedKinesis } from '@millrace/testing'
import fc from 'fast-check'
import { RecordingClient } from './recording-client.ts'

const STREAM = 'orders'

const FAULT: fc.Arbitrary<Fault> = fc.record({
  operation: fc.constant('putRecords' as const),
  kind: fc.constantFrom('throttle', 'fail', 'lose-reply', 'delay') as fc.Arbitrary<Fault['kind']>,
  times: fc.integer({ min: 1, max: 8 }),
  shardId: fc.constantFrom(undefined, 'shardId-000000000000'),
  delayMs: fc.constantFrom(50, 400, 3000),
})

const STEP = fc.record({
  fault: fc.option(FAULT, { nil: undefined }),
  count: fc.integer({ min: 1, max: 60 }),
  bytes: fc.integer({ min: 0, max: 300 }),
  pauseMs: fc.constantFrom(0, 110, 1500),
})

type Outcome = UserRecordResult | UserRecordFailedError

function attemptsOf({ attempts }: Outcome): number {
  return attempts.reduce((sum, { folded = 1 }) => sum + folded, 0)
}

describe('metrics and diagnostics under any script of faults', () => {
  it('add up to what the promises say', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(STEP, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.nat(),
        async (steps, failIfThrottled, seed) => {
          const told: RecordSettleMessage[] = []
          const listener = (message: unknown): void => void told.push(message as never)
          subscribe(PRODUCER_CHANNELS.recordSettle, listener)
          try {
            await runInVirtualTime(
              async () => {
                const service = new SimulatedKinesis()
                await service.createStream({ StreamName: STREAM, ShardCount: 2 })
                const client = new RecordingClient(service)
                const producer = new Producer({
                  stream: STREAM,
                  client,
                  logger: false,
                  recordTtlMs: 4000,
                  failIfThrottled,
                })
                const outcomes: Promise<Outcome>[] = []
                let bytes = 0
                for (const { fault, count, bytes: size, pauseMs } of steps) {
                  if (fault !== undefined) service.injectFault(fault)
                  for (let i = 0; i < count; i++) {
                    const record = { partitionKey: `k${i}`, data: new Uint8Array(size) }
                    outcomes.push(
                      producer.put(record).then(
                        (result) => {
                          bytes += size
                          return result
                        },
                        (error) => {
                          assert.ok(error instanceof UserRecordFailedError)
                          return error
                        },
                      ),
                    )
                  }
                  await sleep(pauseMs)
                }
                await producer.close()
                compare(producer, await Promise.all(outcomes), bytes, client.requests.length, told)
              },
              { seed },
            )
          } finally {
            unsubscribe(PRODUCER_CHANNELS.recordSettle, listener)
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})

function compare(
  producer: Producer,
  outcomes: readonly Outcome[],
  storedBytes: number,
  requests: number,
  told: readonly RecordSettleMessage[],
): void {
  const metrics = producer.metrics()
  const value = (name: ProducerMetricName, what: 'count' | 'sum'): number =>
    metrics.find((metric) => metric.name === name && Object.keys(metric.dimensions).length === 0)?.[
      what
    ] ?? 0
  const failed = outcomes.filter((outcome) => outcome instanceof UserRecordFailedError)
  const expired = failed.filter(({ attempts }) => attempts.at(-1)?.error?.code === 'Expired')
  const stored = outcomes.length - failed.length
  const attempts = outcomes.reduce((sum, outcome) => sum + attemptsOf(outcome), 0)
  const delayMs = outcomes.flatMap((outcome) => outcome.attempts).reduce((s, a) => s + a.delayMs, 0)
  assert.equal(value('UserRecordsReceived', 'sum'), outcomes.length)
  assert.equal(value('UserRecordsPut', 'count'), outcomes.length)
  assert.equal(value('UserRecordsPut', 'sum'), stored)
  assert.equal(value('UserRecordsDataPut', 'count'), stored)
  assert.equal(value('UserRecordsDataPut', 'sum'), storedBytes)
  assert.equal(value('RetriesPerRecord', 'count'), outcomes.length)
  assert.equal(value('RetriesPerRecord', 'sum'), attempts - outcomes.length)
  assert.equal(value('UserRecordExpired', 'sum'), expired.length)
  assert.equal(value('BufferingTime', 'count'), attempts)
  assert.equal(value('BufferingTime', 'sum'), delayMs)
  assert.equal(value('RequestTime', 'count'), requests)
  assert.equal(value('KinesisRecordsPerPutRecordsRequest', 'count'), requests)
  assert.equal(
    value('UserRecordsPerKinesisRecord', 'sum'),
    value('UserRecordsPerPutRecordsRequest', 'sum'),
  )
  assert.equal(value('ErrorsByCode', 'sum'), value('AllErrors', 'sum'))
  assert.equal(
    value('KinesisRecordsPut', 'count') - value('KinesisRecordsPut', 'sum'),
    value('AllErrors', 'sum') - wholeRequestsFailed(producer),
  )
  assert.equal(told.length, outcomes.length)
  assert.equal(told.filter(({ errorCode }) => errorCode === undefined).length, stored)
  assert.equal(
    told.reduce((sum, message) => sum + message.attempts, 0),
    attempts,
  )
}

/** Those have no shard: they are counted for their stream alone. */
function wholeRequestsFailed(producer: Producer): number {
  let failed = 0
  for (const { dimensions, sum } of producer.metrics({ name: 'AllErrors' })) {
    if (dimensions['ShardId'] !== undefined) failed -= sum
    else if (dimensions['StreamName'] !== undefined) failed += sum
  }
  return failed
}
