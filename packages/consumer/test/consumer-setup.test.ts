/**
 * AWS refuses a running worker because of how it was set up: rights, credentials, keys, a stream
 * that is gone. The application hears of it within three calls, by event, log and describe(); the
 * worker does not call in a hot loop, and goes on when the set-up is right again.
 */
import assert from 'node:assert/strict'
import { isServiceError, type Logger, ServiceError } from '@millrace/core'
import { silentLogger, sleep } from '@millrace/core/internal'
import { type Application, inApplication, SHARD, STREAM, TABLE } from './application.ts'

interface Refusal {
  readonly calls: readonly string[]
  readonly awsName: string
  /** What event, log and describe() must say. */
  readonly says: RegExp
  /** Makes the worker call what is refused, where it does not by itself. */
  readonly provoke?: (app: Application) => Promise<void>
  /** For how long, milliseconds; a table that stays closed for 30 s ends a worker. */
  readonly forMs?: number
}

/** Refuses some calls of a port while it is told to. */
class Refusing {
  refused = 0
  readonly #refusal: Refusal
  isOn = false

  constructor(refusal: Refusal) {
    this.#refusal = refusal
  }

  wrap<P extends object>(port: P): P {
    return new Proxy(port, {
      get: (target, key) => {
        const method: unknown = Reflect.get(target, key, target)
        if (typeof method !== 'function') return method
        return (...args: readonly unknown[]): unknown => {
          if (!this.isOn || !this.#refusal.calls.includes(String(key))) {
            return method.apply(target, args) as unknown
          }
          this.refused++
          const name = String(key)
          const operation = name.charAt(0).toUpperCase() + name.slice(1)
          const { awsName } = this.#refusal
          return Promise.reject(new ServiceError(operation, awsName, 'refused (simulated)'))
        }
      },
    })
  }
}

const denied = 'AccessDeniedException'
const READS = ['getRecords', 'getShardIterator'] as const
/** The longest back-off of a read is 5 s, the shortest pause 0.2 s. */
const MOST_CALLS_A_SECOND = 3

async function expireIterators(app: Application): Promise<void> {
  app.kinesis.injectFault({ operation: 'getRecords', kind: 'expire-iterators' })
}

async function loseLease(app: Application): Promise<void> {
  await app.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: SHARD } } })
}

async function split(app: Application): Promise<void> {
  await app.kinesis.splitShard({
    StreamName: STREAM,
    ShardToSplit: SHARD,
    NewStartingHashKey: (1n << 127n).toString(),
  })
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  'kinesis:GetRecords is denied': {
    ...{ calls: ['getRecords'], awsName: denied },
    says: /does not allow kinesis:GetRecords on stream\/orders/,
  },
  'kinesis:GetShardIterator is denied': {
    ...{ calls: ['getShardIterator'], awsName: denied, provoke: expireIterators },
    says: /does not allow kinesis:GetShardIterator on stream\/orders/,
  },
  'kinesis:ListShards is denied': {
    ...{ calls: ['listShards'], awsName: denied, provoke: loseLease, forMs: 90_000 },
    says: /does not allow kinesis:ListShards on stream\/orders/,
  },
  'the stream is gone': {
    calls: [...READS, 'listShards'],
    awsName: 'ResourceNotFoundException',
    says: /ListShards: ResourceNotFoundException/,
  },
  'the key may not be used': {
    ...{ calls: ['getRecords'], awsName: 'KMSAccessDeniedException' },
    says: /GetRecords: .*kms:Decrypt on the key of stream\/orders/,
  },
  ...Object.fromEntries(
    ['KMSDisabledException', 'KMSInvalidStateException', 'KMSNotFoundException'].map((awsName) => [
      `the key: ${awsName}`,
      { calls: ['getRecords'], awsName, says: new RegExp(`GetRecords: ${awsName}`) },
    ]),
  ),
  'credentials for the stream have run out': {
    ...{ calls: [...READS, 'listShards'], awsName: 'ExpiredTokenException' },
    says: /GetRecords: ExpiredTokenException/,
  },
  'credentials for the stream are wrong': {
    ...{ calls: [...READS, 'listShards'], awsName: 'UnrecognizedClientException' },
    says: /GetRecords: UnrecognizedClientException/,
  },
  'dynamodb:UpdateItem is denied': {
    ...{ calls: ['updateItem'], awsName: denied, forMs: 20_000 },
    says: /does not allow dynamodb:UpdateItem on table\/orders-app/,
  },
  'dynamodb:Query is denied': {
    ...{ calls: ['query'], awsName: denied, forMs: 20_000 },
    says: /does not allow dynamodb:Query on table\/orders-app\/index/,
  },
  'dynamodb:Scan is denied': {
    ...{ calls: ['scan'], awsName: denied, forMs: 20_000 },
    says: /does not allow dynamodb:Scan on table\/orders-app/,
  },
  'dynamodb:PutItem is denied': {
    ...{ calls: ['putItem'], awsName: denied, forMs: 20_000, provoke: split },
    says: /does not allow dynamodb:PutItem on table\/orders-app/,
  },
  'credentials for the table have run out': {
    calls: ['updateItem', 'query', 'scan', 'getItem', 'putItem'],
    awsName: 'ExpiredTokenException',
    says: /(Query|Scan|UpdateItem): ExpiredTokenException/,
  },
}

