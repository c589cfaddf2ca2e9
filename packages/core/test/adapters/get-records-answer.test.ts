import assert from 'node:assert/strict'
import { cbor } from '@smithy/core/cbor'
import fc from 'fast-check'
import { AwsAnswerError, type HttpAnswer, readAnswer } from '../../src/adapters/aws-answer.ts'
import { getRecordsOutput } from '../../src/adapters/get-records-answer.ts'
import { CborWriter } from '../../src/cbor/cbor-writer.ts'
import type { GetRecordsOutput, KinesisRecord } from '../../src/ports/kinesis.ts'
import { isServiceError } from '../../src/service-errors.ts'

const ARRIVED_MS = 1_700_000_000_250
const RECORD = { Data: Buffer.from('hello'), SequenceNumber: '7', PartitionKey: 'k' }
const CHILDREN = [
  {
    ShardId: 's-1',
    ParentShards: ['s-0'],
    HashKeyRange: { StartingHashKey: '0', EndingHashKey: '9' },
  },
]

function answer(body: Uint8Array, contentType = 'application/x-amz-cbor-1.1'): HttpAnswer {
  return {
    statusCode: 200,
    headers: { 'content-type': contentType },
    body: Buffer.from(body),
  }
}

function read(tree: object): GetRecordsOutput {
  return outputOf(answer(cbor.serialize(tree)))
}

function readJson(tree: object): GetRecordsOutput {
  return outputOf(answer(Buffer.from(JSON.stringify(tree)), 'application/x-amz-json-1.1'))
}

function outputOf(given: HttpAnswer): GetRecordsOutput {
  const { result } = readAnswer(given, getRecordsOutput)
  assert.ok(!(result instanceof AwsAnswerError), 'unreadable')
  return result
}

/** A record as the service writes it, its time as it is given. */
function bodyWithTime(writeTime: (writer: CborWriter) => void): Buffer {
  const writer = new CborWriter()
  writer.map(1)
  writer.text('Records')
  writer.array(1)
  writer.map(3)
  writer.text('Data')
  writer.byteString(RECORD.Data)
  writer.text('SequenceNumber')
  writer.text('7')
  writer.text('ApproximateArrivalTimestamp')
  writeTime(writer)
  return writer.bytes
}

const anyRecord = fc.record({
  Data: fc.uint8Array({ maxLength: 50 }),
  SequenceNumber: fc.bigInt({ min: 0n, max: 10n ** 56n }).map(String),
  PartitionKey: fc.option(
    fc.oneof(
      fc.string({ minLength: 1, maxLength: 100 }),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
    ),
    { nil: undefined },
  ),
  ApproximateArrivalTimestamp: fc.integer({ min: 1e12, max: 2e12 }).map((ms) => new Date(ms)),
})

