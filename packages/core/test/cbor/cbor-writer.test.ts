import assert from 'node:assert/strict'
import { cbor } from '@smithy/core/cbor'
import fc from 'fast-check'
import { CborWriter } from '../../src/cbor/cbor-writer.ts'

function written(write: (writer: CborWriter) => void): Buffer {
  const writer = new CborWriter(Buffer.alloc(1))
  write(writer)
  return writer.bytes
}

describe('CborWriter', () => {
  it('writes any text as another reader reads it', () => {
    const anyText = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 80 }),
      fc.constantFrom(22, 23, 24, 63, 64, 65, 255, 256).map((length) => 'x'.repeat(length)),
      fc.constantFrom(22, 23, 24, 63, 64, 65).map((length) => `${'x'.repeat(length)}é`),
    )
    fc.assert(
      fc.property(fc.array(anyText), (texts) => {
        const bytes = written((writer) => {
          writer.array(texts.length)
          for (const text of texts) writer.text(text)
        })
        assert.deepEqual(cbor.deserialize(bytes), texts)
      }),
    )
  })

  it('writes any bytes as another reader reads them, over every growth of the buffer', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3000 })), (strings) => {
        const bytes = written((writer) => {
          writer.array(strings.length)
          for (const string of strings) writer.byteString(string)
        })
        const read = cbor.deserialize(bytes) as Uint8Array[]
        assert.deepEqual(read.map(hex), strings.map(hex))
      }),
    )
  })

  it('writes any safe integer, any double, and what is simple', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.double({ noNaN: true }), (integer, double) => {
        const bytes = written((writer) => {
          writer.map(4)
          writer.text('integer')
          writer.integer(integer)
          writer.text('double')
          writer.double(double)
          writer.text('yes')
          writer.boolean(true)
          writer.text('none')
          writer.null()
        })
        // The other reader has bigints for what takes 8 bytes.
        const read = cbor.deserialize(bytes) as { integer: number | bigint; double: number }
        assert.equal(Number(read.integer), integer)
        assert.deepEqual({ ...read, integer: 0 }, { integer: 0, double, yes: true, none: null })
      }),
    )
  })

  it('writes heads of every length at their least size', () => {
    for (const [value, size] of [
      [23, 1],
      [24, 2],
      [255, 2],
      [256, 3],
      [65_535, 3],
      [65_536, 5],
      [2 ** 32 - 1, 5],
      [2 ** 32, 9],
    ] as const) {
      assert.equal(written((writer) => writer.integer(value)).length, size)
      assert.equal(Number(cbor.deserialize(written((writer) => writer.integer(value)))), value)
    }
  })

  it('writes over the buffer it is given, and hands on the grown one', () => {
    const writer = new CborWriter(Buffer.alloc(4, 0xff))
    writer.text('longer than four')
    const again = new CborWriter(writer.buffer)
    again.text('b')
    assert.deepEqual([...again.bytes], [0x61, 0x62])
    assert.ok(again.buffer.length >= 16)
  })
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
