import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { InvalidRecordError } from '../src/errors.ts'
import { hashBytes, hashKeyOf, hashPartitionKey, hashUserRecord } from '../src/hash-key.ts'
import { hashKeyOfWords, newHashWords } from '../src/hash-words.ts'

function md5(text: string): bigint {
  return BigInt(`0x${createHash('md5').update(text, 'utf8').digest('hex')}`)
}

describe('hashKeyOf', () => {
  it('is the MD5 of the UTF-8 bytes, read as a big-endian number', () => {
    assert.equal(hashKeyOf('abcd'), 301716283811389038011477436469853762335n)
    assert.equal(hashKeyOf('a'), 16955237001963240173058271559858726497n)
  })

  it('is the explicit hash key where there is one', () => {
    assert.equal(hashKeyOf('abcd', '42'), 42n)
    assert.equal(hashKeyOf('abcd', '0'), 0n)
    assert.equal(hashKeyOf('abcd', '340282366920938463463374607431768211455'), (1n << 128n) - 1n)
  })

  it('refuses keys that the service would refuse', () => {
    for (const key of ['', '\ud83d', 'x'.repeat(257)]) {
      assert.throws(() => hashKeyOf(key), InvalidRecordError)
    }
    assert.throws(() => hashKeyOf('a', '340282366920938463463374607431768211456'), /hash key/)
  })
})

describe('hashPartitionKey', () => {
  const words = newHashWords()

  it('agrees with node:crypto at every length around the block borders, and says the length', () => {
    for (const letter of ['x', 'é', '你', '😀']) {
      for (let characters = 1; characters <= 256; characters++) {
        const key = letter.repeat(characters)
        assert.equal(hashPartitionKey(key, words), Buffer.byteLength(key))
        assert.equal(hashKeyOfWords(words), md5(key))
      }
    }
  })

  it('agrees with node:crypto on any text', () => {
    const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 256 })
    fc.assert(
      fc.property(key, (text) => {
        hashPartitionKey(text, words)
        assert.equal(hashKeyOfWords(words), md5(text))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('hashBytes', () => {
  it('hashes a key where it lies, as hashPartitionKey does', () => {
    const words = newHashWords()
    for (let length = 0; length <= 200; length++) {
      const bytes = Buffer.alloc(length + 7, 'k')
      hashBytes(bytes, 3, 3 + length, words)
      assert.equal(hashKeyOfWords(words), md5('k'.repeat(length)))
    }
  })
})

describe('hashUserRecord', () => {
  it('takes the explicit hash key first', () => {
    const words = newHashWords()
    hashUserRecord('abcd', '123456789012345678901234567890', words)
    assert.equal(hashKeyOfWords(words), 123456789012345678901234567890n)
    hashUserRecord('abcd', undefined, words)
    assert.equal(hashKeyOfWords(words), md5('abcd'))
  })
})
