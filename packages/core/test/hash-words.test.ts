import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  compareHashWords,
  HashWordRange,
  hashKeyOfWords,
  newHashWords,
  storeHashKey,
  wordsOfDecimal,
} from '../src/hash-words.ts'
import { MAX_HASH_KEY } from '../src/shard.ts'

const hashKey = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX_HASH_KEY }),
  fc.constantFrom(0n, 1n, 0xffff_ffffn, 1n << 32n, 1n << 64n, 1n << 127n, MAX_HASH_KEY),
)

function wordsOf(key: bigint): Uint32Array {
  const words = newHashWords()
  storeHashKey(key, words)
  return words
}

describe('hash words', () => {
  it('hold any hash key unchanged', () => {
    fc.assert(fc.property(hashKey, (key) => assert.equal(hashKeyOfWords(wordsOf(key)), key)))
  })

  it('compare as the numbers do', () => {
    fc.assert(
      fc.property(hashKey, hashKey, (a, b) => {
        const order = compareHashWords(wordsOf(a), 0, wordsOf(b), 0)
        assert.equal(Math.sign(order), a < b ? -1 : a > b ? 1 : 0)
      }),
    )
  })
})

describe('wordsOfDecimal', () => {
  it('reads what BigInt reads, leading zeros too', () => {
    const words = newHashWords()
    fc.assert(
      fc.property(hashKey, fc.nat({ max: 20 }), (key, zeros) => {
        assert.ok(wordsOfDecimal('0'.repeat(zeros) + key.toString(), words))
        assert.equal(hashKeyOfWords(words), key)
      }),
    )
  })

  it('refuses what is no number of 0 to 2^128 - 1', () => {
    const words = newHashWords()
    const wrong = [
      '',
      ' 1',
      '-1',
      '1e3',
      '0x10',
      '12a',
      (MAX_HASH_KEY + 1n).toString(),
      '9'.repeat(64),
    ]
    for (const text of [...wrong, '0'.repeat(65)]) assert.equal(wordsOfDecimal(text, words), false)
  })
})

describe('HashWordRange', () => {
  it('holds both of its ends and nothing beyond', () => {
    const range = new HashWordRange({ start: 10n, end: 1n << 100n })
    for (const inside of [10n, 11n, 1n << 64n, 1n << 100n]) assert.ok(range.holds(wordsOf(inside)))
    for (const outside of [0n, 9n, (1n << 100n) + 1n, MAX_HASH_KEY]) {
      assert.ok(!range.holds(wordsOf(outside)))
    }
  })
})
