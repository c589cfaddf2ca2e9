import assert from 'node:assert/strict'
import { ClosedError, isServiceError, ServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { LeaseTableError } from '../src/errors.ts'
import { inApplication, numbered, SHARD, STREAM, TABLE } from './application.ts'

/** The table, but for calls that are answered with this error name. */
function refusing<T extends object>(port: T, errorName: () => string | undefined): T {
  return new Proxy(port, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (input: unknown) => unknown
      return (input: unknown) => {
        const refused = errorName()
        if (refused === undefined) return method.call(target, input)
        return Promise.reject(new ServiceError(String(name), refused, 'refused'))
      }
    },
  })
}

describe('Consumer, starting and stopping', () => {
  it('rejects once the lease table is gone, instead of running on without leases', () =>
    inApplication(async (app) => {
      let gone = false
      const dynamodb = refusing(app.dynamo, () => (gone ? 'ResourceNotFoundException' : undefined))
      const worker = app.worker('a', { dynamodb })
      const errors: unknown[] = []
      worker.consumer.on('error', (error) => errors.push(error))
      const running = worker.run()
      await app.until('a lease', () => app.owners().includes('a'))
      gone = true
      await assert.rejects(running, LeaseTableError)
      assert.equal(worker.consumer.state, 'failed')
      assert.ok(errors.length > 0)
      assert.equal(app.time.waitingEvents(), 0)
    }))

  it('tells an application without a logger that the table may not be read any more', () =>
    inApplication(async (app) => {
      let denied = false
      const dynamodb = refusing(app.dynamo, () => (denied ? 'AccessDeniedException' : undefined))
      const worker = app.worker('a', { dynamodb })
      const errors: unknown[] = []
      worker.consumer.on('error', (error) => errors.push(error))
      const running = worker.run()
      await app.until('a lease', () => app.owners().includes('a'))
      denied = true
      await app.until('an event', () => errors.length > 0, 10_000)
      denied = false
      await app.until('the lease again', () => app.owners().includes('a'))
      await worker.consumer.close()
      await running
    }))

  describe('a start that fails', () => {
    it('names a stream that does not exist, and leaves no table behind', () =>
      inApplication(async (app) => {
        const worker = app.worker('a', { stream: 'ordesr' })
        await assert.rejects(worker.run(), (cause) => {
          assert.ok(isServiceError(cause))
          assert.equal(cause.kind, 'missing')
          return true
        })
        assert.equal(worker.consumer.state, 'failed')
        assert.deepEqual(app.dynamo.tableNames(), [])
        assert.equal(app.time.waitingEvents(), 0)
        await worker.consumer.close()
        assert.equal(worker.consumer.state, 'failed')
      }))

    it('refuses a table that is no lease table, and leaves it as it was', () =>
      inApplication(async (app) => {
        await app.dynamo.createTable({
          TableName: TABLE,
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
        })
        const worker = app.worker('a')
        await assert.rejects(worker.run(), LeaseTableError)
        assert.deepEqual(worker.states, ['initializing', 'failed'])
        assert.deepEqual(app.dynamo.items(TABLE), [])
        assert.equal(app.time.waitingEvents(), 0)
      }))

    it('is tried again while the reason may pass', () =>
      inApplication(async (app) => {
        app.dynamo.injectFault({ operation: 'describeTable', kind: 'throttle', times: 3 })
        app.dynamo.injectFault({ operation: 'updateItem', kind: 'fail', times: 2 })
        const worker = app.worker('a')
        const running = worker.run()
        await app.until('running', () => worker.consumer.state === 'running')
        await worker.consumer.close()
        await running
      }))

    it('is given up after twenty attempts', () =>
      inApplication(async (app) => {
        app.dynamo.injectFault({
          operation: 'describeTable',
          kind: 'throttle',
          times: Number.POSITIVE_INFINITY,
        })
        const worker = app.worker('a')
        await assert.rejects(
          worker.run(),
          (cause) => isServiceError(cause) && cause.kind === 'throttled',
        )
        assert.equal(worker.consumer.state, 'failed')
        assert.ok(app.time.elapsedMs() > 9000 && app.time.elapsedMs() < 60_000)
        assert.equal(app.time.waitingEvents(), 0)
      }))
  })

  describe('close', () => {
    it('resolves run, is one promise, and leaves nothing of this worker but its checkpoints', () =>
      inApplication(async (app) => {
        await app.put(...numbered(5))
        const worker = app.worker('a')
        const { consumer } = worker
        const running = worker.run()
        await app.until('all records', () => app.deliveries.length === 5)
        const closing = consumer.close()
        assert.equal(consumer.close(), closing)
        await closing
        await running
        assert.equal(consumer.close(), closing)
        assert.equal(consumer.state, 'stopped')
        assert.equal(app.time.waitingEvents(), 0)
        assert.equal(app.row('a'), undefined)
        assert.equal(app.row('Leader'), undefined)
        const [last] = app.kinesis.records(STREAM).slice(-1)
        assert.equal(app.row(SHARD)?.['checkpoint']?.S, last?.record.SequenceNumber)
        assert.equal(app.row(SHARD)?.['leaseOwner'], undefined)
        await consumer.close()
        const writes = app.dynamo.items(TABLE)
        await sleep(60_000)
        assert.deepEqual(app.dynamo.items(TABLE), writes)
      }))

    it('hands each lease to the live peer, which delivers within 3 s (L3)', () =>
      inApplication(
        async (app) => {
          const a = app.worker('a')
          const runningA = a.run()
          await app.until('all leases', () => a.heard('leaseAcquired').length === 4)
          const b = app.worker('b')
          const runningB = b.run()
          await app.until('an even spread', () => b.heard('leaseAcquired').length === 2)
          // By then the former holder has noticed the steal.
          await app.until('both losses', () => a.heard('leaseLost').length === 2)
          await app.put(...numbered(40))
          await app.until('all records', () => app.deliveries.length >= 40)
          await a.consumer.close()
          await runningA
          // Named by the worker that left, in the very write that gave the lease up.
          assert.deepEqual(app.owners(), ['b', 'b', 'b', 'b'])
          const closedMs = app.time.elapsedMs()
          app.deliveries.length = 0
          await app.put(...numbered(40, 's'))
          await app.until('the same shards elsewhere', () => app.deliveries.length >= 40)
          assert.ok(app.time.elapsedMs() - closedMs <= 3000, `${app.time.elapsedMs() - closedMs}`)
          assert.ok(app.deliveries.every(({ workerId }) => workerId === 'b'))
          assert.equal(app.delivered.length, 40)
          await b.consumer.close()
          await runningB
        },
        { shards: 4 },
      ))

    it('before run stops the consumer for good', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        await worker.consumer.close()
        assert.equal(worker.consumer.state, 'stopped')
        await assert.rejects(worker.run(), ClosedError)
        assert.deepEqual(app.dynamo.tableNames(), [])
      }))

    for (const [operation, at] of [
      ['describeStreamSummary', 'the look at the stream'],
      ['describeTable', 'the look at the table'],
      ['putItem', 'the row of the migration'],
      ['updateItem', 'the first sign of life'],
    ] as const) {
      it(`during ${at} ends the start and leaves no trace of a live worker`, () =>
        inApplication(async (app) => {
          const fault = { kind: 'delay', delayMs: 1500, delayed: 'request' } as const
          if (operation === 'describeStreamSummary')
            app.kinesis.injectFault({ operation, ...fault })
          else app.dynamo.injectFault({ operation, ...fault })
          const worker = app.worker('a')
          const { consumer } = worker
          const running = worker.run()
          await sleep(200)
          assert.equal(consumer.state, 'initializing')
          await consumer.close()
          await running
          assert.equal(consumer.state, 'stopped')
          await sleep(10_000)
          assert.equal(app.time.waitingEvents(), 0)
          assert.equal(app.row('a'), undefined)
          assert.equal(app.row('Leader'), undefined)
        }))
    }

    it('during a start takes neither the lock nor a lease on the way out', () =>
      inApplication(async (app) => {
        app.dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 1500 })
        const puts: unknown[] = []
        app.dynamo.injectFault({
          operation: 'putItem',
          kind: 'fail',
          when: (input) => {
            puts.push(input)
            return false
          },
        })
        const worker = app.worker('a')
        const running = worker.run()
        await sleep(200)
        assert.equal(worker.consumer.state, 'initializing')
        await worker.consumer.close()
        await running
        assert.ok(puts.length > 0)
        assert.ok(!JSON.stringify(puts).includes('"Leader"'))
        assert.equal(app.row(SHARD), undefined)
        assert.equal(app.time.waitingEvents(), 0)
      }))

    it('during a start that is not answered is over when its time is up', () =>
      inApplication(async (app) => {
        app.dynamo.injectFault({
          operation: 'updateItem',
          kind: 'delay',
          delayMs: Number.POSITIVE_INFINITY,
          times: Number.POSITIVE_INFINITY,
        })
        const worker = app.worker('a')
        const running = worker.run()
        await sleep(200)
        const askedMs = app.time.elapsedMs()
        await worker.consumer.close({ timeoutMs: 1000 })
        assert.ok(app.time.elapsedMs() - askedMs <= 1010, `${app.time.elapsedMs() - askedMs}`)
        assert.equal(worker.consumer.state, 'stopped')
        await running
      }))

    it('during the pause between two attempts to start ends it at once', () =>
      inApplication(async (app) => {
        app.dynamo.injectFault({
          operation: 'describeTable',
          kind: 'throttle',
          times: Number.POSITIVE_INFINITY,
        })
        const worker = app.worker('a')
        const { consumer } = worker
        const running = worker.run()
        await sleep(5000)
        const askedMs = app.time.elapsedMs()
        await consumer.close()
        await running
        assert.ok(app.time.elapsedMs() - askedMs < 100)
        assert.equal(app.time.waitingEvents(), 0)
      }))

    it('right after run, in the same turn', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        const { consumer } = worker
        const running = worker.run()
        await consumer.close()
        await running
        assert.equal(consumer.state, 'stopped')
        await sleep(10_000)
        assert.equal(app.time.waitingEvents(), 0)
      }))

    it('waits for the handler call that runs, and stores what it did', () =>
      inApplication(async (app) => {
        await app.put('slow', 'never')
        const worker = app.worker('a')
        let settledMs = 0
        const running = worker.run(async () => {
          await sleep(8000)
          settledMs = app.time.elapsedMs()
        })
        await app.until('the call', () => app.deliveries.length === 1)
        await worker.consumer.close()
        await running
        assert.ok(settledMs > 0 && app.time.elapsedMs() - settledMs < 1000)
        assert.deepEqual(app.delivered, ['slow'])
        const [slow] = app.kinesis.records(STREAM)
        assert.equal(app.row(SHARD)?.['checkpoint']?.S, slow?.record.SequenceNumber)
      }))

    it('waits no longer than timeoutMs: then the lease moves on and the call hears of it', () =>
      inApplication(async (app) => {
        await app.put('stuck')
        const worker = app.worker('a')
        let signal: AbortSignal | undefined
        const running = worker.runWith({
          eachRecord: (_record, shard) => {
            signal = shard.signal
            return new Promise(() => {})
          },
        })
        await app.until('the call', () => signal !== undefined)
        const askedMs = app.time.elapsedMs()
        await worker.consumer.close({ timeoutMs: 5000 })
        await running
        const tookMs = app.time.elapsedMs() - askedMs
        // A part of the time is kept for handing the lease over.
        assert.ok(tookMs >= 4000 && tookMs <= 5000, `${tookMs}`)
        assert.equal(signal?.aborted, true)
        assert.equal(app.row(SHARD)?.['leaseOwner'], undefined)
        assert.equal(app.row(SHARD)?.['checkpoint']?.S, 'TRIM_HORIZON')
        assert.equal(app.time.waitingEvents(), 0)
      }))

    it('does not wait for a handler that keeps failing', () =>
      inApplication(async (app) => {
        await app.put('poison')
        const worker = app.worker('a')
        const running = worker.run(() => Promise.reject(new Error('no')))
        await app.until('some attempts', () => app.deliveries.length > 4)
        const askedMs = app.time.elapsedMs()
        await worker.consumer.close()
        await running
        assert.ok(app.time.elapsedMs() - askedMs < 1000)
        assert.equal(app.row(SHARD)?.['checkpoint']?.S, 'TRIM_HORIZON')
      }))

    it('ends in time when DynamoDB no longer answers', () =>
      inApplication(
        async (app) => {
          await app.put(...numbered(20))
          const worker = app.worker('a')
          const { consumer } = worker
          const running = worker.run()
          await app.until('all records', () => app.deliveries.length === 20)
          for (const operation of [
            'updateItem',
            'getItem',
            'scan',
            'query',
            'deleteItem',
            'putItem',
          ] as const) {
            app.dynamo.injectFault({
              operation,
              kind: 'delay',
              delayMs: Number.POSITIVE_INFINITY,
              times: Number.POSITIVE_INFINITY,
            })
          }
          const askedMs = app.time.elapsedMs()
          await consumer.close({ timeoutMs: 5000 })
          await running
          const tookMs = app.time.elapsedMs() - askedMs
          assert.ok(tookMs < 25_000, `${tookMs}`)
          assert.equal(consumer.state, 'stopped')
        },
        { shards: 8 },
      ))

    it('is what `await using` calls', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        const running = worker.run()
        await app.until('running', () => worker.consumer.state === 'running')
        await worker.consumer[Symbol.asyncDispose]()
        await running
        assert.equal(worker.consumer.state, 'stopped')
      }))
  })

  describe('destroy', () => {
    it('ends run with the reason and says nothing to the table, as a crash', () =>
      inApplication(async (app) => {
        await app.put(...numbered(3))
        const worker = app.worker('a')
        const { consumer } = worker
        const running = worker.run()
        await app.until('all records', () => app.deliveries.length === 3)
        const reason = new Error('out of memory')
        consumer.destroy(reason)
        await assert.rejects(running, reason)
        assert.equal(consumer.state, 'failed')
        await consumer.close()
        assert.equal(app.row(SHARD)?.['leaseOwner']?.S, 'a')
        assert.notEqual(app.row('a'), undefined)
        assert.notEqual(app.row('Leader'), undefined)
        assert.equal(app.time.waitingEvents(), 0)
      }))

    it('has a reason of its own, and works before run', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        const { consumer } = worker
        consumer.destroy()
        await assert.rejects(worker.run(), ClosedError)
        assert.equal(consumer.state, 'failed')
      }))

    it('during the start leaves no timer behind', () =>
      inApplication(async (app) => {
        app.dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 1500 })
        const worker = app.worker('a')
        const { consumer } = worker
        const running = worker.run()
        await sleep(200)
        consumer.destroy()
        await assert.rejects(running, ClosedError)
        await sleep(10_000)
        assert.equal(app.time.waitingEvents(), 0)
        assert.equal(app.row('Leader'), undefined)
      }))

    it('cuts a close short, and the state stays failed', () =>
      inApplication(async (app) => {
        await app.put('stuck')
        const worker = app.worker('a')
        const running = worker.run(() => new Promise(() => {}))
        await app.until('the call', () => app.deliveries.length === 1)
        const closing = worker.consumer.close({ timeoutMs: 20_000 })
        await sleep(1000)
        worker.consumer.destroy(new Error('now'))
        await assert.rejects(running, /now/)
        await closing
        assert.ok(app.time.elapsedMs() < 5000, `${app.time.elapsedMs()}`)
        assert.deepEqual(worker.states, ['initializing', 'running', 'draining', 'failed'])
        assert.equal(app.time.waitingEvents(), 0)
      }))
  })
})
