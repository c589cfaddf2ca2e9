import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvalidStreamModelError } from '../src/errors.ts'
import {
  AT_TIMESTAMP,
  compareExtendedSequenceNumbers,
  compareSequenceNumbers,
  extendedSequenceNumber,
  isSequenceNumber,
  isSequenceSentinel,
  LATEST,
  SHARD_END,
  TRIM_HORIZON,
} from '../src/sequence-number.ts'

const NOT_NUMBERS = [
  '',
  '-1',
  '+1',
  '1e5',
  ' 1',
  '1 ',
  '1.0',
  '0x1',
  '١',
  'latest',
  '9'.repeat(130),
]
const SENTINELS = [AT_TIMESTAMP, TRIM_HORIZON, LATEST, SHARD_END]

const digits = fc.bigInt({ min: 0n, max: 10n ** 129n - 1n }).map(String)
// Neighbours far beyond 2^53 are what a comparison through Number would call equal.
const neighbours = digits.map((text) => String((BigInt(text) + 1n) % 10n ** 129n))
const position = fc.oneof(digits, neighbours, fc.constantFrom(...SENTINELS))

describe('isSequenceNumber', () => {
  it('takes any run of 1 to 129 decimal digits', () => {
    fc.assert(fc.property(digits, (text) => isSequenceNumber(text)))
    assert.equal(isSequenceNumber('9'.repeat(129)), true)
  })

  for (const text of NOT_NUMBERS) {
    it(`refuses ${JSON.stringify(text.slice(0, 12))}`, () => {
      assert.equal(isSequenceNumber(text), false)
    })
  }
})

describe('isSequenceSentinel', () => {
  it('knows the four sentinels and no inherited name', () => {
    assert.deepEqual(SENTINELS.map(isSequenceSentinel), [true, true, true, true])
    assert.equal(isSequenceSentinel('constructor'), false)
    assert.equal(isSequenceSentinel('Latest'), false)
  })
})

describe('compareSequenceNumbers', () => {
  it('agrees with BigInt on any two numbers', () => {
    fc.assert(
      fc.property(digits, digits, (a, b) => {
        const expected = BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0
        return Math.sign(compareSequenceNumbers(a, b)) === expected
      }),
    )
  })

  it('tells neighbours of 56 digits apart', () => {
    const number = '49590338271490256608559692538361571095921575989136588898'
    const next = '49590338271490256608559692538361571095921575989136588899'
    assert.ok(compareSequenceNumbers(number, next) < 0)
    assert.ok(compareSequenceNumbers(next, number) > 0)
  })

  it('is a total order, sentinels included', () => {
    fc.assert(
      fc.property(position, position, position, (a, b, c) => {
        const ab = Math.sign(compareSequenceNumbers(a, b))
        assert.equal(ab + Math.sign(compareSequenceNumbers(b, a)), 0)
        assert.equal(compareSequenceNumbers(a, a), 0)
        if (ab <= 0 && compareSequenceNumbers(b, c) <= 0) {
          assert.ok(compareSequenceNumbers(a, c) <= 0)
        }
      }),
    )
  })

  it('does not count leading zeros', () => {
    assert.equal(compareSequenceNumbers('007', '7'), 0)
    assert.equal(compareSequenceNumbers('000', '0'), 0)
    assert.ok(compareSequenceNumbers('0010', '9') > 0)
  })

  it('puts AT_TIMESTAMP, TRIM_HORIZON and LATEST before every number, SHARD_END after', () => {
    const shuffled = [SHARD_END, '12', LATEST, '3', AT_TIMESTAMP, TRIM_HORIZON, '0']
    assert.deepEqual(shuffled.sort(compareSequenceNumbers), [
      AT_TIMESTAMP,
      TRIM_HORIZON,
      LATEST,
      '0',
      '3',
      '12',
      SHARD_END,
    ])
  })

  it('refuses text that is neither, on either side', () => {
    for (const text of NOT_NUMBERS) {
      assert.throws(() => compareSequenceNumbers(text, '1'), InvalidStreamModelError)
      assert.throws(() => compareSequenceNumbers('1', text), InvalidStreamModelError)
      assert.throws(() => compareSequenceNumbers(LATEST, text), InvalidStreamModelError)
    }
  })
})

describe('compareExtendedSequenceNumbers', () => {
  it('orders by sequence number first and by sub-sequence number within it', () => {
    fc.assert(
      fc.property(digits, digits, fc.nat(), fc.nat(), (a, b, subA, subB) => {
        const order = compareExtendedSequenceNumbers(
          extendedSequenceNumber(a, subA),
          extendedSequenceNumber(b, subB),
        )
        const expected = compareSequenceNumbers(a, b) || subA - subB
        assert.equal(Math.sign(order), Math.sign(expected))
      }),
    )
  })

  it('gives sentinels no sub-sequence order', () => {
    const plain = extendedSequenceNumber(SHARD_END)
    assert.equal(compareExtendedSequenceNumbers(plain, extendedSequenceNumber(SHARD_END, 5)), 0)
  })
})

describe('extendedSequenceNumber', () => {
  it('is at sub-sequence number 0 unless told', () => {
    assert.deepEqual(extendedSequenceNumber('5'), { sequenceNumber: '5', subSequenceNumber: 0 })
  })

  it('refuses a sub-sequence number that is no whole number of 0 or more', () => {
    for (const sub of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      assert.throws(() => extendedSequenceNumber('5', sub), InvalidStreamModelError)
    }
  })

  it('refuses what is no sequence number', () => {
    for (const text of NOT_NUMBERS) {
      assert.throws(() => extendedSequenceNumber(text), InvalidStreamModelError)
    }
  })
})
