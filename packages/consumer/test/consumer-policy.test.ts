/** Policies that lack an action: what is optional is warned of once, what is not ends the start. */
import assert from 'node:assert/strict'
import { type DynamoPort, type dynamo, isServiceError, type Logger } from '@millrace/core'
import { silentLogger, sleep } from '@millrace/core/internal'
import type { DynamoFault } from '@millrace/testing'
import type { ConsumerOptions } from '../src/options.ts'
import { type Application, inApplication, numbered, type Probe, TABLE } from './application.ts'

const ALWAYS = Number.POSITIVE_INFINITY
const INDEX = 'LeaseOwnerToLeaseKeyIndex'
const LEGACY = `${TABLE}-CoordinatorState`

interface Warned {
  readonly logger: Logger
  readonly warnings: string[]
}

function warned(): Warned {
  const warnings: string[] = []
  const warn = (fields: object, message?: string): void => {
    const { err } = fields as { readonly err?: unknown }
    warnings.push(`${message} ${String(err)}`)
  }
  return { warnings, logger: { ...silentLogger, warn, error: warn } }
}

function deny(app: Application, fault: Omit<DynamoFault, 'kind'>): { clear(): void } {
  return app.dynamo.injectFault({ times: ALWAYS, ...fault, kind: 'deny' })
}

/** Reads for a while as if nothing were amiss. */
async function works(app: Application, worker: Probe): Promise<void> {
  const running = worker.run()
  const records = numbered(20)
  await app.put(...records)
  await app.until('all records', () => records.every((text) => app.delivered.includes(text)))
  await sleep(120_000)
  const more = numbered(20, 'more')
  await app.put(...more)
  await app.until('more records', () => more.every((text) => app.delivered.includes(text)))
  assert.equal(worker.heard('leaseLost').length, 0)
  await worker.consumer.close()
  await running
  assert.equal(app.delivered.length, 40)
}

describe('A policy that lacks an optional action', () => {
  const table = { tags: { team: 'orders' }, pointInTimeRecovery: true }
  const cases: readonly (readonly [string, Omit<DynamoFault, 'kind'>, RegExp])[] = [
    [
      'dynamodb:TagResource',
      {
        operation: 'createTable',
        when: (input) => (input as dynamo.CreateTableInput).Tags !== undefined,
      },
      /without its tags.*dynamodb:TagResource/,
    ],
    [
      'dynamodb:UpdateContinuousBackups',
      { operation: 'updateContinuousBackups' },
      /dynamodb:UpdateContinuousBackups on table\/orders-app/,
    ],
    [
      'dynamodb:DescribeTable on the legacy table',
      { operation: 'describeTable', tableName: LEGACY },
      /dynamodb:DescribeTable on table\/orders-app-CoordinatorState/,
    ],
  ]
  for (const [action, fault, warning] of cases) {
    it(`${action}: the worker starts, warns once, works`, () =>
      inApplication(async (app) => {
        const { logger, warnings } = warned()
        deny(app, fault)
        await works(app, app.worker('a', { logger, lease: { table } }))
        assert.equal(warnings.length, 1, warnings.join('\n'))
        assert.match(warnings[0] ?? '', warning)
      }))
  }

  it('dynamodb:DeleteItem: the worker works, and what it leaves behind goes stale by itself', () =>
    inApplication(async (app) => {
      deny(app, { operation: 'deleteItem' })
      await works(app, app.worker('a'))
      assert.ok(app.row('a') !== undefined)
    }))
})

