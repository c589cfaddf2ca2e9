import assert from 'node:assert/strict'
import { cbor } from '@smithy/core/cbor'
import {
  CBOR,
  CborRig,
  GET,
  JSON_1_1,
  PUT,
  type Reply,
  rejection,
  reply,
  STORED,
} from './cbor-rig.ts'
import { type SeenRequest, TEST_CREDENTIALS } from './scripted-server.ts'
import { checkSignature } from './signature-check.ts'

const MIB = 1024 * 1024
const RECORDS = [{ Data: Buffer.from('hello'), SequenceNumber: '7', PartitionKey: 'k' }]

describe('kinesisOverCbor', () => {
  let rig: CborRig
  beforeEach(async () => {
    rig = new CborRig()
    await rig.setUp()
  })
  afterEach(() => rig.tearDown())

  describe('GetRecords', () => {
    it('is sent in CBOR, signed, and answered with records', async () => {
      rig.answerWith(() => reply(200, { Records: RECORDS, NextShardIterator: 'next' }))
      const input = {
        ShardIterator: 'A'.repeat(300),
        Limit: 10_000,
        StreamARN: 'arn:aws:kinesis:eu-west-3:123456789012:stream/s',
      }
      const output = await rig.open().getRecords(input)
      assert.equal(output.NextShardIterator, 'next')
      assert.equal(Buffer.from(output.Records[0]?.Data ?? []).toString(), 'hello')
      const [request] = rig.server.requests
      assert.ok(request)
      assert.equal(request.target, 'Kinesis_20131202.GetRecords')
      assert.deepEqual(rig.contentTypes(), [CBOR])
      assert.deepEqual({ ...(cbor.deserialize(request.bytes) as object) }, input)
      assert.ok(checkSignature(request, TEST_CREDENTIALS.secretAccessKey).isValid)
    })

    it('goes on in JSON where CBOR is not understood, also after PutRecords was in CBOR', async () => {
      rig.answerWith((request: SeenRequest): Reply => {
        if (request.target.endsWith('PutRecords')) return reply(200, STORED)
        if (request.headers['content-type'] === CBOR) {
          return [400, '{"__type":"SerializationException"}', { 'content-type': JSON_1_1 }]
        }
        const Records = RECORDS.map(({ Data, ...rest }) => ({
          ...rest,
          Data: Data.toString('base64'),
        }))
        return [200, JSON.stringify({ Records }), { 'content-type': JSON_1_1 }]
      })
      const kinesis = rig.open()
      await kinesis.putRecords(PUT)
      for (let read = 0; read < 2; read++) {
        const { Records } = await kinesis.getRecords(GET)
        assert.equal(Buffer.from(Records[0]?.Data ?? []).toString(), 'hello')
      }
      await kinesis.putRecords(PUT)
      assert.deepEqual(rig.contentTypes(), [CBOR, CBOR, JSON_1_1, JSON_1_1, CBOR])
    })

    it('leaves the records of earlier pages as they were, at 10 MiB each', async () => {
      let page = 0
      rig.answerWith(() => {
        const Data = Buffer.alloc(10 * MIB - 64, ++page)
        return reply(200, { Records: [{ ...RECORDS[0], Data }] })
      })
      const kinesis = rig.open()
      const pages = []
      for (let read = 0; read < 3; read++) pages.push(await kinesis.getRecords(GET))
      for (const [i, { Records }] of pages.entries()) {
        const expected = Buffer.alloc(10 * MIB - 64, i + 1)
        assert.equal(Buffer.compare(Records[0]?.Data ?? new Uint8Array(), expected), 0)
      }
    })

    it('destroys the socket under a read that is aborted in the middle of its answer', async () => {
      const controller = new AbortController()
      const closed = new Promise<void>((resolve) => {
        rig.server.answer = (_request, response) => {
          response.writeHead(200, { 'content-type': CBOR, 'content-length': MIB })
          response.write(Buffer.alloc(MIB / 2))
          response.on('close', resolve)
          controller.abort()
        }
      })
      const error = await rejection(rig.open().getRecords(GET, { signal: controller.signal }))
      assert.equal(error.kind, 'aborted')
      await closed
    })

    it('tells an answer that is cut short from a whole one', async () => {
      rig.server.answer = (_request, response) => {
        response.writeHead(200, { 'content-type': CBOR, 'content-length': 100_000 })
        response.write(Buffer.alloc(50_000), () => response.socket?.resetAndDestroy())
      }
      const error = await rejection(rig.open().getRecords(GET))
      assert.deepEqual([error.awsName, error.kind], ['ECONNRESET', 'network'])
    })

    it('is refused before anything is sent when it has no iterator', async () => {
      const error = await rejection(rig.open().getRecords({} as never))
      assert.deepEqual([error.awsName, error.kind], ['SerializationException', 'invalid'])
      assert.equal(rig.server.requests.length, 0)
    })
  })
})
