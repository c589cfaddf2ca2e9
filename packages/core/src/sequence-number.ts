/**
 * Sequence numbers are decimal strings of up to 129 digits. They are compared by length, then by
 * text; turning one into a Number would lose its low digits without a word.
 */
import { InvalidStreamModelError } from './errors.ts'

/** Positions that are not numbers, spelt as KCL stores them. @public */
export type SequenceSentinel = 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP' | 'SHARD_END'

export const TRIM_HORIZON = 'TRIM_HORIZON'
export const LATEST = 'LATEST'
export const AT_TIMESTAMP = 'AT_TIMESTAMP'
export const SHARD_END = 'SHARD_END'

/**
 * A position inside a shard: the Kinesis record's sequence number, or a sentinel, plus the index
 * of the user record inside an aggregate (0 for plain records and sentinels).
 * KCL: `ExtendedSequenceNumber`. @public
 */
export interface ExtendedSequenceNumber {
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
}

/** Order of sentinels among positions: KCL's, so that checkpoints compare alike in both. */
const RANK: ReadonlyMap<string, number> = new Map([
  [AT_TIMESTAMP, -3],
  [TRIM_HORIZON, -2],
  [LATEST, -1],
  [SHARD_END, 1],
])
const MAX_DIGITS = 129
const CODE_0 = 48
const CODE_9 = 57

/** True for one to 129 decimal digits: no sign, exponent, blank or empty text. */
export function isSequenceNumber(text: string): boolean {
  if (text.length === 0 || text.length > MAX_DIGITS) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < CODE_0 || code > CODE_9) return false
  }
  return true
}

export function isSequenceSentinel(text: string): text is SequenceSentinel {
  return RANK.has(text)
}

/**
 * Orders two positions: AT_TIMESTAMP < TRIM_HORIZON < LATEST < numbers < SHARD_END.
 *
 * @returns negative, 0 or positive
 * @throws InvalidStreamModelError for text that is neither a sequence number nor a sentinel
 * @public
 */
export function compareSequenceNumbers(a: string, b: string): number {
  const rankA = rankOf(a)
  const rankB = rankOf(b)
  if (rankA !== 0 || rankB !== 0) return rankA - rankB
  const left = withoutLeadingZeros(a)
  const right = withoutLeadingZeros(b)
  if (left.length !== right.length) return left.length - right.length
  return left < right ? -1 : left > right ? 1 : 0
}

/** Orders two positions by sequence number, then by sub-sequence number. @public */
export function compareExtendedSequenceNumbers(
  a: ExtendedSequenceNumber,
  b: ExtendedSequenceNumber,
): number {
  const order = compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber)
  if (order !== 0 || RANK.has(a.sequenceNumber)) return order
  return a.subSequenceNumber - b.subSequenceNumber
}

/** Builds a checked position. @throws InvalidStreamModelError */
export function extendedSequenceNumber(
  sequenceNumber: string,
  subSequenceNumber = 0,
): ExtendedSequenceNumber {
  rankOf(sequenceNumber)
  if (!Number.isSafeInteger(subSequenceNumber) || subSequenceNumber < 0) {
    throw new InvalidStreamModelError(
      `Sub-sequence number ${String(subSequenceNumber)} is not a whole number of 0 or more`,
      { hint: 'Use the subSequenceNumber of a delivered record.' },
    )
  }
  return { sequenceNumber, subSequenceNumber }
}

function rankOf(text: string): number {
  const rank = RANK.get(text)
  if (rank !== undefined) return rank
  if (isSequenceNumber(text)) return 0
  throw new InvalidStreamModelError(
    `${JSON.stringify(text)} is neither a sequence number nor a sentinel`,
    { hint: 'Pass the sequenceNumber text of a record unchanged; never convert it to a Number.' },
  )
}

function withoutLeadingZeros(text: string): string {
  let start = 0
  while (start < text.length - 1 && text.charCodeAt(start) === CODE_0) start++
  return start === 0 ? text : text.slice(start)
}
