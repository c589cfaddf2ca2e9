/**
 * HOT: the fast lane out. One look-up, one copy of the payload and about 0.1 us a record to add, one
 * more copy of it all to write; sizes are exact at every step and nothing is allocated per record.
 */
import { sealAggregates } from './checksums.ts'
import {
  CHECKSUM_BYTES,
  DATA_TAG,
  ENVELOPE_BYTES,
  EXPLICIT_HASH_KEY_TAG,
  HASH_KEY_INDEX_TAG,
  KEY_INDEX_TAG,
  MAGIC,
  MAGIC_BYTES,
  PARTITION_KEY_TAG,
  RECORD_TAG,
  varintBytes,
} from './format.ts'
import { KeyTable } from './key-table.ts'
import { writeLengthOrIndex } from './varint.ts'

// Copies of what is imported: V8 folds a module's own constants into the code and inlines its own
// functions, but loads imported ones at every use.
const RECORD = RECORD_TAG
const KEY_INDEX = KEY_INDEX_TAG
const HASH_KEY_INDEX = HASH_KEY_INDEX_TAG
const DATA = DATA_TAG
const sizeOf = varintBytes
const write = writeLengthOrIndex
const NONE = -1
const FIRST_CAPACITY_BYTES = 1024
/** An encoder that once held a large aggregate must not keep its buffer for ever. */
const MOST_CAPACITY_KEPT_BYTES = 128 * 1024
const NOTHING = Buffer.alloc(0)

/**
 * Collects user records and writes them as KPL does: `data` of the one record, or the aggregate of
 * several. Keys must have been checked and hash keys made canonical (record-rules.ts). Data is copied
 * when it is added, that of the first record when the second one comes. After `reset` the object is
 * used again.
 */
export class AggregateEncoder {
  readonly #partitionKeys = new KeyTable(PARTITION_KEY_TAG)
  readonly #hashKeys = new KeyTable(EXPLICIT_HASH_KEY_TAG)
  /** As long as it is alone, for then it travels raw. */
  #first: Uint8Array | undefined
  #firstHashKey = NONE
  /** The record fields, as they are to be written. */
  #fields: Buffer = NOTHING
  #records = 0
  /** Of the record fields, that of a lone record included. */
  #recordBytes = 0

  /** User records held. */
  get records(): number {
    return this.#records
  }

