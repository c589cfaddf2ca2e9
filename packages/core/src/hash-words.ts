/**
 * HOT: 128-bit hash keys as four big-endian unsigned 32-bit words, so that hashing, routing and
 * range checks make no BigInt per record.
 */
import type { ShardHashKeyRange } from './shard.ts'

/** Most significant word first. */
export type HashWords = Uint32Array

const WORDS = 4
const WORD = 0x1_0000_0000
const MAX_DECIMAL_DIGITS = 64
const DIGITS_A_STEP = 6

export function newHashWords(): HashWords {
  return new Uint32Array(WORDS)
}

export function hashKeyOfWords(words: HashWords, at = 0): bigint {
  let value = 0n
  for (let i = 0; i < WORDS; i++) value = (value << 32n) | BigInt(words[at + i] ?? 0)
  return value
}

export function storeHashKey(hashKey: bigint, words: HashWords, at = 0): void {
  for (let i = WORDS - 1, rest = hashKey; i >= 0; i--, rest >>= 32n) {
    words[at + i] = Number(rest & 0xffff_ffffn)
  }
}

/** Negative, 0 or positive: the four words of `a` at `atA` against those of `b` at `atB`. */
export function compareHashWords(a: HashWords, atA: number, b: HashWords, atB: number): number {
  for (let i = 0; i < WORDS; i++) {
    const left = a[atA + i] as number
    const right = b[atB + i] as number
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

/**
 * Decimal digits -> words, without a BigInt; leading zeros are fine. Six digits a step, so that
 * no product leaves the integers a Number holds exactly.
 *
 * @returns false when a character is no digit, or the number is missing or above 2^128 - 1
 */
export function wordsOfDecimal(text: string, words: HashWords): boolean {
  const length = text.length
  if (length === 0 || length > MAX_DECIMAL_DIGITS) return false
  words.fill(0)
  let end = length % DIGITS_A_STEP || DIGITS_A_STEP
  for (let i = 0; i < length; end += DIGITS_A_STEP) {
    let carry = 0
    let factor = 1
    for (; i < end; i++) {
      const digit = text.charCodeAt(i) - 48
      if (digit < 0 || digit > 9) return false
      carry = carry * 10 + digit
      factor *= 10
    }
    for (let w = WORDS - 1; w >= 0; w--) {
      const sum = (words[w] as number) * factor + carry
      words[w] = sum % WORD
      carry = Math.floor(sum / WORD)
    }
    if (carry !== 0) return false
  }
  return true
}

/** A shard's range, both ends inclusive, ready to be asked without a BigInt. */
export class HashWordRange {
  readonly #start: HashWords = newHashWords()
  readonly #end: HashWords = newHashWords()

  constructor(range: ShardHashKeyRange) {
    storeHashKey(range.start, this.#start)
    storeHashKey(range.end, this.#end)
  }

  holds(words: HashWords): boolean {
    return (
      compareHashWords(words, 0, this.#start, 0) >= 0 &&
      compareHashWords(words, 0, this.#end, 0) <= 0
    )
  }
}
