import assert from 'node:assert/strict'
import { bytesCodec, jsonCodec, textCodec } from '../src/codec.ts'
import { InvalidRecordError } from '../src/errors.ts'

describe('bytesCodec', () => {
  it('changes nothing', () => {
    const data = Uint8Array.of(1, 2, 255)
    assert.equal(bytesCodec.encode(data), data)
    assert.equal(bytesCodec.decode(data), data)
  })
})

describe('textCodec', () => {
  it('carries any well-formed text, a byte order mark too', () => {
    for (const text of ['', 'é你😀', '\ufeffx', '\0']) {
      assert.equal(textCodec.decode(textCodec.encode(text)), text)
    }
  })

  it('throws on bytes that are no UTF-8 instead of changing them', () => {
    assert.throws(() => textCodec.decode(Uint8Array.of(0xff, 0x61)), TypeError)
  })
})

describe('jsonCodec', () => {
  const codec = jsonCodec<unknown>()

  it('carries JSON values', () => {
    for (const value of [null, 0, 'é', [1, { a: true }], { __proto__x: 1 }]) {
      assert.deepEqual(codec.decode(codec.encode(value)), value)
    }
  })

  it('refuses what JSON has no text for', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    for (const value of [undefined, () => 0, Symbol('x'), { n: 1n }, circle]) {
      assert.throws(() => codec.encode(value), InvalidRecordError)
    }
  })

  it('throws on data that is no JSON', () => {
    assert.throws(() => codec.decode(Buffer.from('{"a":')), SyntaxError)
  })
})
