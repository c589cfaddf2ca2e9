import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { inspect, promisify } from 'node:util'
import { kinesisOverCbor } from '../../src/adapters/cbor-kinesis.ts'
import { kinesisFromSdk, type SdkKinesis } from '../../src/adapters/sdk-kinesis.ts'
import type { AwsClientOptions } from '../../src/adapters/sdk-options.ts'
import { isServiceError, type ServiceError } from '../../src/service-errors.ts'
import { ScriptedServer, TEST_CREDENTIALS } from './scripted-server.ts'

const env: {
  AWS_RETRY_MODE?: string
  AWS_REGION?: string
  AWS_CONFIG_FILE?: string
} = process.env

const RECORD = { Data: Buffer.from('CANARY-DATA'), PartitionKey: 'CANARY-PARTITION' }
const PUT = { StreamName: 'stream', Records: [RECORD] }

async function rejection(promise: Promise<unknown>): Promise<ServiceError> {
  const error = await promise.then(
    () => assert.fail('it did not reject'),
    (thrown: unknown) => thrown,
  )
  assert.ok(isServiceError(error), inspect(error))
  return error
}

for (const factory of [kinesisFromSdk, kinesisOverCbor])
  describe(factory.name, () => {
    let server: ScriptedServer
    let opened: SdkKinesis[]

    beforeEach(async () => {
      server = new ScriptedServer()
      opened = []
      await server.listen()
    })
    afterEach(async () => {
      for (const kinesis of opened) kinesis.close()
      await server.close()
    })

    function kinesis(options: AwsClientOptions = {}): SdkKinesis {
      const made = factory({
        region: 'us-east-1',
        endpoint: server.url,
        credentials: TEST_CREDENTIALS,
        ...options,
      })
      opened.push(made)
      return made
    }

    it('returns the results of PutRecords in order', async () => {
      server.json(200, {
        FailedRecordCount: 1,
        Records: [
          { ShardId: 's', SequenceNumber: '1' },
          { ErrorCode: 'InternalFailure', ErrorMessage: 'x' },
        ],
      })
      const output = await kinesis().putRecords(PUT)
      assert.equal(output.FailedRecordCount, 1)
      assert.deepEqual(
        output.Records.map((entry) => entry.ErrorCode ?? entry.ShardId),
        ['s', 'InternalFailure'],
      )
      const request = server.requests[0]
      assert.equal(request?.target, 'Kinesis_20131202.PutRecords')
    })

    it('reads records, the end of a shard and its children', async () => {
      server.json(200, {
        Records: [
          {
            Data: Buffer.from('hello').toString('base64'),
            PartitionKey: 'k',
            SequenceNumber: '7',
            ApproximateArrivalTimestamp: 1_700_000_000.25,
          },
        ],
        MillisBehindLatest: 0,
        ChildShards: [
          {
            ShardId: 'child',
            ParentShards: ['s'],
            HashKeyRange: { StartingHashKey: '0', EndingHashKey: '1' },
          },
        ],
      })
      const output = await kinesis().getRecords({ ShardIterator: 'it' })
      assert.equal(Buffer.from(output.Records[0]?.Data ?? []).toString(), 'hello')
      assert.equal(output.Records[0]?.ApproximateArrivalTimestamp.getTime(), 1_700_000_000_250)
      assert.equal(output.NextShardIterator, undefined)
      assert.equal(output.ChildShards?.[0]?.ShardId, 'child')
    })

    it('tells the time of the service that answered an iterator', async () => {
      server.json(200, { ShardIterator: 'it' }, { date: 'Wed, 25 Nov 2026 10:00:00 GMT' })
      const output = await kinesis().getShardIterator({
        StreamName: 'stream',
        ShardId: 's',
        ShardIteratorType: 'LATEST',
      })
      assert.deepEqual(output, {
        ShardIterator: 'it',
        serviceTimeMs: Date.UTC(2026, 10, 25, 10),
      })
    })

    it('knows no service time when the answer has no Date', async () => {
      server.answer = (_request, response) => {
        response.sendDate = false
        response.end('{"ShardIterator":"it"}')
      }
      const output = await kinesis().getShardIterator({
        StreamName: 'stream',
        ShardId: 's',
        ShardIteratorType: 'LATEST',
      })
      assert.equal(output.serviceTimeMs, undefined)
    })

    it('reuses one socket for calls made one after another', async () => {
      server.json(200, { FailedRecordCount: 0, Records: [] })
      const client = kinesis()
      for (let i = 0; i < 20; i++) await client.putRecords(PUT)
      assert.equal(server.sockets.size, 1)
    })

    it('opens no more data sockets than maxConnections, and control calls have their own', async () => {
      const held: (() => void)[] = []
      server.answer = (request, response) => {
        if (request.target.endsWith('ListShards')) response.end('{"Shards":[]}')
        else held.push(() => response.end('{"FailedRecordCount":0,"Records":[]}'))
      }
      const client = kinesis({ maxConnections: 2 })
      const puts = [client.putRecords(PUT), client.putRecords(PUT), client.putRecords(PUT)]
      await client.listShards({ StreamName: 'stream' })
      while (held.length < 2) await client.listShards({ StreamName: 'stream' })
      assert.equal(server.sockets.size, 3)
      for (let answered = 0; answered < puts.length; ) {
        const answer = held.shift()
        if (answer === undefined) await client.listShards({ StreamName: 'stream' })
        else {
          answer()
          answered++
        }
      }
      await Promise.all(puts)
      assert.equal(server.sockets.size, 3)
    })

    it('makes one attempt only', async () => {
      server.error(500, 'InternalFailure', 'try again')
      const error = await rejection(kinesis().listShards({ StreamName: 'stream' }))
      assert.equal(error.kind, 'transient')
      assert.equal(server.requests.length, 1)
    })

    it('sends at once after a throttle, whatever AWS_RETRY_MODE says', async () => {
      const before = env.AWS_RETRY_MODE
      env.AWS_RETRY_MODE = 'adaptive'
      try {
        server.error(400, 'ProvisionedThroughputExceededException', 'slow down')
        const client = kinesis()
        for (let i = 0; i < 4; i++) {
          // The adaptive mode would wait for seconds, and the deadline would come first.
          const error = await rejection(client.putRecords(PUT, { timeoutMs: 400 }))
          assert.equal(error.kind, 'throttled')
        }
        assert.equal(server.requests.length, 4)
      } finally {
        if (before === undefined) delete env.AWS_RETRY_MODE
        else env.AWS_RETRY_MODE = before
      }
    })

    it('sends through a request handler that it is given, and destroys it at the end', async () => {
      const seen: unknown[] = []
      const client = kinesis({
        requestHandler: Object.assign(
          {
            handle: async (request: { readonly headers: Record<string, string> }) => {
              seen.push(request.headers['x-amz-target'])
              return {
                response: { statusCode: 200, headers: {}, body: Buffer.from('{"Shards":[]}') },
              }
            },
          },
          { destroy: () => seen.push('destroyed') },
        ),
      })
      assert.deepEqual((await client.listShards({ StreamName: 's' })).Shards, [])
      client.close()
      assert.deepEqual(seen, ['Kinesis_20131202.ListShards', 'destroyed'])
      assert.equal(server.requests.length, 0)
    })

    it('throws when the server stays silent past requestTimeoutMs', async () => {
      server.answer = () => {}
      const error = await rejection(kinesis({ requestTimeoutMs: 30 }).putRecords(PUT))
      assert.equal(error.kind, 'network')
      assert.equal(error.ambiguous, true)
    })

    it('lets the timeoutMs of a call go before requestTimeoutMs', async () => {
      server.answer = () => {}
      const error = await rejection(kinesis().putRecords(PUT, { timeoutMs: 30 }))
      assert.match(error.message, /30 ms/)
      assert.equal(error.kind, 'network')
    })

    it('throws when an answer begins but never ends', async () => {
      server.answer = (_request, response) => {
        response.write('{"Records":')
      }
      const error = await rejection(kinesis().putRecords(PUT, { timeoutMs: 50 }))
      assert.equal(error.kind, 'network')
    })

    it('throws when credentials never come', async () => {
      const never = (): Promise<never> => new Promise(() => {})
      const error = await rejection(
        kinesis({ credentials: never }).putRecords(PUT, { timeoutMs: 30 }),
      )
      assert.equal(error.kind, 'network')
    })

    it('ends a call whose signal fires, before and during it', async () => {
      const client = kinesis()
      const early = await rejection(client.putRecords(PUT, { signal: AbortSignal.abort() }))
      assert.equal(early.kind, 'aborted')
      assert.equal(server.requests.length, 0)

      const controller = new AbortController()
      const closed = new Promise<void>((resolve) => {
        server.answer = (_request, response) => {
          response.on('close', resolve)
          controller.abort()
        }
      })
      const late = await rejection(client.putRecords(PUT, { signal: controller.signal }))
      assert.equal(late.kind, 'aborted')
      await closed
    })

    it('calls a refused connection network, with its code', async () => {
      await server.close()
      const error = await rejection(kinesis().putRecords(PUT))
      assert.equal(error.awsName, 'ECONNREFUSED')
      assert.equal(error.kind, 'network')
    })

    it('calls a socket cut in the middle network', async () => {
      server.answer = (_request, response) => {
        response.socket?.destroy()
      }
      const error = await rejection(kinesis().putRecords(PUT))
      assert.equal(error.awsName, 'ECONNRESET')
      assert.equal(error.kind, 'network')
    })

    for (const [status, body, kind] of [
      [503, '<html>busy CANARY</html>', 'transient'],
      [404, '<html>nothing here CANARY</html>', 'invalid'],
      [200, '<html>hello CANARY</html>', 'transient'],
    ] as const) {
      it(`survives a page of HTML with status ${status}`, async () => {
        server.answer = (_request, response) => {
          response.statusCode = status
          response.end(body)
        }
        const client = kinesis()
        for (const call of [
          () => client.getRecords({ ShardIterator: 'i' }),
          () => client.putRecords(PUT),
        ]) {
          const error = await rejection(call())
          assert.equal(error.kind, kind, inspect(error))
          assert.equal(error.awsName, 'UnreadableAnswer')
          assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /CANARY/)
        }
      })
    }

    it('shows neither record, key nor credentials in any error', async () => {
      const client = kinesis()
      const failures: Promise<unknown>[] = []
      server.error(400, 'ValidationException', 'no')
      failures.push(rejection(client.putRecords(PUT)))
      failures.push(rejection(client.putRecord({ StreamName: 's', ...RECORD })))
      failures.push(
        rejection(client.putRecords({ StreamName: 's', Records: [{ Data: 5 as never }] })),
      )
      for (const failure of failures) {
        assert.doesNotMatch(inspect(await failure, { depth: 12, showHidden: true }), /CANARY/)
      }
    })

    it('says that no region is known', async () => {
      const { AWS_REGION, AWS_CONFIG_FILE } = env
      delete env.AWS_REGION
      env.AWS_CONFIG_FILE = '/nonexistent'
      try {
        const error = await rejection(kinesis({ region: undefined }).putRecords(PUT))
        assert.match(error.hint, /AWS_REGION/)
      } finally {
        if (AWS_REGION !== undefined) env.AWS_REGION = AWS_REGION
        if (AWS_CONFIG_FILE === undefined) delete env.AWS_CONFIG_FILE
        else env.AWS_CONFIG_FILE = AWS_CONFIG_FILE
      }
    })

    it('says that no credentials were found', async () => {
      const nobody = async (): Promise<never> => {
        throw Object.assign(new Error('Could not load credentials from any providers'), {
          name: 'CredentialsProviderError',
        })
      }
      const error = await rejection(kinesis({ credentials: nobody }).putRecords(PUT))
      assert.equal(error.kind, 'denied')
      assert.match(error.hint, /AWS_ACCESS_KEY_ID/)
    })

    it('rejects after close()', async () => {
      const client = kinesis()
      await rejection(client.putRecords(PUT))
      client.close()
      client.close()
      const error = await rejection(client.putRecords(PUT))
      assert.equal(error.awsName, 'ClientClosed')
    })
  })

