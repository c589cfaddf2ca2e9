/** One PutRecords call: encodes late, so that what expired meanwhile stays behind. */
import type { KinesisPort, kinesis } from '@millrace/core'
import { clockMs } from './alarm.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import { requestEntry } from './request-entry.ts'
import type { RequestSlots } from './request-slots.ts'

/** A request that travels or has travelled. `entries[i]` carries `records[i]`. */
export interface SentRequest {
  readonly records: readonly KinesisRecord[]
  readonly entries: readonly kinesis.PutRecordsEntry[]
  readonly startMs: number
}

/** Who is told what became of a request. Neither method may throw. */
export interface SentRequestListener {
  answered(request: SentRequest, endMs: number, output: kinesis.PutRecordsOutput): void
  failed(request: SentRequest, endMs: number, error: unknown): void
}

export interface SenderOptions {
  readonly client: KinesisPort
  readonly stream: kinesis.StreamInput
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Shared by all streams of the producer. */
  readonly slots: RequestSlots
  readonly listener: SentRequestListener
  /** A Kinesis record's bytes are written: its encoder is free. */
  readonly encoded: (record: KinesisRecord) => void
}

export class Sender {
  readonly #options: SenderOptions

  constructor(options: SenderOptions) {
    this.#options = options
  }

  send(records: readonly KinesisRecord[]): void {
    this.#options.slots.run(() => this.#prepare(records))
  }

  /** Sends entries of a request again, as they are. */
  sendAgain(records: readonly KinesisRecord[], entries: readonly kinesis.PutRecordsEntry[]): void {
    this.#options.slots.run(() => {
      void this.#put({ records, entries, startMs: clockMs() })
    })
  }

  #prepare(given: readonly KinesisRecord[]): void {
    const records: KinesisRecord[] = []
    const entries: kinesis.PutRecordsEntry[] = []
    for (const record of given) {
      record.depart()
      if (record.userRecords.length > 0) {
        entries.push(requestEntry(record))
        records.push(record)
      }
      this.#options.encoded(record)
    }
    if (records.length === 0) this.#options.slots.release()
    else void this.#put({ records, entries, startMs: clockMs() })
  }

  async #put(request: SentRequest): Promise<void> {
    const { client, stream, timeoutMs, signal, slots, listener } = this.#options
    let output: kinesis.PutRecordsOutput
    try {
      output = await client.putRecords(
        { ...stream, Records: request.entries },
        { timeoutMs, signal },
      )
    } catch (error) {
      slots.release()
      listener.failed(request, clockMs(), error)
      return
    }
    slots.release()
    listener.answered(request, clockMs(), output)
  }
}
