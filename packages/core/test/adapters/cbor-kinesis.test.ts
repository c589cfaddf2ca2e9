import assert from 'node:assert/strict'
import { createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { cbor } from '@smithy/core/cbor'
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler'
import type { PutRecordsInput } from '../../src/ports/kinesis.ts'
import {
  CBOR,
  CborRig,
  JSON_1_1,
  PUT,
  RECORD,
  type Reply,
  rejection,
  reply,
  STORED,
} from './cbor-rig.ts'
import { type SeenRequest, TEST_CREDENTIALS } from './scripted-server.ts'
import { checkSignature } from './signature-check.ts'

describe('kinesisOverCbor', () => {
  let rig: CborRig
  beforeEach(async () => {
    rig = new CborRig()
    await rig.setUp()
  })
  afterEach(() => rig.tearDown())

  it('sends CBOR and returns the results in order', async () => {
    const Records = [
      { ShardId: 's', SequenceNumber: '1' },
      { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'slow' },
    ]
    rig.answerWith(() => reply(200, { FailedRecordCount: 1, Records, EncryptionType: 'NONE' }))
    const input = {
      StreamARN: 'arn:aws:kinesis:eu-west-3:123456789012:stream/s',
      Records: [
        { ...RECORD, ExplicitHashKey: '7' },
        { Data: new Uint8Array(0), PartitionKey: 'ключ' },
      ],
    }
    assert.deepEqual(await rig.open().putRecords(input), { FailedRecordCount: 1, Records })
    const [request] = rig.server.requests
    assert.ok(request)
    assert.equal(request.target, 'Kinesis_20131202.PutRecords')
    assert.deepEqual(rig.contentTypes(), [CBOR])
    const sent = cbor.deserialize(request.bytes) as { Records: { Data: Uint8Array }[] }
    assert.equal(Buffer.from(sent.Records[0]?.Data ?? []).toString(), 'CANARY-DATA')
    assert.deepEqual(
      { ...sent, Records: sent.Records.map(({ Data, ...rest }) => rest) },
      { ...input, Records: input.Records.map(({ Data, ...rest }) => rest) },
    )
  })

  it('reads answers as Java writes them, and without members that are null', async () => {
    const text = (value: string): Buffer => Buffer.from(cbor.serialize(value))
    const body = Buffer.concat([
      Buffer.from([0xbf]),
      text('Records'),
      Buffer.from([0x9f, 0xbf]),
      text('ShardId'),
      text('s-1'),
      text('ErrorCode'),
      Buffer.from([0xf6]),
      Buffer.from([0xff, 0xff]),
      text('FailedRecordCount'),
      Buffer.from([0x00, 0xff]),
    ])
    rig.answerWith(() => [200, body, { 'content-type': CBOR }])
    const output = await rig.open().putRecords(PUT)
    assert.equal(output.FailedRecordCount, 0)
    assert.equal(output.Records[0]?.ShardId, 's-1')
    assert.equal(output.Records[0]?.ErrorCode, undefined)
  })

  describe('where CBOR is not understood', () => {
    const refusingCbor = (request: SeenRequest): Reply =>
      request.headers['content-type'] === CBOR
        ? [400, '{"__type":"SerializationException"}', { 'content-type': JSON_1_1 }]
        : [200, JSON.stringify(STORED), { 'content-type': JSON_1_1 }]

    it('goes on in JSON, from the same call on', async () => {
      rig.answerWith(refusingCbor)
      const kinesis = rig.open()
      await kinesis.putRecords(PUT)
      await kinesis.putRecords(PUT)
      assert.deepEqual(rig.contentTypes(), [CBOR, JSON_1_1, JSON_1_1])
      assert.deepEqual(JSON.parse(rig.server.requests[1]?.body ?? ''), {
        StreamName: 'stream',
        Records: [{ ...RECORD, Data: RECORD.Data.toString('base64') }],
      })
    })

    it('takes a result in JSON for what it is, and stays with CBOR', async () => {
      rig.server.json(200, STORED)
      const kinesis = rig.open()
      await kinesis.putRecords(PUT)
      await kinesis.putRecords(PUT)
      assert.deepEqual(rig.contentTypes(), [CBOR, CBOR])
    })

    it('does not send again when the stream is missing', async () => {
      rig.server.error(400, 'ResourceNotFoundException', 'no such stream')
      await rejection(rig.open().putRecords(PUT))
      assert.equal(rig.server.requests.length, 1)
    })
  })

  describe('sockets', () => {
    it('are destroyed under a call that is aborted or too late, and none is left', async () => {
      const kinesis = rig.open()
      for (const end of ['abort', 'timeout'] as const) {
        const controller = new AbortController()
        const closed = new Promise<void>((resolve) => {
          rig.server.answer = (_request, response) => {
            response.writeHead(200, { 'content-type': CBOR })
            response.write(Buffer.from([0xa2]))
            response.on('close', resolve)
            if (end === 'abort') controller.abort()
          }
        })
        const call = kinesis.putRecords(PUT, {
          signal: controller.signal,
          timeoutMs: end === 'abort' ? undefined : 300,
        })
        assert.equal((await rejection(call)).kind, end === 'abort' ? 'aborted' : 'network')
        await closed
      }
      rig.answerWith(() => reply(200, STORED))
      await kinesis.putRecords(PUT)
      const alive = [...rig.server.sockets].filter((socket) => !socket.destroyed)
      assert.equal(alive.length, 1)
    })

    it('leave no listener on the signal of many calls', async () => {
      const { signal } = new AbortController()
      const counted = { added: 0, removed: 0 }
      const [add, remove] = [signal.addEventListener, signal.removeEventListener]
      signal.addEventListener = function (...given: Parameters<typeof add>) {
        counted.added++
        add.apply(this, given)
      }
      signal.removeEventListener = function (...given: Parameters<typeof remove>) {
        counted.removed++
        remove.apply(this, given)
      }
      const kinesis = rig.open()
      for (let call = 0; call < 3; call++) await kinesis.putRecords(PUT, { signal })
      assert.deepEqual(counted, { added: 3, removed: 3 })
    })
  })

  it('goes over HTTP/2 where the request handler of the user does', async () => {
    const seen: IncomingHttpHeaders[] = []
    const http2 = createHttp2Server()
    http2.on('stream', (stream, headers) => {
      seen.push(headers)
      stream.resume().on('end', () => {
        stream.respond({ ':status': 200, 'content-type': CBOR })
        stream.end(cbor.serialize(STORED))
      })
    })
    await new Promise<void>((resolve) => http2.listen(0, '127.0.0.1', resolve))
    const authority = `127.0.0.1:${(http2.address() as AddressInfo).port}`
    try {
      const kinesis = rig.open({
        endpoint: `http://${authority}`,
        requestHandler: new NodeHttp2Handler() as never,
      })
      assert.equal((await kinesis.putRecords(PUT)).Records.length, 1)
      kinesis.close()
      assert.equal(seen[0]?.[':authority'], authority)
      assert.match(String(seen[0]?.authorization), /SignedHeaders=:authority;/)
    } finally {
      await new Promise((resolve) => http2.close(resolve))
    }
  })

  describe('bodies', () => {
    const putOf = (seed: number, bytes: number): PutRecordsInput => ({
      StreamName: `stream-${seed}`,
      Records: [{ Data: Buffer.alloc(bytes, seed), PartitionKey: `k${seed}` }],
    })

    it('are right for calls under way together, over buffers that are used again', async () => {
      const kinesis = rig.open({ maxConnections: 4 })
      const sizes = [10, 300_000, 5, 1_500_000, 70_000]
      for (let round = 0; round < 3; round++) {
        await Promise.all(sizes.map((bytes, i) => kinesis.putRecords(putOf(round * 5 + i, bytes))))
      }
      assert.equal(rig.server.requests.length, 15)
      for (const request of rig.server.requests) {
        const sent = cbor.deserialize(request.bytes) as PutRecordsInput
        const seed = Number(sent.StreamName?.slice(7))
        const expected = Buffer.alloc(sizes[seed % 5] ?? 0, seed)
        assert.equal(Buffer.compare(sent.Records[0]?.Data ?? new Uint8Array(), expected), 0)
        assert.ok(checkSignature(request, TEST_CREDENTIALS.secretAccessKey).isValid)
      }
    })

    it('belong to a request handler that the user gave', async () => {
      const bodies: Buffer[] = []
      const inner = new NodeHttpHandler()
      const kinesis = rig.open({
        requestHandler: Object.assign(
          {
            handle: (request: { headers: Record<string, string>; body?: unknown }) => {
              bodies.push(request.body as Buffer)
              return inner.handle(request as never)
            },
          },
          { destroy: () => inner.destroy() },
        ),
      })
      await kinesis.putRecords(putOf(1, 100))
      await kinesis.putRecords(putOf(2, 100))
      const names = bodies.map((body) => (cbor.deserialize(body) as PutRecordsInput).StreamName)
      assert.deepEqual(names, ['stream-1', 'stream-2'])
    })
  })
})
