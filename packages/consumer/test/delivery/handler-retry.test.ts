import assert from 'node:assert/strict'
import type { Logger } from '@millrace/core'
import { silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { CallFailures, type FailedCall } from '../../src/delivery/call-failures.ts'
import { HandlerRetry } from '../../src/delivery/handler-retry.ts'
import { HandlerFailedError } from '../../src/errors.ts'
import type { ConsumerRecord } from '../../src/record.ts'
import type { HandlerFailure, OnHandlerError } from '../../src/record-processor.ts'
import { ShardHalt } from '../../src/shard/shard-halt.ts'
import { checkedMeter } from '../metrics/checked-meter.ts'

const RAW: ConsumerRecord = {
  data: Buffer.from('no text'),
  partitionKey: 'k',
  explicitHashKey: undefined,
  sequenceNumber: '7',
  subSequenceNumber: 0,
  approximateArrivalTimestamp: new Date(0),
  aggregated: false,
}

function judging(
  onHandlerError: OnHandlerError<string>,
  random = 0.5,
  metrics = new Map<string, number>(),
): {
  readonly halt: ShardHalt
  readonly logged: object[]
  readonly emitted: unknown[]
  judge(
    failed: number | FailedCall<string>,
    skipping?: 'may-skip' | 'never-skip',
  ): Promise<'retry' | 'skip'>
} {
  const halt = new ShardHalt(new AbortController().signal)
  const logged: object[] = []
  const emitted: unknown[] = []
  const logger: Logger = { ...silentLogger, error: (fields) => void logged.push(fields) }
  const retry = new HandlerRetry<string>({
    stream: 'flights',
    shardId: 'shard',
    onHandlerError,
    halt,
    emit: (name, ...args) => emitted.push(name, ...args),
    logger,
    metrics: checkedMeter(metrics),
    random: { next: () => random, uuid: () => '' },
  })
  const error = new Error('broken')
  return {
    halt,
    logged,
    emitted,
    judge: (failed, skipping) =>
      retry.judge(
        typeof failed === 'number'
          ? { error, firstError: error, attempts: failed, records: [] }
          : failed,
        skipping,
      ),
  }
}

describe('HandlerRetry', () => {
  it('backs off from 200 ms to 30 s, doubling, with full jitter', () =>
    runInVirtualTime(async (time) => {
      const waits: number[] = []
      const { judge } = judging('retry')
      for (let attempts = 1; attempts <= 12; attempts++) {
        const before = time.elapsedMs()
        assert.equal(await judge(attempts), 'retry')
        waits.push(Math.round(time.elapsedMs() - before))
      }
      // Half of each bound, as the random source says.
      assert.deepEqual(
        waits,
        [100, 200, 400, 800, 1600, 3200, 6400, 12800, 15000, 15000, 15000, 15000],
      )
    }))

  it('ends the wait when the shard is halted', () =>
    runInVirtualTime(async (time) => {
      const { judge, halt } = judging('retry', 1)
      const verdict = judge(20)
      await sleep(100)
      halt.requestStop()
      assert.equal(await verdict, 'retry')
      assert.ok(time.elapsedMs() < 200)
    }))

  it('tells of every failure, and logs the first, second, fourth and so on', () =>
    runInVirtualTime(async () => {
      const { judge, logged, emitted } = judging('retry')
      for (let attempts = 1; attempts <= 9; attempts++) await judge(attempts)
      assert.equal(emitted.filter((name) => name === 'handlerFailed').length, 9)
      assert.deepEqual(
        logged.map((fields) => (fields as { attempts: number }).attempts),
        [1, 2, 4, 8],
      )
    }))

  it('throws for stop, with the cause', async () => {
    const { judge } = judging('stop')
    await assert.rejects(judge(3), (error) => {
      assert.ok(error instanceof HandlerFailedError)
      assert.match(error.message, /3 time/)
      assert.match(String(error.cause), /broken/)
      return true
    })
  })

  it('asks a function each time, and hides the records from whoever prints the failure', async () => {
    let asked: HandlerFailure<string> | undefined
    const { judge } = judging(async (failure) => {
      asked = failure
      return failure.attempts < 2 ? 'retry' : 'skip'
    })
    assert.equal(await judge(2), 'skip')
    assert.deepEqual(asked?.records, [])
    assert.equal(Object.keys(asked ?? {}).includes('records'), false)
  })

  it('tells of the first error beside the last, and of the record that no codec read, which no log prints', async () => {
    const told: HandlerFailure<string>[] = []
    const metrics = new Map<string, number>()
    const { judge } = judging(
      (failure) => {
        told.push(failure)
        return 'skip'
      },
      0.5,
      metrics,
    )
    const failures = new CallFailures()
    const [first, last] = [new Error('first'), new Error('last')]
    await judge(failures.failed<string>(first, []))
    await judge(failures.failed<string>(last, [], RAW))
    assert.deepEqual(
      told.map(({ firstError, error, attempts }) => [firstError, error, attempts]),
      [
        [first, first, 1],
        [first, last, 2],
      ],
    )
    assert.deepEqual(
      told.map(({ rawRecord }) => rawRecord),
      [undefined, RAW],
    )
    assert.deepEqual(Object.keys(told[1] ?? {}), [
      ...['stream', 'shardId', 'error', 'firstError', 'attempts'],
    ])
    assert.equal(metrics.get('SkippedRecords'), 1)
  })

  it('never skips what nothing works without', () =>
    runInVirtualTime(async (time) => {
      const { judge } = judging('skip')
      assert.equal(await judge(1, 'never-skip'), 'retry')
      assert.ok(time.elapsedMs() >= 100)
    }))

  it('retries when the function throws or gives no verdict', () =>
    runInVirtualTime(async () => {
      const throwing = judging(() => {
        throw new Error('policy')
      })
      assert.equal(await throwing.judge(1), 'retry')
      assert.equal(throwing.logged.length, 2)
      assert.equal(await judging(() => 'maybe' as 'skip').judge(1), 'retry')
    }))

  it('says nothing loud about work whose lease went away', async () => {
    const { judge, halt, emitted, logged } = judging('stop')
    halt.loseLease()
    assert.equal(await judge(1), 'retry')
    assert.deepEqual([emitted, logged], [[], []])
  })
})
