import assert from 'node:assert/strict'
import { Agent } from 'node:https'
import { GetRecordsCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import type { PutRecordsEntry } from '@millrace/core/internal'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { evenShards } from '../../harness/even-shards.ts'
import { readCbor, writeCbor } from '../../harness/tls-kinesis/cbor.ts'
import { readPutRecords } from '../../harness/tls-kinesis/put-records.ts'
import { startTlsKinesis, type TlsKinesis } from '../../harness/tls-kinesis/server.ts'

const SECRET = 'secret'

describe('the TLS endpoint', () => {
  let endpoint: TlsKinesis
  let taken: { readonly entry: PutRecordsEntry; readonly shard: number | undefined }[] = []
  let faults: string[] = []

  before(async () => {
    endpoint = await startTlsKinesis({
      shardMap: evenShards(2),
      secretAccessKey: SECRET,
      put: (entries, shards) => {
        for (const [i, entry] of entries.entries()) taken.push({ entry, shard: shards[i] })
      },
      operations: {
        GetRecords: (contentType, body) => {
          const { ShardIterator } = JSON.parse(body.toString()) as { ShardIterator: string }
          assert.equal(contentType, 'application/x-amz-json-1.1')
          if (ShardIterator !== 'known') throw new Error('an iterator that nobody gave')
          return Buffer.from('{"Records":[],"MillisBehindLatest":7}')
        },
      },
      fault: (what) => faults.push(what),
    })
  })
  beforeEach(() => {
    taken = []
    faults = []
  })
  after(() => endpoint.close())

  function put(secretAccessKey: string): Promise<unknown> {
    return withClient(secretAccessKey, (client) =>
      client.send(
        new PutRecordsCommand({
          StreamName: 's',
          Records: [
            { PartitionKey: 'a', ExplicitHashKey: '0', Data: Buffer.from('low') },
            { PartitionKey: 'a', ExplicitHashKey: `${2n ** 127n}`, Data: Buffer.from('high') },
          ],
        }),
      ),
    )
  }

  function get(ShardIterator: string): Promise<unknown> {
    return withClient(SECRET, (client) => client.send(new GetRecordsCommand({ ShardIterator })))
  }

  async function withClient(
    secretAccessKey: string,
    call: (client: KinesisClient) => Promise<unknown>,
  ): Promise<unknown> {
    const agent = new Agent({ ca: endpoint.certificate.cert })
    const client = new KinesisClient({
      region: 'us-east-1',
      endpoint: `https://localhost:${endpoint.port}`,
      credentials: { accessKeyId: 'id', secretAccessKey },
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler({ httpsAgent: agent }),
    })
    try {
      return await call(client)
    } finally {
      client.destroy()
      agent.destroy()
    }
  }

  it('takes what is signed rightly, over a connection that its certificate vouches for', async () => {
    const answer = (await put(SECRET)) as { Records: { ShardId: string }[] }
    assert.deepEqual(
      answer.Records.map(({ ShardId }) => ShardId),
      ['shardId-000000000000', 'shardId-000000000001'],
    )
    assert.deepEqual(
      taken.map(({ entry, shard }) => [Buffer.from(entry.Data).toString(), shard]),
      [
        ['low', 0],
        ['high', 1],
      ],
    )
    assert.deepEqual(faults, [])
  })

  it('refuses what is signed with another secret', async () => {
    await assert.rejects(put('another'))
    assert.deepEqual(faults, ['the signature does not match'])
    assert.deepEqual(taken, [])
  })

  it('answers other operations as it is told to, in bytes too', async () => {
    const answer = (await get('known')) as { readonly MillisBehindLatest: number }
    assert.equal(answer.MillisBehindLatest, 7)
    await assert.rejects(get('unknown'))
    assert.deepEqual(faults, ['an iterator that nobody gave'])
  })
})

describe('readPutRecords', () => {
  const Records = [{ PartitionKey: 'k', Data: 'eA==' }]
  const JSON_TYPE = 'application/x-amz-json-1.1'

  it('reads JSON', () => {
    const body = readPutRecords(JSON_TYPE, Buffer.from(JSON.stringify({ Records })))
    assert.equal(Buffer.from(body.Records[0]?.Data ?? []).toString(), 'x')
  })

  for (const [what, bad] of [
    ['no entries', []],
    ['more than 500 entries', Array.from({ length: 501 }, () => Records[0])],
    ['an entry without a key', [{ Data: 'eA==' }]],
    ['data that is no base64', [{ PartitionKey: 'k', Data: 'eA=' }]],
    [
      'more than 10 MiB',
      Array.from({ length: 11 }, () => ({ PartitionKey: 'k', Data: 'AAAA'.repeat(349_526) })),
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      const body = Buffer.from(JSON.stringify({ Records: bad }))
      assert.throws(() => readPutRecords(JSON_TYPE, body))
    })
  }
})

describe('CBOR', () => {
  // Examples of RFC 8949, appendix A.
  for (const [hex, value] of [
    ['1818', 24],
    ['1a000f4240', 1_000_000],
    ['20', -1],
    ['f5', true],
    ['f6', null],
    ['fb3ff199999999999a', 1.1],
    ['4401020304', Buffer.from([1, 2, 3, 4])],
    ['63e6b0b4', '水'],
    ['83010203', [1, 2, 3]],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['5f42010243030405ff', Buffer.from([1, 2, 3, 4, 5])],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
    ['c11a514b67b0', 1_363_896_240],
  ] as const) {
    it(`reads ${hex}`, () => assert.deepEqual(readCbor(Buffer.from(hex, 'hex')), value))
  }

  it('refuses what is cut short, and what goes on', () => {
    assert.throws(() => readCbor(Buffer.from('4401', 'hex')))
    assert.throws(() => readCbor(Buffer.from('0000', 'hex')))
  })

  it('is read back as it was written', () => {
    const value = { Records: [{ ShardId: 's'.repeat(300), Count: 70_000 }], Empty: [], Text: '' }
    assert.deepEqual(readCbor(writeCbor(value)), value)
  })
})