describe('A running worker whose AWS set-up is refused', () => {
  for (const [name, refusal] of Object.entries(REFUSALS)) {
    it(`says so and goes on afterwards: ${name}`, () =>
      inApplication(async (app) => {
        const refusing = new Refusing(refusal)
        const lines: string[] = []
        const line: Logger['error'] = (fields) =>
          void lines.push(String((fields as { readonly err?: unknown }).err))
        const logger: Logger = { ...silentLogger, warn: line, error: line }
        const { consumer, ...worker } = withEvents(app, refusing, logger)
        const running = worker.run()
        await app.put('before')
        await app.until('a record', () => app.delivered.includes('before'))
        await app.until('its checkpoint', () => worker.checkpoints() > 0)

        refusing.isOn = true
        await refusal.provoke?.(app)
        await app.until('an event', () => worker.errors.length > 0, 120_000)
        const refusedThen = refusing.refused
        assert.ok(refusedThen <= 3 * refusal.calls.length, `${refusedThen} calls`)
        assert.match(worker.errors.join('\n'), refusal.says)
        assert.match(lines.join('\n'), refusal.says)
        const told = await consumer.describe().then(
          ({ setupTroubles }) => setupTroubles.map(({ error }) => String(error)).join('\n'),
          (error: unknown) => String(error),
        )
        assert.match(told, refusal.says)

        const forMs = refusal.forMs ?? 60_000
        const sinceMs = app.time.elapsedMs()
        await sleep(forMs)
        assert.equal(consumer.state, 'running')
        const seconds = (app.time.elapsedMs() - sinceMs) / 1000
        const calls = refusing.refused - refusedThen
        assert.ok(calls <= seconds * MOST_CALLS_A_SECOND, `${calls} calls in ${seconds} s`)
        // Each action speaks up at 1, 2, 4, 8... refusals.
        assert.ok(worker.errors.length <= 8 * refusal.calls.length, worker.errors.join('\n'))

        refusing.isOn = false
        await app.put('after')
        await app.until('the next record', () => app.delivered.includes('after'), 90_000)
        await sleep(30_000)
        assert.deepEqual((await consumer.describe()).setupTroubles, [])
        await consumer.close()
        await running
      }))
  }

  it('tells of one refusal once, however many shards meet it', () =>
    inApplication(
      async (app) => {
        const refusing = new Refusing({ calls: ['getRecords'], awsName: denied, says: /./ })
        const worker = withEvents(app, refusing, silentLogger)
        const running = worker.run()
        await app.until('all leases', () => app.owners().every((owner) => owner === 'a'))
        await sleep(5000)
        refusing.isOn = true
        await app.until('32 refusals', () => refusing.refused >= 32)
        assert.ok(worker.errors.length >= 5 && worker.errors.length <= 8, `${worker.errors}`)
        await worker.consumer.close()
        await running
      },
      { shards: 16 },
    ))
})

function withEvents(app: Application, refusing: Refusing, logger: Logger) {
  const worker = app.worker('a', {
    logger,
    client: refusing.wrap(app.kinesis),
    dynamodb: refusing.wrap(app.dynamo),
  })
  const errors: string[] = []
  worker.consumer.on('error', (error) => {
    assert.ok(isServiceError(error), String(error))
    errors.push(String(error))
  })
  return {
    consumer: worker.consumer,
    errors,
    run: () => worker.run(),
    checkpoints: () => worker.heard('checkpointed').length,
  }
}
