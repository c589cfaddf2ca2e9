/** One PutRecords call: encodes late, so that what expired meanwhile stays behind. */
import type { KinesisPort, kinesis } from '@millrace/core'
import { tellRequestEnd, tellRequestStart } from '../channels.ts'
import type { AggregateBuffers } from './aggregate-buffers.ts'
import { clockMs } from './alarm.ts'
import type { Bisection } from './bisection.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import { requestEntries } from './request-entries.ts'
import type { RequestSlots } from './request-slots.ts'

/** A request that travels or has travelled. `entries[i]` carries `records[i]`. */
export interface SentRequest {
  readonly records: readonly KinesisRecord[]
  readonly entries: readonly kinesis.PutRecordsEntry[]
  readonly startMs: number
  /** Set on a part of a request that was refused. */
  readonly bisection: Bisection | undefined
}

/** Who is told what became of a request. If one of them throws, `failed` is told of the rest. */
export interface SentRequestListener {
  /** @param output what the client answered, whatever that is */
  answered(request: SentRequest, endMs: number, output: kinesis.PutRecordsOutput | undefined): void
  failed(request: SentRequest, endMs: number, error: unknown): void
}

export interface SenderOptions {
  readonly client: KinesisPort
  readonly stream: kinesis.StreamInput
  readonly streamName: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Shared by all streams of the producer. */
  readonly slots: RequestSlots
  readonly listener: SentRequestListener
  readonly buffers: AggregateBuffers
  /** A Kinesis record's bytes are written: its encoder is free. */
  readonly encoded: (record: KinesisRecord) => void
  readonly troubled: (error: Error) => void
}

export class Sender {
  readonly #options: SenderOptions

  constructor(options: SenderOptions) {
    this.#options = options
  }

  send(records: readonly KinesisRecord[]): void {
    this.#options.slots.run(() => this.#prepare(records))
  }

  /** Sends a part of a request that was refused again, as it is. */
  sendAgain(
    records: readonly KinesisRecord[],
    entries: readonly kinesis.PutRecordsEntry[],
    bisection: Bisection,
  ): void {
    this.#options.slots.run(() => {
      void this.#put({ records, entries, startMs: clockMs(), bisection })
    })
  }

  #prepare(given: readonly KinesisRecord[]): void {
    const { slots, encoded, buffers } = this.#options
    for (const record of given) record.depart()
    const records = given.filter(({ length }) => length > 0)
    let entries: readonly kinesis.PutRecordsEntry[]
    try {
      entries = requestEntries(records, buffers)
    } catch (fault) {
      slots.release()
      this.#faulted({ records, entries: [], startMs: clockMs(), bisection: undefined }, fault)
      return
    }
    for (const record of given) encoded(record)
    if (records.length === 0) slots.release()
    else void this.#put({ records, entries, startMs: clockMs(), bisection: undefined })
  }

  async #put(request: SentRequest): Promise<void> {
    const { client, stream, streamName, timeoutMs, signal, slots, listener } = this.#options
    const told = tellRequestStart(streamName, request)
    let output: kinesis.PutRecordsOutput | undefined
    let error: unknown
    let isAnswered = false
    try {
      output = await client.putRecords(
        { ...stream, Records: request.entries },
        { timeoutMs, signal },
      )
      isAnswered = true
    } catch (cause) {
      error = cause
    }
    slots.release()
    if (told !== undefined) {
      const durationMs = clockMs() - request.startMs
      tellRequestEnd(told, durationMs, isAnswered, isAnswered ? output : error)
    }
    try {
      if (isAnswered) listener.answered(request, clockMs(), output)
      else listener.failed(request, clockMs(), error)
    } catch (fault) {
      this.#faulted(request, fault)
    }
  }

  /** A fault of ours must not leave a record without an outcome: what still travels has failed. */
  #faulted(request: SentRequest, fault: unknown): void {
    const { listener, troubled } = this.#options
    const records = request.records.filter(({ isInFlight }) => isInFlight)
    try {
      listener.failed({ ...request, records }, clockMs(), fault)
    } catch (again) {
      // Then its TTL ends it.
      for (const record of records) record.comeBack()
      troubled(again instanceof Error ? again : new Error(String(again)))
    }
  }
}
