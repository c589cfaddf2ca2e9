/**
 * HOT: about 0.25 us a record: key check, one MD5 block, size check; no allocation before the copy.
 * Nothing is accepted that the service would refuse.
 */
import type { Codec } from '@millrace/core'
import {
  canonicalHashKey,
  checkPartitionKey,
  checkRecordData,
  checkRecordObject,
  checkRecordSize,
  type HashWords,
  hashPartitionKey,
  hashUserRecord,
  newHashWords,
} from '@millrace/core/internal'
import type { UserRecord } from '../user-record.ts'
import { DataCopier } from './data-copier.ts'

/** Checks one record at a time and keeps what it found out until the next. */
export class Admission<T> {
  readonly #codec: Codec<T> | undefined
  readonly #maxRecordBytes: number
  readonly #copier = new DataCopier()
  readonly #words = newHashWords()
  #data: Uint8Array = new Uint8Array(0)
  #keyBytes = 0
  #explicitHashKey: string | undefined

  /** @param codec without one the data must be bytes */
  constructor(codec: Codec<T> | undefined, maxRecordBytes: number) {
    this.#codec = codec
    this.#maxRecordBytes = maxRecordBytes
  }

  /** Hash key of the record last checked. */
  get words(): HashWords {
    return this.#words
  }

  get keyBytes(): number {
    return this.#keyBytes
  }

  /** Canonical decimal text. */
  get explicitHashKey(): string | undefined {
    return this.#explicitHashKey
  }

  /**
   * Checks a record.
   *
   * @returns what it will be charged with, bytes
   * @throws InvalidRecordError, and whatever the codec throws
   */
  check(record: UserRecord<T>): number {
    checkRecordObject(record)
    // First of all: a codec may call put() itself.
    const data: unknown = this.#codec === undefined ? record.data : this.#codec.encode(record.data)
    const { partitionKey, explicitHashKey } = record
    checkPartitionKey(partitionKey)
    this.#explicitHashKey =
      explicitHashKey === undefined || explicitHashKey === null
        ? undefined
        : canonicalHashKey(explicitHashKey)
    checkRecordData(data)
    this.#keyBytes = hashPartitionKey(partitionKey, this.#words)
    checkRecordSize(data.length, this.#keyBytes, this.#maxRecordBytes)
    if (this.#explicitHashKey !== undefined) {
      hashUserRecord(partitionKey, this.#explicitHashKey, this.#words)
    }
    this.#data = data
    return data.length + this.#keyBytes
  }

  /** A copy of the data of the record last checked. */
  copyData(): Uint8Array {
    return this.#copier.copy(this.#data)
  }
}
