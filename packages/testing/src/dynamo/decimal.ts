/** DynamoDB's numbers: 38 significant digits, magnitudes from 1e-130 to below 1e126. Pure. */
import { invalid } from './refusal.ts'

/** `coefficient * 10 ** exponent`; the coefficient ends in no zero, and zero has exponent 0. */
export interface Decimal {
  readonly coefficient: bigint
  readonly exponent: number
}

const SYNTAX = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/
const MAX_DIGITS = 38
/** Sums of two such numbers are exact as numbers of JavaScript. */
const SMALL_DIGITS = 15
const CODE_0 = 48
const CODE_9 = 57
const MAX_MAGNITUDE = 125
const MIN_MAGNITUDE = -130

/** @throws DynamoRefusal for text that is no number, or none that DynamoDB can hold */
export function parseDecimal(text: string): Decimal {
  const match = SYNTAX.exec(text)
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  if (match === null || whole + fraction === '') {
    throw invalid(
      `The parameter cannot be converted to a numeric value: ${JSON.stringify(text.slice(0, 100))}`,
    )
  }
  const digits = (whole + fraction).replace(/^0+/, '')
  // Checked before the arithmetic, which would take its time over a million digits.
  const significant = digits.replace(/0+$/, '')
  if (significant.length > MAX_DIGITS) throw tooManyDigits()
  const exponent = Number(match[4] ?? 0) - fraction.length + digits.length - significant.length
  const magnitude = BigInt(significant)
  return inRange({ coefficient: match[1] === '-' ? -magnitude : magnitude, exponent })
}

/** Few digits, no sign, in the spelling of `formatDecimal`: counters, nearly always. */
export function isSmallWhole(text: string): boolean {
  const { length } = text
  if (length === 0 || length > SMALL_DIGITS) return false
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code < CODE_0 || code > CODE_9) return false
  }
  return length === 1 || text.charCodeAt(0) !== CODE_0
}

/** The one spelling that DynamoDB answers with: no exponent, no needless zero. */
export function formatDecimal({ coefficient, exponent }: Decimal): string {
  const sign = coefficient < 0n ? '-' : ''
  const digits = digitsOf(coefficient)
  if (exponent >= 0) return sign + digits + '0'.repeat(exponent)
  const padded = digits.padStart(1 - exponent, '0')
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`
}

/** @throws DynamoRefusal when the sum does not fit */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent)
  return trimmed({ coefficient: shifted(a, exponent) + shifted(b, exponent), exponent })
}

export function negate({ coefficient, exponent }: Decimal): Decimal {
  return { coefficient: -coefficient, exponent }
}

/** Negative, zero or positive, as sorting wants it. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const exponent = Math.min(a.exponent, b.exponent)
  const difference = shifted(a, exponent) - shifted(b, exponent)
  if (difference === 0n) return 0
  return difference < 0n ? -1 : 1
}

function shifted({ coefficient, exponent }: Decimal, to: number): bigint {
  return coefficient * 10n ** BigInt(exponent - to)
}

function trimmed({ coefficient, exponent }: Decimal): Decimal {
  const digits = digitsOf(coefficient)
  const zeros = digits.length - digits.replace(/0+$/, '').length
  const short = { coefficient: coefficient / 10n ** BigInt(zeros), exponent: exponent + zeros }
  if (digits.length - zeros > MAX_DIGITS) throw tooManyDigits()
  return inRange(short)
}

function inRange(value: Decimal): Decimal {
  if (value.coefficient === 0n) return { coefficient: 0n, exponent: 0 }
  const magnitude = digitsOf(value.coefficient).length - 1 + value.exponent
  if (magnitude > MAX_MAGNITUDE) {
    throw invalid(
      'Number overflow. Attempting to store a number with magnitude larger than supported range',
    )
  }
  if (magnitude < MIN_MAGNITUDE) {
    throw invalid(
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    )
  }
  return value
}

function digitsOf(coefficient: bigint): string {
  return (coefficient < 0n ? -coefficient : coefficient).toString()
}

function tooManyDigits(): Error {
  return invalid('Attempting to store more than 38 significant digits in a Number')
}
