/** A producer in a process of its own: each of its calls is accounted for, and all it says is judged. */
import { channel } from 'node:diagnostics_channel'
import type { KinesisPort } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import {
  PRODUCER_CHANNELS,
  Producer,
  type ProducerCloseReport,
  type ProducerOptions,
  type RecordSettleMessage,
  type UserRecordResult,
} from '@millrace/producer'
import type { SimulatedProcess, SimulatedWorld } from '@millrace/testing'
import { HeldRecords } from '../checkers/held-records.ts'
import type { Ledger, PutRecord } from '../checkers/ledger.ts'
import type { Report } from '../checkers/report.ts'
import { SentRecords } from '../checkers/sent-records.ts'
import type { StrictReader } from '../checkers/strict-reader.ts'
import { STREAM } from '../fleet/names.ts'
import { Settlement } from '../fleet/settlement.ts'

export interface WatchedOptions extends ProducerOptions {
  /** Fewer attempts than this may not be all that a failed record had; default 3. */
  readonly fewestAttempts?: number
  /** False: no record may fail. */
  readonly mayFail?: boolean
  /** True for an error that the scenario wants it to say. */
  readonly mayMeet?: (error: Error) => boolean
  /** Pause between two looks at what it holds, virtual ms; default 40. */
  readonly lookEveryMs?: number
  /** Between the producer and the network. */
  readonly through?: (port: KinesisPort) => KinesisPort
}

interface Surroundings {
  readonly world: SimulatedWorld
  readonly ledger: Ledger
  readonly strict: StrictReader
  readonly process: SimulatedProcess
  /** No deadline can be kept before. */
  readonly pausedUntilMs: () => number
}

export interface PutOptions {
  readonly explicitHashKey?: string | undefined
  /** Bytes of data, as far as its number leaves a choice; default 20. */
  readonly bytes?: number | undefined
}

const LOOK_EVERY_MS = 40
/** How long an aggregate waits for a list that shows where it lies; timers may ring late, or early. */
const HOLD_MS = 5000
const DEFAULT_TTL_MS = 30_000
const HOLD_SLACK_MS = 50
/** Of a control call, or the timer that paces it, which nobody waits for any more. */
const CALL_END_MS = 2100
/** Beyond its deadline, for what is done in the turns that follow it. */
const CLOSE_SLACK_MS = 50
const encoder = new TextEncoder()
const settles = channel(PRODUCER_CHANNELS.recordSettle)

export class WatchedProducer {
  readonly producer: Producer
  readonly held: HeldRecords
  readonly #world: SimulatedWorld
  readonly #ledger: Ledger
  readonly #pausedUntilMs: () => number
  readonly #settlement: Settlement
  readonly #over = new AbortController()
  /** Nothing else tells of a record that was put without a promise, and is stored. */
  #onSettle: ((message: unknown) => void) | undefined
  /** Failed because the producer let go of them. */
  #dropped = 0
  #isEnded = false

  constructor(surroundings: Surroundings, options: WatchedOptions) {
    const { world, ledger, strict, process } = surroundings
    this.#pausedUntilMs = surroundings.pausedUntilMs
    this.#world = world
    this.#ledger = ledger
    const { fewestAttempts, mayFail = true, mayMeet, through, lookEveryMs, ...own } = options
    const report: Report = (rule, message) => world.violation(rule, `${process.name}: ${message}`)
    const sent = new SentRecords({
      ...{ strict, report, nowMs: () => world.nowMs() },
      holdMs: Math.min(HOLD_MS, (own.recordTtlMs ?? DEFAULT_TTL_MS) / 2) - HOLD_SLACK_MS,
      onSent: (id) => this.held.departed(id),
    })
    const client = sent.watched(through?.(process.kinesis) ?? process.kinesis)
    this.producer = new Producer({
      ...{ stream: STREAM, client, random: process.random, logger: false },
      ...own,
    })
    this.held = new HeldRecords({
      // The producer's defaults.
      maxOutstandingRecords: own.maxOutstandingRecords ?? 50_000,
      maxBufferedBytes: own.maxBufferedBytes ?? 25_165_824,
      outstandingRecords: () => this.producer.outstandingRecords,
      report,
    })
    const settlement = { world, ledger, strict, sent, held: this.held, mayFail, fewestAttempts }
    this.#settlement = new Settlement(settlement)
    this.producer.on('error', (error) => {
      if (mayMeet?.(error) !== true) world.violation('CRASH', `${process.name}: ${String(error)}`)
    })
    this.producer.on('failed', ({ data }, error) => {
      this.#noteDrop(error)
      this.#settlement.failed(data, error)
    })
    void this.#lookOn(lookEveryMs ?? LOOK_EVERY_MS)
  }

