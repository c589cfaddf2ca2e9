import assert from 'node:assert/strict'
import { cbor } from '@smithy/core/cbor'
import {
  getRecordsBytes,
  getRecordsJson,
  writeGetRecords,
} from '../../src/adapters/get-records-body.ts'
import { CborWriter } from '../../src/cbor/cbor-writer.ts'
import type { GetRecordsInput } from '../../src/ports/kinesis.ts'

const STREAM_ARN = 'arn:aws:kinesis:eu-west-3:123456789012:stream/s'

for (const [name, sent] of [
  ['writeGetRecords', (input: GetRecordsInput) => cbor.deserialize(written(input)) as object],
  [
    'getRecordsJson',
    (input: GetRecordsInput) => JSON.parse(getRecordsJson(input).toString()) as object,
  ],
] as const) {
  describe(name, () => {
    for (const input of [
      { ShardIterator: 'AAAA' },
      { ShardIterator: 'A'.repeat(512), Limit: 10_000 },
      { ShardIterator: 'é', Limit: 0, StreamARN: STREAM_ARN },
    ]) {
      it(`writes ${Object.keys(input).join(', ')}`, () => {
        assert.deepEqual({ ...sent(input) }, input)
      })
    }

    it('leaves out what is null or undefined', () => {
      const input = { ShardIterator: 'A', Limit: null as never, StreamARN: undefined }
      assert.deepEqual({ ...sent(input) }, { ShardIterator: 'A' })
    })

    for (const wrong of [{}, { ShardIterator: 7 }, { ShardIterator: 'A', Limit: '1' }]) {
      it(`refuses ${JSON.stringify(wrong)}`, () => {
        assert.throws(() => sent(wrong as never), TypeError)
      })
    }
  })
}

describe('getRecordsBytes', () => {
  it('is enough for what is written', () => {
    const input = { ShardIterator: 'A'.repeat(300), Limit: 10_000, StreamARN: STREAM_ARN }
    assert.ok(written(input).length <= getRecordsBytes(input))
  })
})

function written(input: GetRecordsInput): Buffer {
  const writer = new CborWriter()
  writeGetRecords(writer, input)
  return writer.bytes
}
