/**
 * HOT: one check a record and two a request while nobody listens. What the producer tells on Node's
 * `diagnostics_channel`: counts, times, codes and places; never data, keys, messages or credentials.
 */
import { type Channel, channel } from 'node:diagnostics_channel'
import type { kinesis } from '@millrace/core'
import { callFailure } from './pipeline/failure-reason.ts'
import type { OutstandingRecord } from './pipeline/outstanding-record.ts'
import type { SentRequest } from './pipeline/sender.ts'
import type { Stored } from './pipeline/stored.ts'

/** Names of the channels, for `diagnostics_channel.subscribe`. @public */
export const PRODUCER_CHANNELS = {
  /** A PutRecords request is handed to the client: `RequestStartMessage`. */
  requestStart: 'millrace:producer:request:start',
  /** It was answered, or failed as a whole: `RequestEndMessage`. */
  requestEnd: 'millrace:producer:request:end',
  /** A user record has its outcome: `RecordSettleMessage`. */
  recordSettle: 'millrace:producer:record:settle',
} as const

/** A PutRecords request that begins. @public */
export interface RequestStartMessage {
  /** The same in the message of its end; unique in this process. */
  readonly requestId: number
  readonly stream: string
  /** Entries of the request. */
  readonly kinesisRecords: number
  readonly userRecords: number
  /** Data of all entries, bytes. */
  readonly dataBytes: number
}

/** A PutRecords request that is over. @public */
export interface RequestEndMessage extends RequestStartMessage {
  readonly durationMs: number
  /** Entries that were refused; 0 when the whole request failed. */
  readonly refusedRecords: number
  /** Set when the whole request failed; the service's or the socket's name for it. */
  readonly errorCode: string | undefined
}

/** A user record that was stored or has failed. @public */
export interface RecordSettleMessage {
  readonly stream: string
  /** Undefined when the record failed; the code then, as in its last attempt. */
  readonly errorCode: string | undefined
  /** Where it lies; of a record that failed, where it was meant to, if that is known. */
  readonly shardId: string | undefined
  readonly sequenceNumber: string | undefined
  readonly subSequenceNumber: number | undefined
  /** Its data, bytes. */
  readonly dataBytes: number
  readonly attempts: number
  /** Milliseconds from acceptance to the end of its last attempt. */
  readonly ageMs: number
}

const requestStart: Channel = channel(PRODUCER_CHANNELS.requestStart)
const requestEnd: Channel = channel(PRODUCER_CHANNELS.requestEnd)
const recordSettle: Channel = channel(PRODUCER_CHANNELS.recordSettle)

let lastRequestId = 0

/** Tells of a request that begins. What to say at its end; undefined when nobody listens. */
export function tellRequestStart(
  stream: string,
  request: SentRequest,
): RequestStartMessage | undefined {
  if (!requestStart.hasSubscribers && !requestEnd.hasSubscribers) return undefined
  let userRecords = 0
  for (const record of request.records) userRecords += record.length
  let dataBytes = 0
  for (const { Data } of request.entries) dataBytes += Data.length
  const message: RequestStartMessage = {
    requestId: ++lastRequestId,
    stream,
    kinesisRecords: request.records.length,
    userRecords,
    dataBytes,
  }
  requestStart.publish(message)
  return message
}

/** @param outcome the answer, or else what the client rejected with */
export function tellRequestEnd(
  start: RequestStartMessage,
  durationMs: number,
  isAnswered: boolean,
  outcome: unknown,
): void {
  if (!requestEnd.hasSubscribers) return
  const message: RequestEndMessage = {
    ...start,
    durationMs,
    refusedRecords: isAnswered ? refusedIn(outcome) : 0,
    errorCode: isAnswered ? undefined : callFailure(outcome).code,
  }
  requestEnd.publish(message)
}

/** Arguments one by one: most user records have no object. */
export function tellStored(
  stream: string,
  stored: Stored,
  subSequenceNumber: number,
  dataBytes: number,
  attempts: number,
  admittedMs: number,
): void {
  if (!recordSettle.hasSubscribers) return
  const message: RecordSettleMessage = {
    stream,
    errorCode: undefined,
    shardId: stored.shardId,
    sequenceNumber: stored.sequenceNumber,
    subSequenceNumber,
    dataBytes,
    attempts,
    ageMs: stored.endMs - admittedMs,
  }
  recordSettle.publish(message)
}

export function tellFailed(
  stream: string,
  record: OutstandingRecord,
  errorCode: string,
  shardId: string | undefined,
): void {
  if (!recordSettle.hasSubscribers) return
  const message: RecordSettleMessage = {
    stream,
    errorCode,
    shardId,
    sequenceNumber: undefined,
    subSequenceNumber: undefined,
    dataBytes: record.dataBytes,
    attempts: record.attemptsMade,
    ageMs: record.freeSinceMs - record.admittedMs,
  }
  recordSettle.publish(message)
}

/** A client of the user's own may answer anything. */
function refusedIn(answer: unknown): number {
  const results = (answer as { readonly Records?: unknown } | null | undefined)?.Records
  if (!Array.isArray(results)) return 0
  return results.filter((result: kinesis.PutRecordsResultEntry | null) => result?.ErrorCode).length
}
