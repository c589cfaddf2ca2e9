import assert from 'node:assert/strict'
import { type Codec, InvalidOptionError, type Random } from '@millrace/core'
import { SimulatedDynamo, SimulatedKinesis } from '@millrace/testing'
import type { ConsumerOptions, ResolvedConsumerOptions } from '../src/options.ts'
import { openPorts } from '../src/ports.ts'
import { resolveConsumerOptions } from '../src/resolve-options.ts'

const ARN = 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders'

function resolved(given: object = {}): ResolvedConsumerOptions {
  const options = { applicationName: 'app', stream: 'orders', logger: false, ...given }
  return resolveConsumerOptions(options as ConsumerOptions)
}

/** Refused, with the path of the option and words that say what to change. */
function refuses(given: object, option: string, message: RegExp, hint: RegExp): void {
  assert.throws(
    () => resolved(given),
    (cause) => {
      assert.ok(cause instanceof InvalidOptionError, String(cause))
      assert.equal(cause.option, option)
      assert.match(cause.message, message)
      assert.match(cause.hint, hint)
      return true
    },
  )
}

describe('resolveConsumerOptions', () => {
  it('has the documented defaults', () => {
    const options = resolved()
    assert.equal(options.initialPosition, 'LATEST')
    assert.deepEqual(options.retrieval, {
      mode: 'polling',
      maxRecords: 10_000,
      idleTimeBetweenReadsMs: 1500,
      maxPendingBatches: 4,
      maxPendingRecords: 30_000,
      maxPendingBytes: 8 * 1024 * 1024,
      maxTotalPendingBytes: 256 * 1024 * 1024,
      requestTimeoutMs: 5000,
    })
    assert.deepEqual(options.lease, {
      failoverTimeMs: 10_000,
      maxLeasesForWorker: Number.MAX_SAFE_INTEGER,
      assignmentStrategy: 'lease-count',
      workerUtilization: undefined,
      assignmentIntervalMs: 5000,
      observationIntervalMs: 2000,
      discoveryIntervalMs: 2000,
      workerMetricsIntervalMs: 10_000,
      workerMetrics: 'auto',
      leaderLeaseDurationMs: 10_000,
      gracefulHandoff: { enabled: true, timeoutMs: 30_000 },
      leaseCleanup: { enabled: true, intervalMs: 60_000, completedAfterMs: 300_000 },
      table: {
        billing: 'on-demand',
        tags: [],
        deletionProtection: false,
        pointInTimeRecovery: false,
      },
    })
    assert.equal(options.checkpoint, undefined)
    assert.equal(options.onHandlerError, 'retry')
    assert.equal(options.onRecreatedStream, 'refuse')
    assert.equal(options.copy, false)
    assert.equal(options.maxRecordsPerBatch, 10_000)
    assert.equal(options.maxBatchWaitMs, 0)
    assert.equal(options.concurrencyPerShard, 1)
    assert.equal(options.onMalformed, 'raw')
    assert.equal(options.onMisplacedAggregate, 'deliver')
    assert.equal(options.codec.decode(new Uint8Array([1])).length, 1)
  })

  it('takes an ARN for the stream, whose region then counts', () => {
    const { stream } = resolved({ stream: ARN })
    assert.deepEqual([stream.streamName, stream.region], ['orders', 'eu-west-1'])
    assert.equal(resolved({ stream: ARN, region: 'eu-west-1' }).region, 'eu-west-1')
  })

  it('keeps what it is given', () => {
    const codec: Codec<string> = { encode: (s) => Buffer.from(s), decode: (d) => String(d) }
    const onHandlerError = (): 'skip' => 'skip'
    const client = new SimulatedKinesis()
    const dynamodb = new SimulatedDynamo()
    const atTimestamp = new Date(5)
    const given = { codec, onHandlerError, client, dynamodb, initialPosition: { atTimestamp } }
    const options = resolved(given)
    for (const name of ['codec', 'onHandlerError', 'client', 'dynamodb'] as const) {
      assert.equal(options[name], given[name])
    }
    assert.deepEqual(options.initialPosition, { atTimestamp })
  })

  describe('workerId', () => {
    it('is by default host, process and a UUID of the given Random', () => {
      const random: Random = { next: () => 0, uuid: () => 'a-uuid' }
      const { workerId } = resolved({ random })
      assert.match(workerId, new RegExp(`:${process.pid}:a-uuid$`))
      assert.equal(resolved({ workerId: 'w-1' }).workerId, 'w-1')
    })

    for (const workerId of [
      'Leader',
      'Migration3.0',
      'TableMigration3.5',
      'shardId-000000000007',
    ]) {
      it(`is not ${workerId}, the key of another row`, () => {
        refuses({ workerId }, 'workerId', /key of another row/, /neither a shard id nor Leader/)
      })
    }

    it('is a text that is neither empty nor too long', () => {
      refuses({ workerId: '' }, 'workerId', /has 0 characters/, /1 to 512/)
      refuses({ workerId: 'x'.repeat(513) }, 'workerId', /has 513 characters/, /1 to 512/)
      refuses({ workerId: 7 }, 'workerId', /workerId is 7/, /unique among live workers/)
    })
  })

  describe('checkpoint', () => {
    const cases: readonly (readonly [unknown, unknown])[] = [
      ['manual', 'manual'],
      [{}, { everyMs: 1000, everyRecords: Number.MAX_SAFE_INTEGER }],
      [{ everyMs: 0 }, { everyMs: 0, everyRecords: Number.MAX_SAFE_INTEGER }],
      [
        { everyMs: 5, everyRecords: 9 },
        { everyMs: 5, everyRecords: 9 },
      ],
      // Who counts records does not ask for a clock.
      [{ everyRecords: 9 }, { everyMs: Number.MAX_SAFE_INTEGER, everyRecords: 9 }],
    ]
    for (const [given, expected] of cases) {
      it(`${JSON.stringify(given)} means ${JSON.stringify(expected)}`, () => {
        assert.deepEqual(resolved({ checkpoint: given }).checkpoint, expected)
      })
    }
  })

  describe('lease.table', () => {
    const tableOf = (table: unknown) => resolved({ lease: { table } }).lease.table

    it("has KCL's capacity for a provisioned table that does not name its own", () => {
      assert.deepEqual(tableOf({ billing: {} }).billing, {
        readCapacityUnits: 10,
        writeCapacityUnits: 10,
      })
      assert.deepEqual(tableOf({ billing: { writeCapacityUnits: 3 } }).billing, {
        readCapacityUnits: 10,
        writeCapacityUnits: 3,
      })
    })

    it('takes tags as the service wants them', () => {
      const given = JSON.parse('{"team":"orders","__proto__":"x","empty":""}') as unknown
      assert.deepEqual(tableOf({ tags: given }).tags, [
        { Key: 'team', Value: 'orders' },
        { Key: '__proto__', Value: 'x' },
        { Key: 'empty', Value: '' },
      ])
    })

    const path = 'lease.table'
    const wrong: readonly (readonly [object, string, RegExp, RegExp])[] = [
      [{ billing: 'provisioned' }, `${path}.billing`, /"provisioned"/, /on-demand/],
      [
        { billing: { readCapacityUnits: 0 } },
        `${path}.billing.readCapacityUnits`,
        / is 0/,
        /from 1/,
      ],
      [{ billing: { rcu: 1 } }, `${path}.billing.rcu`, /Unknown/, /readCapacityUnits/],
      [{ tags: ['a'] }, `${path}.tags`, /an array/, /object of texts/],
      [{ tags: { a: 1 } }, `${path}.tags.a`, /no text/, /256/],
      [{ tags: { 'AWS:x': 'y' } }, `${path}.tags`, /AWS:x/, /do not begin/],
      [
        { tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, ''])) },
        `${path}.tags`,
        /51 tags/,
        /at most 50/,
      ],
      [{ deletionProtection: 'yes' }, `${path}.deletionProtection`, /"yes"/, /true or false/],
    ]
    for (const [table, option, message, hint] of wrong) {
      it(`is not ${JSON.stringify(table).slice(0, 60)}`, () => {
        refuses({ lease: { table } }, option, message, hint)
      })
    }

    it('does not ask for recovery from a port that cannot switch it on', () => {
      const lease = { table: { pointInTimeRecovery: true } }
      const dynamodb = new SimulatedDynamo()
      assert.equal(resolved({ lease, dynamodb }).lease.table.pointInTimeRecovery, true)
      const without = new Proxy(dynamodb, {
        get: (target, name) =>
          name === 'updateContinuousBackups' ? undefined : Reflect.get(target, name),
      })
      refuses({ lease, dynamodb: without }, `${path}.pointInTimeRecovery`, /has no/, /by hand/)
    })
  })

  describe('refuses', () => {
    const wrong: readonly (readonly [string, object, string, RegExp, RegExp])[] = [
      ['an unknown option', { workerID: 'x' }, 'workerID', /Unknown option/, /mean "workerId"/],
      [
        'one of a group',
        { lease: { failoverTimeMS: 1 } },
        'lease.failoverTimeMS',
        /Unknown/,
        /"failoverTimeMs"/,
      ],
      [
        'one of retrieval',
        { retrieval: { mode: 'polling', maxRecord: 1 } },
        'retrieval.maxRecord',
        /Unknown/,
        /"maxRecords"/,
      ],
      [
        'one of checkpoint',
        { checkpoint: { everyMS: 1 } },
        'checkpoint.everyMS',
        /Unknown/,
        /"everyMs"/,
      ],
      [
        'no application name',
        { applicationName: undefined },
        'applicationName',
        /is missing/,
        /names the lease table/,
      ],
      [
        'a name that no table may have',
        { applicationName: 'my app' },
        'applicationName',
        /"my app"/,
        /3 to 237/,
      ],
      ['no stream', { stream: undefined }, 'stream', /undefined/, /ARN/],
      ['a stream that cannot be', { stream: 'a/b' }, 'stream', /"a\/b"/, /ARN/],
      [
        'an unknown position',
        { initialPosition: 'latest' },
        'initialPosition',
        /"latest"/,
        /"LATEST"/,
      ],
      [
        'a position that is no date',
        { initialPosition: { atTimestamp: new Date(Number.NaN) } },
        'initialPosition',
        /an object/,
        /atTimestamp: Date/,
      ],
      [
        'a position with more to it',
        { initialPosition: { atTimestamp: new Date(0), shard: 1 } },
        'initialPosition.shard',
        /Unknown/,
        /atTimestamp/,
      ],
      [
        'an unknown way to read',
        { retrieval: { mode: 'fan-out' } },
        'retrieval.mode',
        /"fan-out"/,
        /polling/,
      ],
      [
        'reads too close together',
        { retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 199 } },
        'retrieval.idleTimeBetweenReadsMs',
        /199/,
        /from 200/,
      ],
      [
        'too many records a read',
        { retrieval: { mode: 'polling', maxRecords: 10_001 } },
        'retrieval.maxRecords',
        /10001/,
        /to 10000/,
      ],
      [
        'a fraction',
        { lease: { failoverTimeMs: 1000.5 } },
        'lease.failoverTimeMs',
        /1000.5/,
        /whole number/,
      ],
      [
        'a number as text',
        { lease: { failoverTimeMs: '10000' } },
        'lease.failoverTimeMs',
        /"10000"/,
        /whole number/,
      ],
      [
        'room for no lease',
        { lease: { maxLeasesForWorker: 0 } },
        'lease.maxLeasesForWorker',
        /is 0/,
        /from 1 up \(default unlimited\)/,
      ],
      [
        'an unknown way with a former stream',
        { onRecreatedStream: 'ignore' },
        'onRecreatedStream',
        /"ignore"/,
        /refuse, reset/,
      ],
      [
        'an unknown option of clean-up',
        { lease: { leaseCleanup: { intervalMillis: 1 } } },
        'lease.leaseCleanup.intervalMillis',
        /Unknown option/,
        /Did you mean/,
      ],
      [
        'an unknown option of handoffs',
        { lease: { gracefulHandoff: { timeoutMillis: 1 } } },
        'lease.gracefulHandoff.timeoutMillis',
        /Unknown option/,
        /Did you mean/,
      ],
      [
        'a handoff without time',
        { lease: { gracefulHandoff: { timeoutMs: 999 } } },
        'lease.gracefulHandoff.timeoutMs',
        /timeoutMs is 999/,
        /from 1000 to/,
      ],
      [
        'a switch that is a group',
        { lease: { gracefulHandoff: false } },
        'lease.gracefulHandoff',
        /gracefulHandoff is false/,
        /^Use \{ enabled: false \}\.$/,
      ],
      ['a group that is none', { lease: 5 }, 'lease', /lease is 5/, /Pass an object for lease/],
      [
        'an unknown verdict',
        { onHandlerError: 'ignore' },
        'onHandlerError',
        /"ignore"/,
        /retry, skip, stop/,
      ],
      [
        'an unknown verdict on bytes',
        { onMalformed: 'drop' },
        'onMalformed',
        /"drop"/,
        /raw, skip, stop/,
      ],
      [
        'an unknown way with aggregates',
        { onMisplacedAggregate: 'skip' },
        'onMisplacedAggregate',
        /"skip"/,
        /deliver, filter, drop/,
      ],
      [
        'half a codec',
        { codec: { encode: () => new Uint8Array() } },
        'codec',
        /no decode/,
        /encode, decode/,
      ],
      [
        'something that is no Kinesis client',
        { client: {} },
        'client',
        /no putRecords/,
        /getRecords/,
      ],
      [
        'something that is no DynamoDB client',
        { dynamodb: { getItem() {} } },
        'dynamodb',
        /no putItem/,
        /updateItem/,
      ],
      ['half a logger', { logger: { info() {} } }, 'logger', /no debug, warn, error/, /methods/],
      ['half a source of chance', { random: { next: () => 0 } }, 'random', /no uuid/, /methods/],
      ['metrics without put', { metrics: {} }, 'metrics', /no put/, /methods/],
      [
        'an endpoint that is no URL',
        { endpoint: 'localhost:4567' },
        'endpoint',
        /localhost/,
        /whole URL/,
      ],
      [
        'the same for DynamoDB',
        { dynamodbEndpoint: 'localhost' },
        'dynamodbEndpoint',
        /localhost/,
        /whole URL/,
      ],
      ['a region that is none', { region: 'EU West' }, 'region', /"EU West"/, /eu-west-1/],
    ]
    for (const [what, given, option, message, hint] of wrong) {
      it(what, () => refuses(given, option, message, hint))
    }

    it('options that are none', () => {
      for (const given of [undefined, null, {}, 5, 'orders', []]) {
        assert.throws(
          () => resolveConsumerOptions(given as unknown as ConsumerOptions),
          InvalidOptionError,
        )
      }
    })
  })

  describe('refuses the contradiction of', () => {
    const client = new SimulatedKinesis()
    const dynamodb = new SimulatedDynamo()
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const url = 'http://localhost:1'
    const wrong: readonly (readonly [string, object, string, RegExp, RegExp])[] = [
      [
        'counters looked at less than once per F',
        { lease: { failoverTimeMs: 1000 } },
        'lease.observationIntervalMs',
        /\(2000\) is above lease.failoverTimeMs \(1000\)/,
        /at least once/,
      ],
      [
        'leases found later than they expire',
        { lease: { discoveryIntervalMs: 10_001 } },
        'lease.discoveryIntervalMs',
        /\(10001\) is above/,
        /at least once/,
      ],
      [
        'signs of life rarer than they count',
        { lease: { workerMetricsIntervalMs: 30_001 } },
        'lease.workerMetricsIntervalMs',
        /30001/,
        /at most 30000/,
      ],
      [
        'a leader that is stale before it is looked at twice',
        { lease: { leaderLeaseDurationMs: 3999 } },
        'lease.leaderLeaseDurationMs',
        /\(3999\) is below twice lease.observationIntervalMs \(2000\)/,
        /at least two looks/,
      ],
      [
        'two regions',
        { stream: ARN, region: 'us-east-1' },
        'region',
        /"us-east-1".*eu-west-1/,
        /Leave region out/,
      ],
      [
        'a client and its endpoint',
        { client, endpoint: url },
        'endpoint',
        /beside client/,
        /leave client out/,
      ],
      [
        'a DynamoDB client and its endpoint',
        { dynamodb, dynamodbEndpoint: url },
        'dynamodbEndpoint',
        /beside dynamodb/,
        /leave dynamodb out/,
      ],
      [
        'both clients and a region',
        { client, dynamodb, region: 'eu-west-1' },
        'region',
        /beside client and dynamodb/,
        /Give region/,
      ],
      [
        'both clients and credentials',
        { client, dynamodb, credentials },
        'credentials',
        /beside client and dynamodb/,
        /Give credentials/,
      ],
    ]
    for (const [what, given, option, message, hint] of wrong) {
      it(what, () => refuses(given, option, message, hint))
    }

    it('none of these: they go together', () => {
      resolved({ client, region: 'eu-west-1', credentials, dynamodbEndpoint: url })
      resolved({ dynamodb, region: 'eu-west-1', credentials, endpoint: url })
      resolved({ lease: { leaderLeaseDurationMs: 4000, gracefulHandoff: { timeoutMs: 1000 } } })
      resolved({ lease: { failoverTimeMs: 2000, workerMetricsIntervalMs: 30_000 } })
      resolved({
        lease: { failoverTimeMs: 100, observationIntervalMs: 100, discoveryIntervalMs: 100 },
      })
    })
  })
})

describe('openPorts', () => {
  it('takes the ports it is given and leaves them open', () => {
    const client = new SimulatedKinesis()
    const dynamodb = new SimulatedDynamo()
    const ports = openPorts(resolved({ client, dynamodb }))
    assert.equal(ports.kinesis, client)
    assert.equal(ports.dynamo, dynamodb)
    ports.close()
  })

  it('makes what it was not given', () => {
    const dynamodb = new SimulatedDynamo()
    const ports = openPorts(resolved({ dynamodb, stream: ARN }))
    assert.equal(typeof ports.kinesis.getRecords, 'function')
    assert.equal(ports.dynamo, dynamodb)
    ports.close()
  })
})
