import assert from 'node:assert/strict'
import { cbor } from '@smithy/core/cbor'
import fc from 'fast-check'
import { CborError, readCbor } from '../../src/cbor/cbor-reader.ts'

function read(hex: string): unknown {
  return readCbor(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

/** Examples of RFC 8949, appendix A, and what follows from its rules. */
const EXAMPLES: readonly (readonly [hex: string, value: unknown])[] = [
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1bffffffffffffffff', 18_446_744_073_709_551_615n],
  ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['1b0020000000000000', 9_007_199_254_740_992n],
  ['3bffffffffffffffff', -18_446_744_073_709_551_616n],
  ['3b001ffffffffffffe', -9_007_199_254_740_991],
  ['3b001fffffffffffff', -9_007_199_254_740_992n],
  ['20', -1],
  ['3903e7', -1000],
  ['f90000', 0],
  ['f93c00', 1],
  ['f97bff', 65_504],
  ['f90001', 2 ** -24],
  ['f9c400', -4],
  ['f97c00', Number.POSITIVE_INFINITY],
  ['f97e00', Number.NaN],
  ['fa47c35000', 100_000],
  ['fb3ff199999999999a', 1.1],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['f7', undefined],
  ['60', ''],
  ['6449455446', 'IETF'],
  ['62c3bc', 'ü'],
  ['64f0908591', '𐅑'],
  ['5f42010243030405ff', Buffer.from([1, 2, 3, 4, 5])],
  ['5fff', Buffer.alloc(0)],
  ['7f657374726561646d696e67ff', 'streaming'],
  ['80', []],
  ['9fff', []],
  ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
  ['a16161a161626163', { a: { b: 'c' } }],
  ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
  ['bfff', {}],
  ['c11b0000018bcfe56800', new Date(1_700_000_000_000)],
  ['c1fb4277878b48000400', new Date(1_616_932_798_464)],
  ['d9d9f76161', 'a'],
]

describe('readCbor', () => {
  for (const [hex, value] of EXAMPLES) {
    it(`reads ${hex} as ${typeof value === 'bigint' ? value : JSON.stringify(value)}`, () => {
      assert.deepEqual(read(hex), value)
    })
  }

  it('reads what another writer writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'medium' }), (value) => {
        assert.deepEqual(plain(readCbor(Buffer.from(cbor.serialize(value)))), plain(value))
      }),
    )
  })

  for (const [what, hex] of [
    ['nothing', ''],
    ['a text that is cut', '63 61'],
    ['bytes that are cut', '45 01'],
    ['a list that is cut', '82 01'],
    ['a list without its end', '9f 01'],
    ['a map without its value', 'a1 61 61'],
    ['more than one item', '00 00'],
    ['a length of 4 GiB', '7b ff ff ff ff ff ff ff ff'],
    ['a list of 4 billion', '9a ff ff ff ff'],
    ['a key that is a number', 'a1 01 02'],
    ['a number of no length', '1f'],
    ['a reserved head', '1c'],
    ['a break of nothing', 'ff'],
    ['a simple value of no meaning', 'e0'],
    ['pieces of another kind', '7f 41 61 ff'],
    ['pieces in pieces', '7f 7f 61 61 ff ff'],
    ['a time that is a text', 'c1 61 61'],
    ['a time that is none', 'c1 f9 7e 00'],
    ['a time beyond all time', 'c1 1b 00 1f ff ff ff ff ff ff'],
    ['a thousand lists in each other', '81'.repeat(1000)],
    ['a float that is cut', 'fb 00'],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => read(hex), CborError)
    })
  }

  it('throws CborError and nothing else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readCbor(Buffer.from(bytes))
        } catch (error) {
          assert.ok(error instanceof CborError, String(error))
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('takes __proto__ for a name as any other', () => {
    const map = readCbor(Buffer.from(cbor.serialize({ ['__proto__']: 1, a: 2 }))) as object
    assert.equal(Object.getPrototypeOf(map), Object.prototype)
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  })

  it('keeps short texts apart that fall together in its memory', () => {
    const texts = Array.from({ length: 3000 }, (_, i) => `shardId-${String(i).padStart(12, '0')}`)
    const bytes = Buffer.from(cbor.serialize([...texts, 'é'.repeat(3), ...texts, 'é'.repeat(3)]))
    assert.deepEqual(readCbor(bytes), [...texts, 'ééé', ...texts, 'ééé'])
  })

  it('shows bytes in place, without a copy', () => {
    const body = Buffer.from([0x43, 1, 2, 3])
    const view = readCbor(body) as Buffer
    body[1] = 9
    assert.deepEqual([...view], [9, 2, 3])
  })
})

/** Without the difference of 0 and -0, which JSON and CBOR's integers do not keep alike. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
