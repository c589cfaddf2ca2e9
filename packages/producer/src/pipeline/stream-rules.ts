/** What a record for one stream may be, as far as that is known of the stream. */
import type { Codec, kinesis } from '@millrace/core'
import { LIMITS } from '@millrace/core/internal'
import type { Gate } from './backpressure.ts'

export interface StreamRulesOptions {
  /** Without one the data must be bytes. */
  readonly codec: Codec<unknown> | undefined
  /** The user's own limit; undefined: the stream's. */
  readonly maxRecordBytes: number | undefined
  /** A larger record could never be accepted. */
  readonly maxBufferedBytes: number
}

const KIB = 1024

/** As a gate, it holds up the records that only the description of the stream can judge. */
export class StreamRules implements Gate {
  readonly codec: Codec<unknown> | undefined
  readonly #options: StreamRulesOptions
  #maxRecordBytes: number
  #placesItself = false
  #isShut = true

  constructor(options: StreamRulesOptions) {
    this.#options = options
    this.codec = options.codec
    this.#maxRecordBytes = options.maxRecordBytes ?? LIMITS.recordDefaultMaxBytes
  }

  /** Largest record that the stream takes, as far as known. */
  get maxRecordBytes(): number {
    return this.#maxRecordBytes
  }

  /** The stream picks shards without regard to keys (record distribution AUTO): none is needed. */
  get placesItself(): boolean {
    return this.#placesItself
  }

  /** True while the description of the stream is on its way. */
  get isShut(): boolean {
    return this.#isShut
  }

  /** True if the description may still show that a record of this size is right. */
  mayTake(bytes: number): boolean {
    const { maxRecordBytes, maxBufferedBytes } = this.#options
    return (
      this.#isShut &&
      maxRecordBytes === undefined &&
      bytes <= Math.min(LIMITS.recordLargestMaxBytes, maxBufferedBytes)
    )
  }

  learn(stream: kinesis.StreamDescriptionSummary): void {
    const { maxRecordBytes, maxBufferedBytes } = this.#options
    const { MaxRecordSizeInKiB: kib, RecordDistributionStrategy: distribution } = stream
    this.#placesItself = distribution === 'AUTO'
    if (maxRecordBytes === undefined && kib !== undefined && Number.isInteger(kib) && kib > 0) {
      const most = Math.min(LIMITS.recordLargestMaxBytes, maxBufferedBytes)
      this.#maxRecordBytes = Math.min(kib * KIB, most)
    }
    this.open()
  }

  /** Nobody waits for the description any longer. */
  open(): void {
    this.#isShut = false
  }
}
