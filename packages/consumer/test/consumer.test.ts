import assert from 'node:assert/strict'
import { ClosedError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { HandlerFailedError } from '../src/errors.ts'
import { inApplication, numbered, SHARD } from './application.ts'

describe('Consumer', () => {
  describe('run', () => {
    it('reads everything of a stream from TRIM_HORIZON, each record once', () =>
      inApplication(
        async (app) => {
          const records = numbered(60)
          await app.put(...records.slice(0, 30))
          const worker = app.worker('a')
          const { consumer } = worker
          const running = worker.run()
          await app.until('the old ones', () => app.deliveries.length === 30)
          await app.put(...records.slice(30))
          await app.until('the new ones', () => app.deliveries.length === 60)
          await sleep(5000)
          assert.deepEqual(app.delivered.sort(), records)
          await consumer.close()
          await running
        },
        { shards: 3 },
      ))

    it('begins with what is put after the start at LATEST', () =>
      inApplication(async (app) => {
        await app.put('before')
        const worker = app.worker('a', { initialPosition: 'LATEST' })
        const running = worker.run()
        await app.until('a lease', () => worker.heard('leaseAcquired').length === 1)
        await sleep(1000)
        await app.put('after')
        await app.until('the record', () => app.deliveries.length > 0)
        assert.deepEqual(app.delivered, ['after'])
        await worker.consumer.close()
        await running
      }))

    it('loses nothing when it dies at LATEST before the first checkpoint (R11)', () =>
      inApplication(async (app) => {
        const first = app.worker('a', { initialPosition: 'LATEST' })
        const died = assert.rejects(first.run(), ClosedError)
        await app.until('a durable start', () => app.row(SHARD)?.['startTimestampMs'] !== undefined)
        first.consumer.destroy()
        await died
        assert.equal(app.row(SHARD)?.['checkpoint']?.S, 'LATEST')
        const records = numbered(50)
        await app.put(...records)
        await sleep(60_000)
        const second = app.worker('b', { initialPosition: 'LATEST' })
        const running = second.run()
        await app.until('all records', () => app.deliveries.length >= 50)
        assert.deepEqual(app.delivered, records)
        await second.consumer.close()
        await running
      }))

    it('goes on after the last checkpoint when it is run again', () =>
      inApplication(async (app) => {
        const records = numbered(20)
        await app.put(...records.slice(0, 10))
        const first = app.worker('a')
        const ran = first.run()
        await app.until('the first ten', () => app.deliveries.length === 10)
        await first.consumer.close()
        await ran
        await app.put(...records.slice(10))
        const second = app.worker('b')
        const running = second.run()
        await app.until('the others', () => app.deliveries.length >= 20)
        await second.consumer.close()
        await running
        assert.deepEqual(app.delivered, records)
      }))

    it('is refused a second time, whatever became of the first', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        const { consumer } = worker
        const running = worker.run()
        await assert.rejects(consumer.run({ eachRecord: () => {} }), (cause) => {
          assert.ok(cause instanceof ClosedError)
          assert.match(cause.hint, /create another/)
          return true
        })
        await consumer.close()
        await running
        await assert.rejects(consumer.run({ eachRecord: () => {} }), ClosedError)
      }))

    it('closes when its signal fires, and lets go of the signal', () =>
      inApplication(async (app) => {
        const controller = new AbortController()
        const worker = app.worker('a')
        const running = worker.runWith({ eachRecord: () => {} }, { signal: controller.signal })
        await app.until('a lease', () => worker.heard('leaseAcquired').length === 1)
        controller.abort()
        await running
        assert.deepEqual(worker.states, ['initializing', 'running', 'draining', 'stopped'])
        assert.equal(app.time.waitingEvents(), 0)
      }))

    it('resolves at once with a signal that has fired, and touches nothing', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        await worker.runWith({ eachRecord: () => {} }, { signal: AbortSignal.abort() })
        assert.equal(worker.consumer.state, 'stopped')
        assert.deepEqual(app.dynamo.tableNames(), [])
      }))
  })

  describe('onHandlerError', () => {
    it('may be a function that writes a dead letter first; other shards go on meanwhile (R01)', () =>
      inApplication(
        async (app) => {
          const letters: unknown[] = []
          let isStoreUp = false
          const worker = app.worker('a', {
            onHandlerError: async ({ attempts, firstError, error, records, rawRecord }) => {
              if (attempts < 3) return 'retry'
              // A dead letter that could not be stored: the record is not lost for it.
              if (!isStoreUp) throw new Error('the store is down')
              await sleep(100)
              const text = records.map(({ data }) => data)
              letters.push({
                text,
                firstError: String(firstError),
                error: String(error),
                rawRecord,
              })
              return 'skip'
            },
          })
          let calls = 0
          const running = worker.run((data) => {
            if (data === 'r003') throw new Error(`attempt ${++calls}`)
          })
          await app.until('both leases', () => worker.heard('leaseAcquired').length === 2)
          await app.put(...numbered(40))
          const poisoned = (): string | undefined =>
            app.deliveries.find(({ data }) => data === 'r003')?.shardId
          await app.until('the poison', () => poisoned() !== undefined)
          await sleep(20_000)
          await app.put(...numbered(40, 'later'))
          await sleep(5000)
          const of = (isPoisoned: boolean): Set<string> =>
            new Set(
              app.deliveries
                .filter(({ shardId }) => (shardId === poisoned()) === isPoisoned)
                .map(({ data }) => data),
            )
          const open = of(false).size
          assert.ok([...of(false)].filter((data) => data.startsWith('later')).length > 5)
          assert.ok([...of(true)].every((data) => data <= 'r003'))
          isStoreUp = true
          await app.until('the rest', () => of(true).size + of(false).size === 80)
          assert.equal(of(false).size, open)
          const error = `Error: attempt ${calls}`
          const firstError = 'Error: attempt 1'
          assert.deepEqual(letters, [{ text: ['r003'], firstError, error, rawRecord: undefined }])
          await worker.consumer.close()
          await running
        },
        { shards: 2 },
      ))
  })

  describe('onHandlerError stop', () => {
    it('fails run with the handler error, after every lease was handed over', () =>
      inApplication(
        async (app) => {
          const worker = app.worker('a', { onHandlerError: 'stop' })
          const cause = new Error('no room on the disk')
          const running = worker.run((data) => {
            if (data === 'poison') throw cause
          })
          await app.until('both leases', () => worker.heard('leaseAcquired').length === 2)
          await app.put('poison')
          await assert.rejects(running, (error) => {
            assert.ok(error instanceof HandlerFailedError)
            assert.equal(error.cause, cause)
            return true
          })
          assert.deepEqual(worker.states, ['initializing', 'running', 'draining', 'failed'])
          assert.deepEqual(app.owners(), [undefined, undefined])
          assert.equal(app.row('a'), undefined)
          assert.equal(worker.heard('error').length, 1)
          assert.equal(app.time.waitingEvents(), 0)
        },
        { shards: 2 },
      ))

    it('fails run also when the verdict comes during a close', () =>
      inApplication(async (app) => {
        await app.put('poison')
        const worker = app.worker('a', { onHandlerError: 'stop' })
        const running = worker.run(async () => {
          await sleep(3000)
          throw new Error('no')
        })
        await app.until('the call', () => app.deliveries.length === 1)
        await worker.consumer.close()
        await assert.rejects(running, HandlerFailedError)
        assert.equal(worker.consumer.state, 'failed')
        assert.deepEqual(app.owners(), [undefined])
      }))
  })

  describe('pause and resume', () => {
    it('hold deliveries back while leases are kept', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        const running = worker.run()
        await app.until('a lease', () => worker.heard('leaseAcquired').length === 1)
        worker.consumer.pause()
        await sleep(1000)
        await app.put('held back')
        await sleep(60_000)
        assert.deepEqual(app.delivered, [])
        assert.deepEqual(worker.heard('leaseLost'), [])
        worker.consumer.resume()
        await app.until('the record', () => app.deliveries.length === 1)
        await worker.consumer.close()
        await running
      }))

    it('may name shards, also before they are held', () =>
      inApplication(
        async (app) => {
          const worker = app.worker('a')
          const running = worker.run()
          const second = 'shardId-000000000001'
          worker.consumer.pause([SHARD])
          await app.put(...numbered(20))
          const of = (shardId: string): number =>
            app.deliveries.filter((delivery) => delivery.shardId === shardId).length
          await app.until('those of the other shard', () => of(second) > 0)
          await sleep(5000)
          assert.equal(of(SHARD), 0)
          worker.consumer.resume([second])
          await sleep(5000)
          assert.equal(of(SHARD), 0)
          worker.consumer.resume([SHARD])
          await app.until('all', () => app.deliveries.length === 20)
          await worker.consumer.close()
          await running
        },
        { shards: 2 },
      ))

    it('may be called before run()', () =>
      inApplication(
        async (app) => {
          const worker = app.worker('a')
          worker.consumer.pause()
          worker.consumer.resume(['shardId-000000000001'])
          const running = worker.run()
          await app.put(...numbered(20))
          await app.until('those of the other shard', () => app.deliveries.length > 0)
          await sleep(5000)
          assert.ok(app.deliveries.every(({ shardId }) => shardId !== SHARD))
          worker.consumer.resume()
          await app.until('all', () => app.deliveries.length === 20)
          await worker.consumer.close()
          await running
        },
        { shards: 2 },
      ))

    it('refuse what can be no list of shard ids', () =>
      inApplication(async (app) => {
        const { consumer } = app.worker('a')
        for (const [given, message] of [
          ['shardId-000000000000', /shardIds is "shardId-000000000000"/],
          [[SHARD, 7], /holds 7/],
          [[''], /holds ""/],
        ] as const) {
          for (const name of ['pause', 'resume'] as const) {
            assert.throws(() => consumer[name](given as never), message)
          }
        }
      }))

    it('do not hold a close up', () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        const running = worker.run()
        await app.until('a lease', () => worker.heard('leaseAcquired').length === 1)
        worker.consumer.pause()
        await app.put('for the next')
        await sleep(2000)
        const askedMs = app.time.elapsedMs()
        await worker.consumer.close()
        await running
        assert.ok(app.time.elapsedMs() - askedMs < 500)
        assert.deepEqual(app.delivered, [])
      }))
  })
})
