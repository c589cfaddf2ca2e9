import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  addDecimals,
  compareDecimals,
  formatDecimal,
  isSmallWhole,
  negate,
  parseDecimal,
} from '../../src/dynamo/decimal.ts'

/** Whole thousandths of up to 30 digits, whose sums need no rounding and have a plain spelling. */
const thousandths = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })

function spell(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(4, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`
}

describe('decimal', () => {
  it('adds, negates and compares exactly', () => {
    fc.assert(
      fc.property(thousandths, thousandths, (a, b) => {
        const [left, right] = [parseDecimal(spell(a)), parseDecimal(spell(b))]
        assert.deepEqual(addDecimals(left, right), parseDecimal(spell(a + b)))
        assert.deepEqual(addDecimals(left, negate(right)), parseDecimal(spell(a - b)))
        assert.equal(compareDecimals(left, right), a === b ? 0 : a < b ? -1 : 1)
      }),
    )
  })

  it('has one spelling for each number, and reads it back', () => {
    fc.assert(
      fc.property(thousandths, fc.integer({ min: -90, max: 90 }), (value, exponent) => {
        const number = parseDecimal(`${spell(value)}E${exponent}`)
        const spelt = formatDecimal(number)
        assert.match(spelt, /^(?:0|-?(?:[1-9]\d*|0\.\d*[1-9]|[1-9]\d*\.\d*[1-9]))$/)
        assert.deepEqual(parseDecimal(spelt), number)
      }),
    )
  })

  it('takes for small whole numbers only what is spelt as the service spells it', () => {
    const texts = fc.oneof(fc.nat().map(String), fc.stringMatching(/^[-+.e\d]{0,17}$/))
    fc.assert(
      fc.property(texts, (text) => {
        if (!isSmallWhole(text)) return
        assert.equal(formatDecimal(parseDecimal(text)), text)
        assert.ok(Number.isSafeInteger(2 * Number(text)))
      }),
      { numRuns: 2000 },
    )
    for (const text of ['0', '7', '10', '9'.repeat(15)]) assert.ok(isSmallWhole(text), text)
    for (const text of ['', '00', '01', '-1', '1.0', '9'.repeat(16)]) {
      assert.equal(isSmallWhole(text), false, text)
    }
  })

  it('keeps to the range of the service', () => {
    const nines = '9'.repeat(38)
    for (const text of [nines, `-${nines}`, `${nines}0`, `0.${nines}`, '1e125', '1e-130']) {
      assert.deepEqual(parseDecimal(formatDecimal(parseDecimal(text))), parseDecimal(text))
    }
    for (const text of [`${nines}9`, '1e126', '1e-131', `-10e125`, '1e999999999999']) {
      assert.throws(() => parseDecimal(text), /digits|range/, text)
    }
    assert.throws(() => addDecimals(parseDecimal(nines), parseDecimal('0.1')), /38 significant/)
    assert.throws(() => addDecimals(parseDecimal('9e125'), parseDecimal('9e125')), /overflow/)
  })

  it('refuses text that is no number', () => {
    for (const text of [
      '',
      ' ',
      '.',
      '-',
      'e5',
      '1e',
      '0x10',
      '1_000',
      'NaN',
      'Infinity',
      '1 ',
      '１',
    ]) {
      assert.throws(() => parseDecimal(text), /numeric value/, JSON.stringify(text))
    }
  })
})