  /** Resolves with its place; undefined: it has failed. */
  async put(
    key: string | undefined,
    options: PutOptions = {},
  ): Promise<UserRecordResult | undefined> {
    const { put, record } = this.#record(key, options)
    const before = this.producer.outstandingRecords
    const promise = this.producer.put(record)
    this.#called(put, this.producer.outstandingRecords > before)
    this.#settlement.promised(put, promise)
    return await promise.catch((error: unknown) => {
      this.#noteDrop(error)
      return undefined
    })
  }

  /** @returns whether it was accepted */
  tryPut(key: string, options: PutOptions = {}): boolean {
    const { put, record } = this.#record(key, options)
    this.#hearSettles()
    const isAccepted = this.producer.tryPut(record)
    if (isAccepted) this.#called(put, true)
    this.#settlement.tried(put, isAccepted)
    return isAccepted
  }

  /** Puts accepted, or waiting, and not settled. */
  get open(): number {
    return this.#settlement.open.length
  }

  async flush(): Promise<void> {
    const before = this.#settlement.open
    await this.producer.flush()
    await this.#settlement.flushed(before, 'flush()')
    this.#world.count('flush')
  }

  async close(timeoutMs?: number): Promise<ProducerCloseReport> {
    const before = this.#settlement.open
    const beganMs = this.#world.nowMs()
    const dropped = this.#dropped
    const report = await this.producer.close(timeoutMs === undefined ? {} : { timeoutMs })
    const endedMs = this.#world.nowMs()
    const tookMs = endedMs - beganMs
    await this.#settlement.flushed(before, 'close()')
    const latestMs = Math.max(beganMs + (timeoutMs ?? 0), this.#pausedUntilMs()) + CLOSE_SLACK_MS
    if (timeoutMs !== undefined && endedMs > latestMs) {
      this.#world.violation('S17', `close() took ${tookMs.toFixed(0)} ms, and had ${timeoutMs}`)
    }
    const told = this.#dropped - dropped
    if (report.droppedRecords !== told) {
      this.#world.violation('S17', `close() tells of ${report.droppedRecords} drops, not ${told}`)
    }
    return report
  }

  /** Fails all that it holds, and leaves nothing behind but calls on their way. */
  async destroy(): Promise<void> {
    const before = this.#settlement.open
    this.producer.destroy()
    await this.#settlement.flushed(before, 'destroy()')
    await this.rest()
  }

  /** Closes it if the script has not, and sees that it holds nothing any more. */
  async end(): Promise<void> {
    if (this.#isEnded) return
    this.#isEnded = true
    await this.close()
    await this.rest()
  }

  /** Once it is closed: what is left of it ends. */
  async rest(): Promise<void> {
    this.#isEnded = true
    await sleep(0)
    this.held.look()
    this.#over.abort()
    if (this.#onSettle !== undefined) settles.unsubscribe(this.#onSettle)
    if (this.producer.outstandingRecords !== 0) {
      const { outstandingRecords } = this.producer
      this.#world.violation('S17', `${outstandingRecords} records are outstanding after close()`)
    }
    await sleep(CALL_END_MS)
    const { outstandingRecords } = this.producer
    if (outstandingRecords === 0) return
    this.#world.violation('S17', `${outstandingRecords} records are outstanding after all is over`)
  }

  #record(
    partitionKey: string | undefined,
    { explicitHashKey, bytes = 20 }: PutOptions,
  ): {
    readonly put: PutRecord
    readonly record: Parameters<Producer['put']>[0]
  } {
    const numbered = `${this.#ledger.puts.length}:`.length
    const padding = 'x'.repeat(Math.max(0, bytes - numbered))
    const put = this.#ledger.put(partitionKey ?? '', explicitHashKey, padding)
    return { put, record: { partitionKey, explicitHashKey, data: encoder.encode(put.data) } }
  }

  #called({ id, data, partitionKey }: PutRecord, isAccepted: boolean): void {
    const bytes = Buffer.byteLength(data) + Buffer.byteLength(partitionKey)
    this.held.called(id, bytes, isAccepted)
  }

  #hearSettles(): void {
    if (this.#onSettle !== undefined) return
    this.#onSettle = (message) => this.#settled(message as RecordSettleMessage)
    settles.subscribe(this.#onSettle)
  }

  #settled({ shardId, sequenceNumber, subSequenceNumber, errorCode }: RecordSettleMessage): void {
    if (errorCode !== undefined || shardId === undefined || sequenceNumber === undefined) return
    const at = { sequenceNumber, subSequenceNumber: subSequenceNumber ?? 0 }
    const stored = this.#ledger.shard(shardId).records[this.#ledger.indexOf(shardId, at)]
    if (stored !== undefined) this.held.settled(stored.id)
  }

  #noteDrop(error: unknown): void {
    if (error instanceof Error && /: Closed: /.test(error.message)) this.#dropped++
  }

  async #lookOn(everyMs: number): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      await sleep(everyMs, signal).catch(() => undefined)
      if (!signal.aborted) this.held.look()
    }
  }
}
