/** What the service refuses in a record, checked before it is accepted. Pure. */
import { types } from 'node:util'
import { InvalidRecordError } from './errors.ts'
import { newHashWords, wordsOfDecimal } from './hash-words.ts'
import { LIMITS } from './limits.ts'

const MAX_HASH_KEY_TEXT = 128
const scratch = newHashWords()

/** ES2024 has it and so has every Node we run on; our compiler's library stops at ES2023. */
interface WellFormedString {
  isWellFormed(): boolean
}

/**
 * 1 to 256 characters, counted as the service counts them (Unicode code points, where KPL counts
 * UTF-16 units), and text that UTF-8 can carry.
 *
 * @throws InvalidRecordError
 */
export function checkPartitionKey(partitionKey: unknown): asserts partitionKey is string {
  checkKeyLength(partitionKey)
  checkKeyText(partitionKey)
}

/** The part of `checkPartitionKey` that is all for a key of ASCII. @throws InvalidRecordError */
export function checkKeyLength(partitionKey: unknown): asserts partitionKey is string {
  const max = LIMITS.partitionKeyMaxCharacters
  if (typeof partitionKey !== 'string') {
    throw new InvalidRecordError(
      'partitionKey',
      `The partition key is ${partitionKey === null ? 'null' : `of type ${typeof partitionKey}`}`,
      `Pass text of 1 to ${max} characters.`,
    )
  }
  if (partitionKey.length === 0) {
    throw new InvalidRecordError(
      'partitionKey',
      'The partition key is empty',
      `Pass text of 1 to ${max} characters; a random one spreads records evenly.`,
    )
  }
  if (partitionKey.length > max) checkLongKey(partitionKey, max)
}

/** The other part. @throws InvalidRecordError */
export function checkKeyText(partitionKey: string): void {
  if (!(partitionKey as unknown as WellFormedString).isWellFormed()) {
    throw new InvalidRecordError(
      'partitionKey',
      'The partition key holds half of a surrogate pair, which UTF-8 cannot carry',
      'Cut text at code points, not at UTF-16 units, or call toWellFormed() on it.',
    )
  }
}

function checkLongKey(partitionKey: string, max: number): void {
  const tooLong = partitionKey.length > 2 * max
  const characters = tooLong ? partitionKey.length : codePointsOf(partitionKey)
  if (characters <= max) return
  throw new InvalidRecordError(
    'partitionKey',
    `The partition key has ${characters} ${tooLong ? 'UTF-16 units' : 'characters'}`,
    `The service takes 1 to ${max} characters; hash or shorten the key.`,
  )
}

function codePointsOf(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/**
 * The canonical decimal form of an explicit hash key. As in KPL, blanks around it, a sign and
 * leading zeros are accepted and removed.
 *
 * @throws InvalidRecordError for anything but a whole number of 0 to 2^128 - 1
 */
export function canonicalHashKey(explicitHashKey: unknown): string {
  // The length cap keeps the pattern's backtracking away from hostile megabytes of zeros.
  const match =
    typeof explicitHashKey === 'string' && explicitHashKey.length <= MAX_HASH_KEY_TEXT
      ? /^[\0- ]*(?:\+?0*([0-9]+)|-0*(0))[\0- ]*$/.exec(explicitHashKey)
      : null
  const digits = match?.[1] ?? match?.[2]
  if (digits !== undefined && wordsOfDecimal(digits, scratch)) return digits
  throw new InvalidRecordError(
    'explicitHashKey',
    `The explicit hash key is ${shownHashKey(explicitHashKey)}`,
    'Use decimal text of a whole number from 0 to 340282366920938463463374607431768211455.',
  )
}

function shownHashKey(value: unknown): string {
  if (typeof value !== 'string') return `of type ${typeof value}`
  return value.length <= 64 ? JSON.stringify(value) : `text of ${value.length} characters`
}

/** @throws InvalidRecordError unless the record is an object */
export function checkRecordObject(record: unknown): asserts record is object {
  if (typeof record === 'object' && record !== null) return
  throw new InvalidRecordError(
    'record',
    `The record is ${record === null ? 'null' : `of type ${typeof record}`}`,
    'Pass { partitionKey, data }.',
  )
}

/** @throws InvalidRecordError unless the data is bytes */
export function checkRecordData(data: unknown): asserts data is Uint8Array {
  if (types.isUint8Array(data)) return
  throw new InvalidRecordError(
    'data',
    `The data is ${data === null ? 'null' : `of type ${typeof data}`}`,
    'Pass a Uint8Array or Buffer, or give a codec that makes one.',
  )
}

/**
 * Data plus partition key, as the service counts them (KPL counts the data alone).
 *
 * @param maxBytes the stream's limit: 1 MiB unless raised, 10 MiB at most
 * @throws InvalidRecordError with both sizes
 */
export function checkRecordSize(dataBytes: number, keyBytes: number, maxBytes: number): void {
  if (dataBytes + keyBytes <= maxBytes) return
  throw new InvalidRecordError(
    'data',
    `The record has ${dataBytes + keyBytes} bytes (${dataBytes} of data, ${keyBytes} of partition key); the limit is ${maxBytes}`,
    maxBytes < LIMITS.recordLargestMaxBytes
      ? 'Split the data, or raise the stream’s maximum record size (up to 10 MiB) and maxRecordBytes.'
      : 'Split the data, or store it elsewhere and send its address; 10 MiB is the most a stream takes.',
  )
}
