import assert from 'node:assert/strict'
import { type DynamoPort, ServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { SimulatedDynamo } from '@millrace/testing'
import { inApplication, SHARD, TABLE } from '../application.ts'

/** A bug, not a service that answers badly. */
const BUG = new TypeError('Cannot read properties of undefined')

/** The table, with a method that breaks for a while in the hands of the worker. */
class Breaking {
  readonly port: DynamoPort
  breaks = 0
  worked = 0

  constructor(
    dynamo: SimulatedDynamo,
    method: keyof DynamoPort,
    isHit: (input: object) => boolean,
  ) {
    this.port = new Proxy<DynamoPort>(dynamo, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        return (input: object, ...rest: readonly unknown[]): unknown => {
          if (key === method && isHit(input)) {
            if (this.breaks > 0) {
              this.breaks--
              throw BUG
            }
            this.worked++
          }
          return value.call(target, input, ...rest)
        }
      },
    })
  }
}

const LOOPS: readonly (readonly [string, keyof DynamoPort, (input: object) => boolean])[] = [
  ['observation', 'scan', () => true],
  ['discovery', 'query', () => true],
  ['sign of life', 'updateItem', (input) => JSON.stringify(input).includes('WORKER_METRIC_STATS')],
  ['leader lock', 'updateItem', (input) => JSON.stringify(input).includes('"Leader"')],
]

describe('a background loop that fails', () => {
  it('is told of and goes on: shard sync, beside which all else works (R67)', () =>
    inApplication(async (app) => {
      const worker = app.worker('a')
      const running = worker.run()
      await app.until('a lease', () => worker.heard('leaseAcquired').length === 1)
      const denied = new ServiceError('ListShards', 'AccessDeniedException', 'no')
      const fault = app.kinesis.injectFault({
        operation: 'listShards',
        kind: 'fail',
        error: denied,
        times: Number.POSITIVE_INFINITY,
      })
      await app.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: SHARD } } })
      await app.until('the failure', () =>
        worker.heard('error').some(([error]) => (error as Error).cause === denied),
      )
      fault.clear()
      await app.put('served again')
      await app.until('the record', () => app.delivered.includes('served again'), 120_000)
      await worker.consumer.close()
      await running
    }))

  for (const [loop, method, isHit] of LOOPS) {
    it(`is told of and goes on: ${loop} (R67)`, () =>
      inApplication(async (app) => {
        const table = new Breaking(app.dynamo, method, isHit)
        const worker = app.worker('a', { dynamodb: table.port })
        const running = worker.run()
        await app.until('a lease', () => worker.heard('leaseAcquired').length === 1)
        await app.until('a call', () => table.worked > 0, 20_000)
        table.breaks = 2
        await app.until('both failures', () => table.breaks === 0)
        const before = table.worked
        await app.until('the loop goes on', () => table.worked > before + 1)
        assert.ok(worker.heard('error').some(([error]) => error === BUG))
        await app.put('still served')
        await app.until('the record', () => app.delivered.includes('still served'))
        assert.equal(worker.heard('leaseLost').length, 0)
        await sleep(100)
        await worker.consumer.close()
        await running
      }))
  }
})