describe('A policy that lacks a mandatory action', () => {
  /** Rejects at once, by name, and does not go on calling. */
  async function failsFast(
    app: Application,
    action: string,
    resource: string,
    options: Partial<ConsumerOptions<string>> = {},
  ): Promise<void> {
    const startMs = app.time.elapsedMs()
    const calls: string[] = []
    const worker = app.worker('a', { ...options, dynamodb: counting(app.dynamo, calls) })
    await assert.rejects(worker.run(), (cause) => {
      assert.ok(isServiceError(cause) && cause.kind === 'denied', String(cause))
      const text = `${cause.message}\n${cause.hint}`
      assert.ok(text.includes(`dynamodb:${action} on ${resource}`), text)
      assert.ok(text.includes(`"Action":"dynamodb:${action}"`), text)
      return true
    })
    const tookMs = app.time.elapsedMs() - startMs
    assert.ok(tookMs < 20_000, `${tookMs} ms`)
    assert.equal(worker.consumer.state, 'failed')
    const before = calls.length
    await sleep(60_000)
    assert.equal(calls.length, before, 'it called on after run() had rejected')
  }

  /** A fleet that was there before, so that every later step of a start is reached. */
  async function founded(app: Application): Promise<void> {
    const first = app.worker('first')
    const running = first.run()
    await app.until('a lease', () => first.heard('leaseAcquired').length > 0)
    await first.consumer.close()
    await running
  }

  const onTable = `table/${TABLE}`
  const atStart: readonly (readonly [keyof DynamoPort, string, string, boolean])[] = [
    ['describeTable', 'DescribeTable', onTable, false],
    ['createTable', 'CreateTable', onTable, false],
    ['getItem', 'GetItem', onTable, false],
    ['scan', 'Scan', onTable, false],
    ['putItem', 'PutItem', onTable, false],
    ['query', 'Query', `${onTable}/index/${INDEX}`, false],
    ['updateItem', 'UpdateItem', onTable, false],
    ['getItem', 'GetItem', onTable, true],
    ['scan', 'Scan', onTable, true],
    ['putItem', 'PutItem', onTable, true],
    ['query', 'Query', `${onTable}/index/${INDEX}`, true],
    ['updateItem', 'UpdateItem', onTable, true],
  ]
  for (const [operation, action, resource, isFounded] of atStart) {
    const where = isFounded ? 'of a fleet' : 'of a new application'
    it(`dynamodb:${action}: run() ${where} rejects and names it`, () =>
      inApplication(async (app) => {
        if (isFounded) await founded(app)
        deny(app, { operation, tableName: TABLE })
        await failsFast(app, action, resource)
      }))
  }

  it('dynamodb:CreateTable, with tags: is not taken for the tags alone', () =>
    inApplication(async (app) => {
      deny(app, { operation: 'createTable' })
      const lease = { table: { tags: { team: 'orders' } } }
      await failsFast(app, 'CreateTable', onTable, { lease })
    }))

  it('dynamodb:UpdateTable, where the index is missing: run() rejects and names it', () =>
    inApplication(async (app) => {
      await app.dynamo.createTable({
        TableName: TABLE,
        AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      })
      deny(app, { operation: 'updateTable' })
      await failsFast(app, 'UpdateTable', onTable)
    }))

  for (const [operation, action] of [
    ['query', 'Query'],
    ['scan', 'Scan'],
    ['updateItem', 'UpdateItem'],
  ] as const) {
    it(`dynamodb:${action}, taken away from a running worker: run() rejects and names it`, () =>
      inApplication(async (app) => {
        const worker = app.worker('a')
        const running = worker.run()
        await app.until('a lease', () => worker.heard('leaseAcquired').length > 0)
        deny(app, { operation })
        const startMs = app.time.elapsedMs()
        await assert.rejects(running, new RegExp(`dynamodb:${action} on ${onTable}`))
        const tookMs = app.time.elapsedMs() - startMs
        assert.ok(tookMs <= 45_000, `${tookMs} ms`)
      }))
  }

  it('taken away for 20 s: the worker tells of it meanwhile, and works on afterwards', () =>
    inApplication(async (app) => {
      const worker = app.worker('a')
      const running = worker.run()
      await app.until('a lease', () => worker.heard('leaseAcquired').length > 0)
      const faults = (['query', 'scan', 'updateItem', 'getItem', 'putItem'] as const).map(
        (operation) => deny(app, { operation }),
      )
      await sleep(20_000)
      for (const fault of faults) fault.clear()
      assert.equal(worker.consumer.state, 'running')
      assert.ok(worker.heard('error').some(([cause]) => isServiceError(cause)))
      const records = numbered(20)
      await app.put(...records)
      await app.until('all records', () => records.every((text) => app.delivered.includes(text)))
      await worker.consumer.close()
      await running
    }))

  it('a denial that passes within moments costs nothing', () =>
    inApplication(async (app) => {
      const worker = app.worker('a')
      const running = worker.run()
      await app.until('a lease', () => worker.heard('leaseAcquired').length > 0)
      for (const operation of ['query', 'scan', 'updateItem', 'getItem'] as const) {
        const fault = deny(app, { operation })
        await sleep(2500)
        fault.clear()
        await sleep(5000)
      }
      const records = numbered(20)
      await app.put(...records)
      await app.until('all records', () => app.deliveries.length === 20)
      assert.equal(worker.heard('leaseLost').length, 0)
      await worker.consumer.close()
      await running
    }))
})

function counting(port: DynamoPort, calls: string[]): DynamoPort {
  return new Proxy(port, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        calls.push(String(name))
        return member.apply(target, args) as unknown
      }
    },
  })
}
