/**
 * HOT: partition key -> 128-bit hash key, about 0.13 us for a key of up to 55 ASCII characters,
 * no allocation. The hash key is the MD5 of the key's UTF-8 bytes, read as a big-endian number.
 */
import { type HashWords, hashKeyOfWords, newHashWords, wordsOfDecimal } from './hash-words.ts'
import { MD5_BLOCK_BYTES, md5Block, md5Digest, md5OneBlock, md5Start } from './md5.ts'
import { canonicalHashKey, checkPartitionKey } from './record-rules.ts'

/** A padding byte and the bit length follow the key in its last block. */
const ONE_BLOCK_MAX_BYTES = 55
const LENGTH_AT = 14

/** Little-endian words of the block being made. */
const block = new Int32Array(16)
const utf8 = new TextEncoder()
/** A checked key has at most 256 code points of at most four bytes. */
const keyBytes = new Uint8Array(1024)
const result = newHashWords()

/**
 * Where a user record lies in the key space: its explicit hash key if it has one, else the MD5 of
 * its partition key. KPL: `UserRecord::hash_key`.
 *
 * @param explicitHashKey decimal text, as the record carries it
 * @throws InvalidRecordError when either key breaks the service's rules
 * @public
 */
export function hashKeyOf(partitionKey: string, explicitHashKey?: string | undefined): bigint {
  checkPartitionKey(partitionKey)
  if (explicitHashKey !== undefined) return BigInt(canonicalHashKey(explicitHashKey))
  hashPartitionKey(partitionKey, result)
  return hashKeyOfWords(result)
}

/** `hashKeyOf` into words: a checked partition key, a canonical explicit hash key. */
export function hashUserRecord(
  partitionKey: string,
  explicitHashKey: string | undefined,
  words: HashWords,
): void {
  if (explicitHashKey === undefined) hashPartitionKey(partitionKey, words)
  else wordsOfDecimal(explicitHashKey, words)
}

/**
 * Hashes a checked partition key into `words`.
 *
 * @returns the key's length in UTF-8 bytes, which the walk over the key finds out anyway
 */
export function hashPartitionKey(partitionKey: string, words: HashWords): number {
  const length = partitionKey.length
  if (length <= ONE_BLOCK_MAX_BYTES) {
    const whole = length & ~3
    let bits = 0
    let w = 0
    let i = 0
    for (; i < whole; i += 4) {
      const c0 = partitionKey.charCodeAt(i)
      const c1 = partitionKey.charCodeAt(i + 1)
      const c2 = partitionKey.charCodeAt(i + 2)
      const c3 = partitionKey.charCodeAt(i + 3)
      bits |= c0 | c1 | c2 | c3
      block[w++] = c0 | (c1 << 8) | (c2 << 16) | (c3 << 24)
    }
    let last = 0x80 << ((length & 3) << 3)
    for (; i < length; i++) {
      const c = partitionKey.charCodeAt(i)
      bits |= c
      last |= c << ((i & 3) << 3)
    }
    if (bits < 0x80) {
      finishOneBlock(w, last, length, words)
      return length
    }
  }
  const written = utf8.encodeInto(partitionKey, keyBytes).written
  hashBytes(keyBytes, 0, written, words)
  return written
}

/** Hashes the bytes `start..end` (end exclusive) into `words`: a key still lying in a record. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, words: HashWords): void {
  let at = start
  if (end - start <= ONE_BLOCK_MAX_BYTES) {
    hashTail(bytes, at, end, end - start, words)
    return
  }
  md5Start()
  for (; end - at >= MD5_BLOCK_BYTES; at += MD5_BLOCK_BYTES) {
    for (let w = 0; w < 16; w++) block[w] = wordAt(bytes, at + (w << 2))
    md5Block(block)
  }
  finishBlocks(bytes, at, end, end - start, words)
}

function hashTail(
  bytes: Uint8Array,
  start: number,
  end: number,
  totalBytes: number,
  words: HashWords,
): void {
  const whole = start + ((end - start) & ~3)
  let w = 0
  let i = start
  for (; i < whole; i += 4) block[w++] = wordAt(bytes, i)
  let last = 0x80 << ((end - whole) << 3)
  for (; i < end; i++) last |= (bytes[i] as number) << ((i - whole) << 3)
  finishOneBlock(w, last, totalBytes, words)
}

function finishOneBlock(at: number, last: number, totalBytes: number, words: HashWords): void {
  let w = at
  block[w++] = last
  while (w < LENGTH_AT) block[w++] = 0
  block[LENGTH_AT] = totalBytes << 3
  block[LENGTH_AT + 1] = 0
  md5OneBlock(block, words)
}

/** The padding of a longer key: its last block, or its last two. */
function finishBlocks(
  bytes: Uint8Array,
  start: number,
  end: number,
  totalBytes: number,
  words: HashWords,
): void {
  block.fill(0)
  for (let i = start; i < end; i++) {
    const offset = i - start
    block[offset >> 2] =
      (block[offset >> 2] as number) | ((bytes[i] as number) << ((offset & 3) << 3))
  }
  const rest = end - start
  block[rest >> 2] = (block[rest >> 2] as number) | (0x80 << ((rest & 3) << 3))
  if (rest > ONE_BLOCK_MAX_BYTES) {
    md5Block(block)
    block.fill(0)
  }
  block[LENGTH_AT] = totalBytes << 3
  block[LENGTH_AT + 1] = Math.floor(totalBytes / 0x2000_0000)
  md5Block(block)
  md5Digest(words)
}

function wordAt(bytes: Uint8Array, i: number): number {
  return (
    (bytes[i] as number) |
    ((bytes[i + 1] as number) << 8) |
    ((bytes[i + 2] as number) << 16) |
    ((bytes[i + 3] as number) << 24)
  )
}
