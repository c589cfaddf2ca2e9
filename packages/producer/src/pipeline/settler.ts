/** HOT: about 0.1 us a user record. What becomes of each record of a request that has travelled. */
import type { kinesis, Random } from '@millrace/core'
import type { HashWordRange } from '@millrace/core/internal'
import type { ProducerMetrics } from '../metrics/producer-metrics.ts'
import type { AggregateBuffers } from './aggregate-buffers.ts'
import { type Bisection, halve, noteAnswer, waitForOtherHalf } from './bisection.ts'
import {
  type AttemptFailure,
  attemptError,
  callFailure,
  countMismatch,
  entryFailure,
  wrongShard,
} from './failure-reason.ts'
import { isOutstanding, type KinesisRecord } from './kinesis-record.ts'
import type { OutstandingRecord } from './outstanding-record.ts'
import { disproves } from './placement.ts'
import { PlacementJudge } from './placement-judge.ts'
import type { RecordOutcomes } from './record-outcomes.ts'
import { backoffMs, decideRetry } from './retry-decision.ts'
import type { SentRequest, SentRequestListener } from './sender.ts'
import type { ShardLane } from './shard-lane.ts'
import type { Stored } from './stored.ts'

export interface SettlerOptions {
  /** Takes the buffers of stored aggregates back. */
  readonly buffers: AggregateBuffers
  readonly recordTtlMs: number
  /** How long an aggregate waits for the judgement on its place. */
  readonly holdMs: number
  readonly failIfThrottled: boolean
  readonly random: Random
  readonly metrics: ProducerMetrics
  readonly outcomes: RecordOutcomes
  /** True when the shard map was listed at this time or later. */
  readonly isMapSince: (sentMs: number) => boolean
  readonly rangeOf: (shardId: string) => HashWordRange | undefined
  /** A record landed where it was meant to, or (alone) anywhere: that shard is open. */
  readonly landed: (shardId: string, sentMs: number) => void
  /** The shard map is that of another stream, which had the same name, or of none. */
  readonly disproved: () => void
  /** The service calls a record or the whole call wrong. */
  readonly refused: () => void
  /** A record landed elsewhere. True when the map is being renewed because of it. */
  readonly strayed: (record: KinesisRecord, actual: string, sentMs: number) => boolean
  readonly retry: (records: readonly OutstandingRecord[], delayMs: number, nowMs: number) => void
  readonly sendAgain: (
    records: readonly KinesisRecord[],
    entries: readonly kinesis.PutRecordsEntry[],
    bisection: Bisection,
  ) => void
  readonly throttled: (shardId: string) => void
  /** How long a lane has to wait has changed. */
  readonly paced: (lane: ShardLane, nowMs: number) => void
}

const NO_RESULT: kinesis.PutRecordsResultEntry = {}

export class Settler implements SentRequestListener {
  readonly #options: SettlerOptions
  readonly #judge: PlacementJudge
  #answers = 0

