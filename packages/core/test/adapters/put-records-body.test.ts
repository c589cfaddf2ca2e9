import assert from 'node:assert/strict'
import { createContext, runInContext } from 'node:vm'
import { cbor } from '@smithy/core/cbor'
import fc from 'fast-check'
import {
  expectedBytes,
  putRecordsJson,
  writePutRecords,
} from '../../src/adapters/put-records-body.ts'
import { readCbor } from '../../src/cbor/cbor-reader.ts'
import { CborWriter } from '../../src/cbor/cbor-writer.ts'
import type { PutRecordsInput } from '../../src/ports/kinesis.ts'

function cborOf(input: PutRecordsInput): Buffer {
  const writer = new CborWriter()
  writePutRecords(writer, input)
  return writer.bytes
}

interface SentEntry {
  readonly Data: Uint8Array | string
}

/** With its bytes as hex, and without members that have no value. */
function comparable(input: { readonly Records: readonly SentEntry[] }, isBase64 = false): unknown {
  const Records = input.Records.map((entry) => ({
    ...entry,
    Data: Buffer.from(entry.Data as string, isBase64 ? 'base64' : undefined).toString('hex'),
  }))
  return JSON.parse(JSON.stringify({ ...input, Records }))
}

const anyKey = fc.oneof(
  fc.string({ minLength: 1, maxLength: 256 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
)
const anyEntry = fc.record(
  {
    Data: fc.uint8Array({ maxLength: 400 }),
    PartitionKey: fc.option(anyKey, { nil: undefined }),
    ExplicitHashKey: fc.option(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map(String), {
      nil: undefined,
    }),
  },
  { requiredKeys: ['Data'] },
) as fc.Arbitrary<PutRecordsInput['Records'][number]>
const anyInput = fc.record(
  {
    StreamName: fc.option(fc.string({ minLength: 1, maxLength: 128 }), { nil: undefined }),
    StreamARN: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
    StreamId: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
    Records: fc.array(anyEntry, { maxLength: 40 }),
  },
  { requiredKeys: ['Records'] },
) as fc.Arbitrary<PutRecordsInput>

describe('writePutRecords', () => {
  it('writes any input as two other readers read it', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const body = cborOf(input)
        for (const read of [cbor.deserialize(body), readCbor(body)]) {
          assert.deepEqual(comparable(read as PutRecordsInput), comparable(input))
        }
      }),
    )
  })

  it('takes no more than is expected while keys are ASCII', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ bytes: fc.nat(70_000), key: fc.nat(256) })), (sizes) => {
        const input = {
          StreamARN: 'a'.repeat(2048),
          Records: sizes.map(({ bytes, key }) => ({
            Data: Buffer.alloc(bytes),
            PartitionKey: 'k'.repeat(key),
            ExplicitHashKey: ((1n << 128n) - 1n).toString(),
          })),
        }
        const room = expectedBytes(input) - cborOf(input).length
        assert.ok(room >= 0 && room < 4096 + 64 * sizes.length, `${room} bytes of room`)
      }),
      { numRuns: 30 },
    )
  })

  it('leaves out what is null, as callers without types send it', () => {
    const body = cborOf({
      StreamName: 's',
      StreamARN: null,
      Records: [{ Data: new Uint8Array(1), PartitionKey: 'k', ExplicitHashKey: null }],
    } as never)
    assert.deepEqual(readCbor(body), {
      StreamName: 's',
      Records: [{ Data: Buffer.alloc(1), PartitionKey: 'k' }],
    })
  })

  it('writes a view of a buffer, not the whole buffer', () => {
    const Data = Buffer.from('xxhelloxx').subarray(2, 7)
    const body = cborOf({ StreamName: 's', Records: [{ Data, PartitionKey: 'k' }] })
    assert.ok(body.includes('hello') && !body.includes('xhello'))
  })

  it('takes bytes of another realm', () => {
    const Data = runInContext('new Uint8Array([1, 2])', createContext()) as Uint8Array
    const body = cborOf({ StreamName: 's', Records: [{ Data, PartitionKey: 'k' }] })
    assert.ok(body.includes(Buffer.from([0x42, 1, 2])))
  })

  for (const [what, entry] of [
    ['a number for data', { Data: 5, PartitionKey: 'k' }],
    ['a text for data', { Data: 'text', PartitionKey: 'k' }],
    ['no data', { PartitionKey: 'k' }],
    ['a number for a key', { Data: new Uint8Array(1), PartitionKey: 5 }],
    ['no entry', null],
  ] as const) {
    it(`throws TypeError for ${what}, in both formats`, () => {
      const input = { StreamName: 's', Records: [entry] } as never
      assert.throws(() => cborOf(input), TypeError)
      if (what !== 'a number for a key') assert.throws(() => putRecordsJson(input), TypeError)
    })
  }
})

describe('putRecordsJson', () => {
  it('writes any input in AWS JSON', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const read = JSON.parse(putRecordsJson(input).toString()) as never
        assert.deepEqual(comparable(read, true), comparable(input))
      }),
    )
  })
})
