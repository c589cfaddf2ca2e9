/**
 * HOT: about 0.25 us a record: key check, one MD5 block, size check; no allocation.
 * Nothing is accepted that the service would refuse.
 */
import { InvalidRecordError } from '@millrace/core'
import {
  canonicalHashKey,
  checkKeyLength,
  checkKeyText,
  checkRecordData,
  checkRecordSize,
  type HashWords,
  hashPartitionKey,
  hashUserRecord,
  LIMITS,
  newHashWords,
} from '@millrace/core/internal'
import type { UserRecord } from '../user-record.ts'
import type { StreamRules } from './stream-rules.ts'

/** Checks one record at a time and keeps what it found out until the next. */
export class Admission {
  readonly #words = newHashWords()
  #data: Uint8Array = new Uint8Array(0)
  #keyBytes = 0
  #explicitHashKey: string | undefined
  #isDoubtful = false

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

  /** True if only the description of the stream, which is on its way, can tell whether it is right. */
  get isDoubtful(): boolean {
    return this.#isDoubtful
  }

  /**
   * Checks a record.
   *
   * @returns what it will be charged with, bytes
   * @throws InvalidRecordError, and whatever the codec throws
   */
  check(record: UserRecord<unknown>, rules: StreamRules): number {
    const { codec } = rules
    // First of all: a codec may call put() itself.
    const data: unknown = codec === undefined ? record.data : codec.encode(record.data)
    const { partitionKey, explicitHashKey } = record
    this.#isDoubtful = false
    this.#keyBytes = 0
    if (partitionKey === undefined) {
      this.#checkKeyless(rules)
    } else {
      checkKeyLength(partitionKey)
      this.#keyBytes = hashPartitionKey(partitionKey, this.#words)
      // As many bytes as UTF-16 units: ASCII.
      if (this.#keyBytes !== partitionKey.length) checkKeyText(partitionKey)
    }
    this.#explicitHashKey =
      explicitHashKey === undefined || explicitHashKey === null
        ? undefined
        : canonicalHashKey(explicitHashKey)
    checkRecordData(data)
    const bytes = data.length + this.#keyBytes
    if (bytes > rules.maxRecordBytes) {
      if (!rules.mayTake(bytes)) checkRecordSize(data.length, this.#keyBytes, rules.maxRecordBytes)
      this.#isDoubtful = true
    }
    if (this.#explicitHashKey !== undefined) {
      hashUserRecord('', this.#explicitHashKey, this.#words)
    }
    this.#data = data
    return bytes
  }

  #checkKeyless(rules: StreamRules): void {
    if (rules.placesItself) return
    if (!rules.isShut) throw keyMissing()
    this.#isDoubtful = true
  }

  /** The data of the record last checked, as it was given. */
  get data(): Uint8Array {
    return this.#data
  }
}

function keyMissing(): InvalidRecordError {
  return new InvalidRecordError(
    'partitionKey',
    'The record has no partition key, and its stream is not known to do without (record distribution AUTO)',
    `Pass text of 1 to ${LIMITS.partitionKeyMaxCharacters} characters. The distribution is asked for with kinesis:DescribeStreamSummary.`,
  )
}