describe('getRecordsOutput', () => {
  it('reads any records as they were written, from CBOR and from JSON', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 30 }), (records) => {
        const whole = { Records: records, NextShardIterator: 'next', MillisBehindLatest: 5 }
        const writer = new CborWriter()
        writeTree(writer, whole)
        const inJson = {
          ...whole,
          Records: records.map((record) => ({
            ...record,
            Data: Buffer.from(record.Data).toString('base64'),
            ApproximateArrivalTimestamp: record.ApproximateArrivalTimestamp.getTime() / 1000,
          })),
        }
        for (const output of [outputOf(answer(writer.bytes)), readJson(inJson)]) {
          assert.deepEqual(output.Records.map(plain), records.map(plain))
          assert.equal(output.NextShardIterator, 'next')
          assert.equal(output.MillisBehindLatest, 5)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('gives data that are views of the body', () => {
    const given = answer(cbor.serialize({ Records: [RECORD] }))
    const [record] = outputOf(given).Records
    assert.equal(record?.Data.buffer, given.body.buffer)
    given.body.fill('x')
    assert.equal(Buffer.from(record?.Data ?? []).toString(), 'xxxxx')
  })

  it('reads the end of a shard', () => {
    for (const output of [
      read({ Records: [], ChildShards: CHILDREN, MillisBehindLatest: 0 }),
      read({ Records: [], NextShardIterator: null, ChildShards: CHILDREN, MillisBehindLatest: 0 }),
      readJson({ Records: [], NextShardIterator: null, ChildShards: CHILDREN }),
    ]) {
      assert.equal(output.NextShardIterator, undefined)
      assert.deepEqual(output.ChildShards, CHILDREN)
    }
  })

  it('takes null for nothing, and a partition key that is absent for none', () => {
    const output = read({
      Records: [
        { ...RECORD, PartitionKey: null },
        { Data: RECORD.Data, SequenceNumber: '8' },
      ],
      MillisBehindLatest: null,
      ChildShards: null,
    })
    assert.deepEqual(
      output.Records.map((record) => record.PartitionKey),
      [undefined, undefined],
    )
    assert.equal(output.MillisBehindLatest, undefined)
    assert.equal(output.ChildShards, undefined)
  })

  it('passes over members that it does not know', () => {
    const output = read({
      Unknown: { a: [1] },
      Records: [{ ...RECORD, EncryptionType: 'KMS', More: [{ b: 2 }] }],
      NextShardIterator: 'n',
      __proto__: null,
    })
    assert.deepEqual(output.Records.map(plain), [
      { ...RECORD, Data: '68656c6c6f', ApproximateArrivalTimestamp: undefined },
    ])
    assert.equal(output.NextShardIterator, 'n')
  })

  for (const [what, write] of [
    [
      'milliseconds under tag 1, as the service',
      (writer) => {
        writer.tag(1)
        writer.integer(ARRIVED_MS)
      },
    ],
    [
      'seconds under tag 1, as the RFC',
      (writer) => {
        writer.tag(1)
        writer.double(ARRIVED_MS / 1000)
      },
    ],
    ['milliseconds without a tag', (writer) => writer.integer(ARRIVED_MS)],
    ['seconds without a tag', (writer) => writer.double(ARRIVED_MS / 1000)],
  ] as [string, (writer: CborWriter) => void][]) {
    it(`reads an arrival in ${what}`, () => {
      const [record] = outputOf(answer(bodyWithTime(write))).Records
      assert.equal(record?.ApproximateArrivalTimestamp.getTime(), ARRIVED_MS)
    })
  }

  for (const [what, body] of [
    ['a text for an arrival', bodyWithTime((writer) => writer.text('now'))],
    ['no number for an arrival', bodyWithTime((writer) => writer.double(Number.NaN))],
    ['a list', cbor.serialize([])],
    ['a number for records', cbor.serialize({ Records: 5 })],
    ['numbers for records', cbor.serialize({ Records: [5] })],
    ['a record without data', cbor.serialize({ Records: [{ SequenceNumber: '7' }] })],
    ['a record without a number', cbor.serialize({ Records: [{ Data: RECORD.Data }] })],
    ['data that are text', cbor.serialize({ Records: [{ ...RECORD, Data: 'text' }] })],
    ['a key that is a number', cbor.serialize({ Records: [{ ...RECORD, PartitionKey: 5 }] })],
    ['an iterator that is a number', cbor.serialize({ Records: [], NextShardIterator: 5 })],
    ['children that are none', cbor.serialize({ Records: [], ChildShards: [{ ShardId: 's' }] })],
    ['half of it', cbor.serialize({ Records: [RECORD] }).subarray(0, -3)],
    ['more than it', Buffer.concat([cbor.serialize({ Records: [] }), Buffer.from([0])])],
  ] as [string, Uint8Array][]) {
    it(`cannot read ${what}`, () => {
      const { result, traits } = readAnswer(answer(body), getRecordsOutput)
      assert.ok(result instanceof AwsAnswerError)
      assert.equal(traits.isReadable, false)
    })
  }

  for (const tree of [
    { Records: 5 },
    { Records: [5] },
    { Records: [{ SequenceNumber: '7' }] },
    { Records: [{ Data: 'aGk=', SequenceNumber: '7', ApproximateArrivalTimestamp: 'now' }] },
  ]) {
    it(`cannot read ${JSON.stringify(tree)}`, () => {
      assert.throws(() => readJson(tree), /unreadable/)
    })
  }

  it('names an answer without records', () => {
    assert.throws(
      () => read({ NextShardIterator: 'n' }),
      (error) => isServiceError(error) && error.message.includes('no Records'),
    )
  })
})

function plain(record: KinesisRecord): object {
  return {
    Data: Buffer.from(record.Data).toString('hex'),
    PartitionKey: record.PartitionKey,
    SequenceNumber: record.SequenceNumber,
    ApproximateArrivalTimestamp: record.ApproximateArrivalTimestamp,
  }
}

function writeTree(writer: CborWriter, value: unknown): void {
  if (typeof value === 'string') writer.text(value)
  else if (typeof value === 'number') writer.integer(value)
  else if (value === undefined) writer.null()
  else if (value instanceof Uint8Array) writer.byteString(value)
  else if (value instanceof Date) {
    writer.tag(1)
    writer.integer(value.getTime())
  } else if (Array.isArray(value)) {
    writer.array(value.length)
    for (const item of value) writeTree(writer, item)
  } else {
    const members = Object.entries(value as object)
    writer.map(members.length)
    for (const [name, member] of members) {
      writer.text(name)
      writeTree(writer, member)
    }
  }
}
