/** What is told of a record that was lost and that no promise speaks for. */
import type { Codec, Logger, StreamRef } from '@millrace/core'
import type { UserRecordFailedError } from '../errors.ts'
import type { UserRecord } from '../user-record.ts'
import { clockMs } from './alarm.ts'
import { LossLog } from './loss-log.ts'
import type { OutstandingRecord } from './outstanding-record.ts'

const TROUBLE_PERIOD_MS = 1000

export interface LossesOptions<T> {
  readonly logger: Logger
  /** True when somebody listens to `failed`. */
  readonly isHeard: () => boolean
  readonly failed: (record: UserRecord<T>, error: UserRecordFailedError) => void
  readonly troubled: (error: Error) => void
}

export class Losses<T> {
  readonly #options: LossesOptions<T>
  readonly #log: LossLog
  #troubledMs = Number.NEGATIVE_INFINITY

  constructor(options: LossesOptions<T>) {
    this.#options = options
    this.#log = new LossLog(options.logger)
  }

  /** @param codec of that stream; undefined: the data is bytes */
  tell(
    stream: StreamRef,
    record: OutstandingRecord,
    error: UserRecordFailedError,
    codec: Codec<unknown> | undefined,
  ): void {
    const { isHeard, failed } = this.#options
    if (!isHeard()) {
      this.#log.add(error)
      return
    }
    // A copy of its own: the data lies in a buffer shared with other records.
    const bytes = record.data.slice()
    let data: T
    try {
      data = (codec === undefined ? bytes : codec.decode(bytes)) as T
    } catch (cause) {
      this.#log.add(error)
      this.#troubled(cause)
      return
    }
    const { explicitHashKey } = record
    const partitionKey = record.partitionKey === '' ? undefined : record.partitionKey
    failed({ stream, partitionKey, explicitHashKey, data }, error)
  }

  stop(): void {
    this.#log.stop()
  }

  /** A codec that cannot decode fails for every record alike. */
  #troubled(cause: unknown): void {
    const nowMs = clockMs()
    if (nowMs - this.#troubledMs < TROUBLE_PERIOD_MS) return
    this.#troubledMs = nowMs
    this.#options.troubled(cause instanceof Error ? cause : new Error(String(cause)))
  }
}
