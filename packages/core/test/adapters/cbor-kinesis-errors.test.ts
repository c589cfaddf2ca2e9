import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { cbor } from '@smithy/core/cbor'
import { kinesisOverCbor } from '../../src/adapters/cbor-kinesis.ts'
import { kinesisFromSdk } from '../../src/adapters/sdk-kinesis.ts'
import type { ServiceError } from '../../src/service-errors.ts'
import {
  CBOR,
  CborRig,
  DATA_CALLS,
  JSON_1_1,
  PUT,
  RECORD,
  type Reply,
  rejection,
  reply,
  STORED,
} from './cbor-rig.ts'

describe('kinesisOverCbor', () => {
  let rig: CborRig
  beforeEach(async () => {
    rig = new CborRig()
    await rig.setUp()
  })
  afterEach(() => rig.tearDown())

  describe('errors', () => {
    const html = '<html>CANARY</html>'
    const failures: readonly (readonly [what: string, ...Reply])[] = [
      ...[
        'ProvisionedThroughputExceededException',
        'ExpiredIteratorException',
        'ThrottlingException',
        'LimitExceededException',
        'KMSThrottlingException',
        'KMSDisabledException',
        'ResourceNotFoundException',
        'ResourceInUseException',
        'InvalidArgumentException',
        'ValidationException',
        'AccessDeniedException',
        'UnrecognizedClientException',
        'SomethingNew',
      ].map((name) => jsonFailure(name, 400, { __type: name, message: 'the words' })),
      jsonFailure('a name with its name space', 400, {
        __type: 'com.amazonaws.kinesis.v20131202#ThrottlingException',
        message: 'slow',
      }),
      jsonFailure('a message with a capital', 400, { __type: 'ValidationException', Message: 'x' }),
      jsonFailure(
        'a name in the header',
        400,
        { message: 'x' },
        {
          'x-amzn-errortype': 'AccessDeniedException:http://internal.amazon.com/',
        },
      ),
      jsonFailure('a secret in the message', 400, {
        __type: 'ValidationException',
        message: "Value 'CANARY' at 'records.1.member.partitionKey' failed",
      }),
      jsonFailure('an internal failure', 500, { __type: 'InternalFailure', message: 'x' }),
      jsonFailure('an error without a name', 500, { message: 'x' }),
      jsonFailure('an error without a word', 400, {}),
      jsonFailure('a result without records', 200, {}),
      jsonFailure('a result with null for records', 200, { FailedRecordCount: 0, Records: null }),
      ['a body that is empty, with 500', 500, '', {}],
      ['a body that is empty, with 403', 403, '', {}],
      ['a body that is empty, with 200', 200, '', {}],
      ['a page with 503', 503, html, { 'content-type': 'text/html' }],
      ['a page with 502', 502, html, { 'content-type': 'text/html' }],
      ['a page with 413', 413, html, { 'content-type': 'text/html' }],
      ['a page with 429', 429, html, { 'content-type': 'text/html' }],
      ['a page with 301', 301, html, { location: 'http://127.0.0.1:1/' }],
      ['a page with 200', 200, html, { 'content-type': 'text/html' }],
      ['half a result', 200, '{"Records":[{"ShardId":"CANARY', { 'content-type': JSON_1_1 }],
    ]

    function jsonFailure(
      what: string,
      status: number,
      body: object,
      headers: Record<string, string> = {},
    ): readonly [string, ...Reply] {
      return [what, status, JSON.stringify(body), { 'content-type': JSON_1_1, ...headers }]
    }

    const cases = DATA_CALLS.flatMap(([name, call]) =>
      failures.map(([what, ...answer]) => ({ name, call, what, answer })),
    )
    for (const { name, call, what, answer } of cases) {
      it(`of ${name} are those of the SDK adapter: ${what}`, async () => {
        rig.answerWith(() => answer)
        const [sdk, ours] = [
          await rejection(call(rig.open({}, kinesisFromSdk))),
          await rejection(call(rig.open())),
        ]
        const view = (error: ServiceError): unknown[] => [
          error.awsName,
          error.kind,
          error.retryable,
          error.message,
          error.hint,
          (error.cause as Error | undefined)?.message,
        ]
        assert.deepEqual(view(ours), view(sdk))
        assert.doesNotMatch(inspect(ours, { depth: 9, showHidden: true }), /CANARY/)
      })
    }

    for (const [what, body] of [
      ['CBOR that is cut', cbor.serialize(STORED).subarray(0, -3)],
      ['CBOR of another kind', cbor.serialize('text')],
      ['a list of numbers for results', cbor.serialize({ Records: [1] })],
      ['a number for a shard id', cbor.serialize({ Records: [{ ShardId: 1 }] })],
      ['a length beyond everything', Buffer.from('a1675265636f7264739bffffffffffffffff', 'hex')],
    ] as const) {
      it(`hold an answer unknown that is ${what}`, async () => {
        rig.answerWith(() => [200, body, { 'content-type': CBOR, 'x-amzn-requestid': 'r-1' }])
        const error = await rejection(rig.open().putRecords(PUT))
        assert.deepEqual([error.awsName, error.kind], ['UnreadableAnswer', 'transient'])
        assert.equal(error.ambiguous, true)
        assert.match(String((error.cause as Error).message), /r-1/)
      })
    }

    it('read CBOR as they read JSON', async () => {
      rig.answerWith(() => reply(400, { __type: 'KMSDisabledException', message: 'the key' }))
      const error = await rejection(rig.open().putRecords(PUT))
      assert.deepEqual([error.awsName, error.kind], ['KMSDisabledException', 'kms'])
      assert.match(error.message, /the key/)
    })

    it('take a number of failures that is none for 0', async () => {
      rig.answerWith(() => reply(200, { ...STORED, FailedRecordCount: 2n ** 64n - 1n }))
      assert.equal((await rig.open().putRecords(PUT)).FailedRecordCount, 0)
    })

    for (const wrong of [{ Data: 5 }, { Data: 'text' }, {}, { ...RECORD, PartitionKey: 7 }]) {
      it(`refuse ${JSON.stringify(wrong)} before anything is sent`, async () => {
        const kinesis = rig.open()
        const error = await rejection(
          kinesis.putRecords({ StreamName: 's', Records: [wrong as never] }),
        )
        assert.deepEqual([error.awsName, error.kind], ['SerializationException', 'invalid'])
        assert.equal(rig.server.requests.length, 0)
      })
    }

    for (const make of [kinesisOverCbor, kinesisFromSdk]) {
      it(`name a credentials provider that brings no keys: ${make.name}`, async () => {
        for (const brought of [undefined, {}, { accessKeyId: 'a' }]) {
          const kinesis = rig.open({ credentials: async () => brought as never }, make)
          const error = await rejection(kinesis.putRecords(PUT))
          assert.deepEqual([error.awsName, error.kind], ['CredentialsProviderError', 'denied'])
        }
        assert.equal(rig.server.requests.length, 0)
      })
    }

    it('call a connection that is cut in the middle of the answer unknown', async () => {
      rig.server.answer = (_request, response) => {
        response.writeHead(200, { 'content-type': CBOR, 'content-length': '100' })
        response.write(Buffer.from([0xa2]), () => response.socket?.resetAndDestroy())
      }
      const error = await rejection(rig.open().putRecords(PUT))
      assert.deepEqual([error.awsName, error.kind], ['ECONNRESET', 'network'])
      assert.equal(error.ambiguous, true)
    })
  })
})