describe('kinesisFromSdk', () => {
  it('sends records as base64', async () => {
    const server = new ScriptedServer()
    await server.listen()
    server.json(200, { FailedRecordCount: 0, Records: [] })
    const kinesis = kinesisFromSdk({
      region: 'us-east-1',
      endpoint: server.url,
      credentials: TEST_CREDENTIALS,
    })
    try {
      await kinesis.putRecords(PUT)
      assert.deepEqual(JSON.parse(server.requests[0]?.body ?? ''), {
        StreamName: 'stream',
        Records: [
          { Data: Buffer.from('CANARY-DATA').toString('base64'), PartitionKey: 'CANARY-PARTITION' },
        ],
      })
    } finally {
      kinesis.close()
      await server.close()
    }
  })

  it('prints no warning of the SDK', async () => {
    // In a process of its own: the SDK warns at the first client of a process only.
    const source = new URL('../../src/adapters/sdk-kinesis.ts', import.meta.url).href
    const program = `
      import { kinesisFromSdk } from ${JSON.stringify(source)}
      const kinesis = kinesisFromSdk({
        region: 'us-east-1', endpoint: 'http://127.0.0.1:9', credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      })
      await kinesis.listShards({ StreamName: 's' }).catch((error) => console.log(error.awsName))
      console.log(process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED)`
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      '--import=tsx',
      '--input-type=module',
      '--eval',
      program,
    ])
    assert.deepEqual([stdout, stderr], ['ECONNREFUSED\nundefined\n', ''])
  })
})