  constructor(options: SettlerOptions) {
    this.#options = options
    this.#judge = new PlacementJudge({
      holdMs: options.holdMs,
      isMapSince: options.isMapSince,
      rangeOf: options.rangeOf,
      right: (record, stored) => this.#succeed(record, stored),
      wrong: (record, stored, nowMs) => this.#retryMisplaced(record, stored, nowMs),
    })
  }

  answered(
    request: SentRequest,
    endMs: number,
    output: kinesis.PutRecordsOutput | undefined,
  ): void {
    const { records, startMs, bisection } = request
    this.#measure(request, endMs)
    noteAnswer(bisection, false)
    // The client may be the user's own: nothing is certain about what it answers.
    const results: readonly unknown[] = Array.isArray(output?.Records) ? output.Records : []
    if (results.length !== records.length) {
      this.#failCall(request, endMs, countMismatch(records.length, results.length))
      return
    }
    // First of all: a map that this answer speaks against must not speak for the rest of it.
    const places = this.#whatPlacesSay(records, results)
    if (places === 'disproved') this.#options.disproved()
    let isMissing = false
    let throttledLanes: Set<ShardLane> | undefined
    const answer = ++this.#answers
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as KinesisRecord
      const {
        SequenceNumber: sequenceNumber,
        ShardId: shardId,
        ErrorCode: code,
        ErrorMessage: message,
      } = (results[i] ?? NO_RESULT) as kinesis.PutRecordsResultEntry
      // Stand-ins for the service may send empty fields beside a code.
      if (!code && sequenceNumber && shardId) {
        const stored = { shardId, sequenceNumber, startMs, endMs }
        record.lane.tookInAnswer = answer
        this.#stored(record, stored, places !== 'as predicted', request.entries[i])
        continue
      }
      const failure = entryFailure(
        code ? String(code) : 'UnknownError',
        message ?? 'the entry was neither stored nor refused with a code',
      )
      if (failure.kind === 'throttled') {
        throttledLanes ??= new Set()
        throttledLanes.add(record.lane)
      } else if (failure.kind === 'missing') {
        isMissing = true
      }
      const { metrics } = this.#options
      if (metrics.enabled) metrics.kinesisRecordRefused(record, failure.code)
      this.#failAttempt(record, startMs, endMs, failure)
    }
    if (isMissing) this.#options.disproved()
    if (throttledLanes === undefined) return
    for (const lane of throttledLanes) this.#throttled(lane, answer, startMs, endMs)
  }

  failed(request: SentRequest, endMs: number, error: unknown): void {
    this.#measure(request, endMs)
    const failure = callFailure(error)
    noteAnswer(request.bisection, failure.kind === 'invalid')
    this.#failCall(request, endMs, failure)
  }

  /** To be called when the shard map has changed. */
  mapChanged(): void {
    this.#judge.judgeAgain()
  }

  /** To be called before what is outstanding is given up: some of it is known to be stored. */
  letGo(): void {
    this.#judge.letGo()
  }

  stop(): void {
    this.#judge.stop()
  }

  #throttled(lane: ShardLane, answer: number, sentMs: number, nowMs: number): void {
    const { shardId, brake, tookInAnswer } = lane
    // What was not meant for one shard says nothing about one.
    if (shardId === undefined) return
    const { random, paced, throttled } = this.#options
    if (tookInAnswer === answer) brake.eases(nowMs)
    else brake.refuses(sentMs, nowMs, random.next())
    paced(lane, nowMs)
    throttled(shardId)
  }

  #measure(request: SentRequest, endMs: number): void {
    const { metrics } = this.#options
    if (metrics.enabled) metrics.requestSent(request.records, request.startMs, endMs)
  }

  #stored(
    record: KinesisRecord,
    stored: Stored,
    isMapInDoubt: boolean,
    entry: kinesis.PutRecordsEntry | undefined,
  ): void {
    const { metrics, landed, strayed, paced } = this.#options
    if (metrics.enabled) metrics.kinesisRecordStored(record, entry?.Data.length ?? 0)
    const { shardId: predicted, isDisproved, brake } = record.lane
    if (brake.isOn && brake.takes(stored.startMs)) paced(record.lane, stored.endMs)
    if (predicted === undefined || (predicted === stored.shardId && !isDisproved)) {
      landed(stored.shardId, stored.startMs)
      const mayBeWrong = isMapInDoubt && predicted !== undefined && record.length > 1
      if (mayBeWrong) this.#judge.judge(record, stored, true)
      else this.#succeed(record, stored)
      return
    }
    if (!isDisproved) strayed(record, stored.shardId, stored.startMs)
    this.#judge.judge(record, stored, false)
  }

  /** What the places in an answer say about the map that predicted them. */
  #whatPlacesSay(
    records: readonly KinesisRecord[],
    results: readonly unknown[],
  ): 'as predicted' | 'elsewhere' | 'disproved' {
    let isElsewhere = false
    for (let i = 0; i < records.length; i++) {
      const { lane, first } = records[i] as KinesisRecord
      if (lane.shardId === undefined || lane.isDisproved) continue
      const actual = (results[i] as kinesis.PutRecordsResultEntry | null)?.ShardId
      if (!actual || actual === lane.shardId) continue
      const range = this.#options.rangeOf(actual)
      if (first !== undefined && disproves(first, range)) return 'disproved'
      isElsewhere = true
    }
    return isElsewhere ? 'elsewhere' : 'as predicted'
  }

  #succeed(record: KinesisRecord, stored: Stored): void {
    this.#options.outcomes.succeedAll(record, stored)
    record.release(this.#options.buffers)
  }

  /** All or nothing: readers drop an aggregate whole, so the records in range go again as well. */
  #retryMisplaced(record: KinesisRecord, stored: Stored, nowMs: number): void {
    const { random, strayed } = this.#options
    const failure = wrongShard(record.lane.shardId, stored.shardId)
    const mapIsRenewed = strayed(record, stored.shardId, stored.startMs)
    const delayMs = mapIsRenewed ? 0 : backoffMs(record.attemptsMade + 1, random.next())
    this.#noteAttempt(record, stored.startMs, stored.endMs, failure)
    this.#retry(record, delayMs, nowMs)
  }

  #failCall(request: SentRequest, endMs: number, failure: AttemptFailure): void {
    const { metrics, disproved } = this.#options
    if (metrics.enabled) metrics.requestFailed(failure.code)
    if (failure.kind === 'missing') disproved()
    if (failure.kind === 'invalid') this.#searchFault(request, endMs, failure)
    else this.#failAll(request, endMs, failure)
  }

  /** One entry may spoil the request for the others: halves it until that one is alone. */
  #searchFault(request: SentRequest, endMs: number, failure: AttemptFailure): void {
    const { records, entries, startMs, bisection } = request
    const { sendAgain } = this.#options
    const part = halve(records.length, failure.message, bisection)
    if (part === 'wait' && bisection !== undefined) {
      waitForOtherHalf(bisection, () => this.#searchFault(request, endMs, failure))
    } else if (typeof part === 'object') {
      for (const record of records) this.#noteAttempt(record, startMs, endMs, failure)
      const half = records.length >> 1
      sendAgain(records.slice(0, half), entries.slice(0, half), part)
      sendAgain(records.slice(half), entries.slice(half), part)
    } else {
      this.#failAll(request, endMs, failure)
    }
  }

  #failAll({ records, startMs }: SentRequest, endMs: number, failure: AttemptFailure): void {
    for (const record of records) this.#failAttempt(record, startMs, endMs, failure)
  }

  #failAttempt(
    record: KinesisRecord,
    startMs: number,
    endMs: number,
    failure: AttemptFailure,
  ): void {
    const { failIfThrottled, random, outcomes, refused } = this.#options
    if (failure.kind === 'invalid') refused()
    const attempt = { kind: failure.kind, code: failure.code, attempt: record.attemptsMade + 1 }
    const decision = decideRetry(attempt, failIfThrottled, random.next())
    this.#noteAttempt(record, startMs, endMs, failure)
    if (decision.retry) {
      this.#retry(record, decision.delayMs, endMs)
      return
    }
    for (const userRecord of record.userRecords) outcomes.fail(userRecord, failure)
  }

  #retry(record: KinesisRecord, delayMs: number, nowMs: number): void {
    const { outcomes, recordTtlMs, retry } = this.#options
    record.unpack()
    for (const userRecord of record.userRecords) {
      if (!isOutstanding(userRecord)) continue
      if (nowMs >= userRecord.admittedMs + recordTtlMs) outcomes.expire(userRecord, nowMs)
      else userRecord.phase = 'buffered'
    }
    retry(record.userRecords, delayMs, nowMs)
  }

  #noteAttempt(
    record: KinesisRecord,
    startMs: number,
    endMs: number,
    failure: AttemptFailure,
  ): void {
    const error = attemptError(failure)
    for (const userRecord of record.userRecords) {
      if (isOutstanding(userRecord)) {
        this.#options.outcomes.noteAttempt(userRecord, startMs, endMs, error, record.lane.shardId)
      }
    }
  }
}
