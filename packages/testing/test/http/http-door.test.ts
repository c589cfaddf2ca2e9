import assert from 'node:assert/strict'
import { request as http1Request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { type KinesisAdminPort, type KinesisPort, ServiceError } from '@millrace/core'
import { cborFormat } from '../../src/http/cbor-format.ts'
import { HttpDoor } from '../../src/http/http-door.ts'

type Service = KinesisPort & KinesisAdminPort

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly bytes: Buffer
}

/** A service of which each test writes the one call that it needs. */
function service(calls: Partial<Service>): Service {
  return calls as Service
}

const HEADERS = {
  'content-type': 'application/x-amz-json-1.1',
  authorization: 'AWS4-HMAC-SHA256 Credential=x',
}

describe('HttpDoor', () => {
  let door: HttpDoor
  let url: string

  afterEach(() => door.close())

  async function open(calls: Partial<Service>): Promise<void> {
    ;({ door, url } = await HttpDoor.open(service(calls), { host: '127.0.0.1', port: 0 }))
  }

  function post(
    operation: string,
    body: string | Buffer,
    headers: Record<string, string> = HEADERS,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http1Request(
        url,
        {
          method: 'POST',
          headers: { ...headers, 'x-amz-target': `Kinesis_20131202.${operation}` },
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
              bytes: Buffer.concat(chunks),
            }),
          )
        },
      )
      request.on('error', reject)
      request.end(body)
    })
  }

  function postHttp2(operation: string, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const session = connectHttp2(url)
      session.on('error', reject)
      const stream = session.request({
        ':method': 'POST',
        ':path': '/',
        ...HEADERS,
        'x-amz-target': `Kinesis_20131202.${operation}`,
      })
      let headers: Answer['headers'] = {}
      const chunks: Buffer[] = []
      stream.on('response', (received) => {
        headers = received as Answer['headers']
      })
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('error', reject)
      stream.on('end', () => {
        session.close()
        resolve({
          status: Number(headers[':status']),
          headers,
          body: Buffer.concat(chunks).toString(),
          bytes: Buffer.concat(chunks),
        })
      })
      stream.end(body)
    })
  }

  it('answers HTTP/1.1 and HTTP/2 on one port alike', async () => {
    await open({ getShardIterator: async () => ({ ShardIterator: 'it', serviceTimeMs: 0 }) })
    const body = '{"StreamName":"s","ShardId":"x","ShardIteratorType":"LATEST"}'
    for (const answer of [
      await post('GetShardIterator', body),
      await postHttp2('GetShardIterator', body),
    ]) {
      assert.equal(answer.status, 200)
      assert.equal(answer.body, '{"ShardIterator":"it"}')
      assert.equal(answer.headers['date'], 'Thu, 01 Jan 1970 00:00:00 GMT')
      assert.equal(answer.headers['content-type'], 'application/x-amz-json-1.1')
      assert.match(String(answer.headers['x-amzn-requestid']), /^[0-9a-f-]{36}$/)
    }
  })

  it('answers CBOR in CBOR, results and refusals alike', async () => {
    await open({
      getRecords: async () => {
        throw new ServiceError('GetRecords', 'ExpiredIteratorException', 'too old')
      },
      getShardIterator: async (input) => ({ ShardIterator: String(input.Timestamp?.getTime()) }),
    })
    const cbor = { ...HEADERS, 'content-type': 'application/x-amz-cbor-1.1' }
    const asked = { ShardId: 'x', ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(1250) }
    const answer = await post('GetShardIterator', cborFormat.write(asked), cbor)
    assert.equal(answer.headers['content-type'], 'application/x-amz-cbor-1.1')
    assert.deepEqual(cborFormat.parse(answer.bytes), { ShardIterator: '1250' })
    const refused = await post('GetRecords', cborFormat.write({ ShardIterator: 'x' }), cbor)
    assert.equal(refused.status, 400)
    assert.equal(refused.headers['content-type'], 'application/x-amz-cbor-1.1')
    assert.deepEqual(cborFormat.parse(refused.bytes), {
      __type: 'ExpiredIteratorException',
      message: 'too old',
    })
  })

  it('answers a call that returns nothing with an empty body', async () => {
    await open({ deleteStream: async () => {} })
    const answer = await post('DeleteStream', '{"StreamName":"s"}')
    assert.deepEqual([answer.status, answer.body], [200, ''])
  })

  it('hands the input over in the shapes of the port', async () => {
    const seen: unknown[] = []
    await open({
      listShards: async (input) => {
        seen.push(input)
        return { Shards: [] }
      },
    })
    await post(
      'ListShards',
      '{"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP","Timestamp":1.25}}',
    )
    assert.deepEqual(seen, [
      { StreamName: 's', ShardFilter: { Type: 'AT_TIMESTAMP', Timestamp: new Date(1250) } },
    ])
  })

  it('reports a refusal of the service by name, with its words only', async () => {
    await open({
      getRecords: async () => {
        throw new ServiceError('GetRecords', 'ExpiredIteratorException', 'too old')
      },
    })
    const answer = await post('GetRecords', '{"ShardIterator":"x"}')
    assert.equal(answer.status, 400)
    assert.deepEqual(JSON.parse(answer.body), {
      __type: 'ExpiredIteratorException',
      message: 'too old',
    })
    assert.equal(answer.headers['x-amzn-errortype'], 'ExpiredIteratorException')
  })

  for (const [awsName, status] of [
    ['InternalFailure', 500],
    ['ServiceUnavailable', 503],
    ['AccessDeniedException', 400],
  ] as const) {
    it(`answers ${awsName} with status ${status}`, async () => {
      await open({
        getRecords: async () => {
          throw new ServiceError('GetRecords', awsName, 'x')
        },
      })
      assert.equal((await post('GetRecords', '{"ShardIterator":"x"}')).status, status)
    })
  }

  it('answers a defect behind it with InternalFailure', async () => {
    await open({
      getRecords: async () => {
        throw new TypeError('x')
      },
    })
    const answer = await post('GetRecords', '{"ShardIterator":"x"}')
    assert.equal(answer.status, 500)
    assert.equal(JSON.parse(answer.body).__type, 'InternalFailure')
  })

  it('cuts the connection when the reply is lost, over either protocol', async () => {
    await open({
      getRecords: async () => {
        throw new ServiceError('GetRecords', 'ECONNRESET', 'lost')
      },
    })
    await assert.rejects(post('GetRecords', '{"ShardIterator":"x"}'), { code: 'ECONNRESET' })
    await assert.rejects(postHttp2('GetRecords', '{"ShardIterator":"x"}'), {
      code: 'ERR_HTTP2_STREAM_ERROR',
    })
  })

  for (const [what, operation, body, headers, name] of [
    ['an unknown operation', 'Nonsense', '{}', HEADERS, 'UnknownOperationException'],
    [
      'an operation that is not served',
      'UpdateShardCount',
      '{}',
      HEADERS,
      'UnknownOperationException',
    ],
    ['a property of Object', 'constructor', '{}', HEADERS, 'UnknownOperationException'],
    ['malformed JSON', 'ListShards', '{"StreamName":', HEADERS, 'SerializationException'],
    [
      'malformed CBOR',
      'ListShards',
      '{',
      { ...HEADERS, 'content-type': 'application/x-amz-cbor-1.1' },
      'SerializationException',
    ],
    ['a wrong type', 'ListShards', '{"StreamName":5}', HEADERS, 'SerializationException'],
    ['a missing member', 'GetRecords', '{}', HEADERS, 'ValidationException'],
    [
      'another format',
      'ListShards',
      '{}',
      { ...HEADERS, 'content-type': 'text/plain' },
      'SerializationException',
    ],
    [
      'an unsigned request',
      'ListShards',
      '{}',
      { 'content-type': HEADERS['content-type'] },
      'MissingAuthenticationTokenException',
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await open({})
      const answer = await post(operation, body, headers)
      assert.equal(answer.status, 400)
      assert.equal(answer.headers['x-amzn-errortype'], name)
      assert.ok(answer.body.includes(name))
    })
  }

  it('refuses a body over 16 MiB and goes on serving', async () => {
    await open({ listShards: async () => ({ Shards: [] }) })
    const answer = await post('PutRecords', Buffer.alloc(16 * 1024 * 1024 + 1, 32))
    assert.equal(answer.status, 413)
    assert.equal(JSON.parse(answer.body).__type, 'RequestEntityTooLargeException')
    assert.equal((await post('ListShards', '{}')).status, 200)
  })

  it('survives clients that go away in the middle', async () => {
    await open({ listShards: async () => ({ Shards: [] }) })
    const { port } = new URL(url)
    for (const start of ['', 'PRI * HT', 'POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\n{"Str']) {
      const socket = connect(Number(port), '127.0.0.1')
      await new Promise<void>((resolve) => socket.write(start, () => resolve()))
      socket.resetAndDestroy()
    }
    assert.equal((await post('ListShards', '{}')).status, 200)
  })

  it('builds DescribeStream out of the newer calls', async () => {
    const shard = {
      ShardId: 's-0',
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: '1' },
      SequenceNumberRange: { StartingSequenceNumber: '1' },
    }
    await open({
      describeStreamSummary: async () => ({
        StreamDescriptionSummary: {
          StreamName: 's',
          StreamARN: 'arn',
          StreamStatus: 'ACTIVE',
          StreamCreationTimestamp: new Date(2000),
          RetentionPeriodHours: 24,
          OpenShardCount: 2,
        },
      }),
      listShards: async (input) => {
        assert.equal(input.MaxResults, 1)
        return { Shards: [shard], NextToken: 'more' }
      },
    })
    const answer = await post('DescribeStream', '{"StreamName":"s","Limit":1}')
    const { StreamDescription: description } = JSON.parse(answer.body)
    assert.equal(description.HasMoreShards, true)
    assert.deepEqual(description.Shards, [shard])
    assert.equal(description.StreamCreationTimestamp, 2)
  })

  it('names the port when it is taken', async () => {
    await open({})
    const port = Number(new URL(url).port)
    await assert.rejects(HttpDoor.open(service({}), { host: '127.0.0.1', port }), {
      code: 'ERR_KINESIS_INVALID_OPTION',
      message: /EADDRINUSE/,
      hint: /another port/,
    })
  })
})