  /** Exact size of the Kinesis record's data, were it written now. */
  get bytes(): number {
    if (this.#records < 2) return this.#first?.length ?? 0
    return ENVELOPE_BYTES + this.#partitionKeys.bytes + this.#hashKeys.bytes + this.#recordBytes
  }

  /** What `bytes` would be with this user record added. */
  bytesWith(
    partitionKey: string,
    keyBytes: number,
    explicitHashKey: string | undefined,
    dataBytes: number,
  ): number {
    if (this.#records === 0) return dataBytes
    const key = this.#partitionKeys.indexOf(partitionKey)
    const hashKey = explicitHashKey === undefined ? NONE : this.#hashKeys.indexOf(explicitHashKey)
    return (
      ENVELOPE_BYTES +
      this.#partitionKeys.bytes +
      this.#hashKeys.bytes +
      this.#recordBytes +
      this.#growth(key, keyBytes, explicitHashKey, hashKey, dataBytes)
    )
  }

  /**
   * Adds the user record unless that makes the data larger than `maxBytes`. The first one always
   * fits: alone it travels raw.
   *
   * @param keyBytes the partition key's length in UTF-8 bytes, as `hashPartitionKey` returns it
   */
  tryAdd(
    partitionKey: string,
    keyBytes: number,
    explicitHashKey: string | undefined,
    data: Uint8Array,
    maxBytes: number,
  ): boolean {
    let key = this.#partitionKeys.indexOf(partitionKey)
    let hashKey = explicitHashKey === undefined ? NONE : this.#hashKeys.indexOf(explicitHashKey)
    if (this.#records > 0) {
      const held = this.#partitionKeys.bytes + this.#hashKeys.bytes + this.#recordBytes
      const growth = this.#growth(key, keyBytes, explicitHashKey, hashKey, data.length)
      if (ENVELOPE_BYTES + held + growth > maxBytes) return false
    }
    if (key === NONE) key = this.#partitionKeys.add(partitionKey, keyBytes)
    if (explicitHashKey !== undefined && hashKey === NONE) {
      hashKey = this.#hashKeys.add(explicitHashKey, explicitHashKey.length)
    }
    const at = this.#recordBytes
    const body = bodyBytes(key, hashKey, data.length)
    this.#recordBytes += 1 + sizeOf(body) + body
    if (this.#records++ === 0) {
      this.#first = data
      this.#firstHashKey = hashKey
      return true
    }
    if (this.#recordBytes > this.#fields.length) this.#grow(at)
    if (this.#first !== undefined) this.#writeFirst(this.#first)
    this.#writeRecord(at, body, key, hashKey, data)
    return true
  }

  /** The data in a buffer of its own; for one user record its very data, uncopied. */
  encode(): Uint8Array {
    if (this.#records < 2) return this.#first ?? NOTHING
    const aggregate = this.encodeInto(Buffer.allocUnsafeSlow(this.bytes))
    sealAggregates([aggregate])
    return aggregate
  }

  /**
   * Two user records or more at the start of a buffer that is large enough: a view of it. It lacks its
   * checksum: `sealAggregates` has yet to write it.
   */
  encodeInto(buffer: Buffer): Uint8Array {
    for (let i = 0; i < MAGIC_BYTES; i++) buffer[i] = MAGIC[i] as number
    let at = this.#partitionKeys.writeTo(buffer, MAGIC_BYTES)
    at = this.#hashKeys.writeTo(buffer, at)
    buffer.set(this.#fields.subarray(0, this.#recordBytes), at)
    return buffer.subarray(0, at + this.#recordBytes + CHECKSUM_BYTES)
  }

  /** Lets go of everything held. */
  reset(): void {
    this.#partitionKeys.clear()
    this.#hashKeys.clear()
    this.#first = undefined
    if (this.#fields.length > MOST_CAPACITY_KEPT_BYTES) this.#fields = NOTHING
    this.#records = 0
    this.#recordBytes = 0
  }

  #growth(
    key: number,
    keyBytes: number,
    explicitHashKey: string | undefined,
    hashKey: number,
    dataBytes: number,
  ): number {
    let growth = 0
    let keyIndex = key
    let hashKeyIndex = hashKey
    if (key === NONE) {
      growth += 1 + sizeOf(keyBytes) + keyBytes
      keyIndex = this.#partitionKeys.size
    }
    if (explicitHashKey !== undefined && hashKey === NONE) {
      growth += 2 + explicitHashKey.length
      hashKeyIndex = this.#hashKeys.size
    }
    const body = bodyBytes(keyIndex, hashKeyIndex, dataBytes)
    return growth + 1 + sizeOf(body) + body
  }

  /** Of two: the first one waited to see whether it stays alone. */
  #writeFirst(data: Uint8Array): void {
    this.#writeRecord(0, bodyBytes(0, this.#firstHashKey, data.length), 0, this.#firstHashKey, data)
    this.#first = undefined
  }

  #writeRecord(offset: number, body: number, key: number, hashKey: number, data: Uint8Array): void {
    const target = this.#fields
    let at = offset
    target[at++] = RECORD
    at = write(target, at, body)
    target[at++] = KEY_INDEX
    at = write(target, at, key)
    if (hashKey !== NONE) {
      target[at++] = HASH_KEY_INDEX
      at = write(target, at, hashKey)
    }
    target[at++] = DATA
    at = write(target, at, data.length)
    target.set(data, at)
  }

  #grow(usedBytes: number): void {
    let capacity = Math.max(this.#fields.length, FIRST_CAPACITY_BYTES)
    while (capacity < this.#recordBytes) capacity *= 2
    const larger = Buffer.allocUnsafeSlow(capacity)
    // A lone first record is not written yet.
    if (this.#first === undefined) larger.set(this.#fields.subarray(0, usedBytes))
    this.#fields = larger
  }
}

/** A Record message without its own tag and length. */
function bodyBytes(key: number, hashKey: number, dataBytes: number): number {
  const body = 2 + sizeOf(key) + sizeOf(dataBytes) + dataBytes
  return hashKey === NONE ? body : body + 1 + sizeOf(hashKey)
}
