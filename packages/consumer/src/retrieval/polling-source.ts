/** Reads a shard with GetRecords. One call at a time, and only an accepted reply moves on (R04). */
import {
  AbortedError,
  InvalidStreamModelError,
  isServiceError,
  type KinesisPort,
  type Random,
} from '@millrace/core'
import {
  type ControlPlane,
  type GetRecordsOutput,
  monotonicMs,
  nowMs,
  type ResolvedStreamRef,
  sleep,
} from '@millrace/core/internal'
import { fullJitterMs } from '../backoff.ts'
import type { InitialPosition, ResolvedPolling } from '../options.ts'
import { withDeadline } from './deadline.ts'
import { foreignPosition, isForeignPosition } from './foreign-position.ts'
import type { PageHold, ShardReads } from './read-budget.ts'
import { MIN_READ_INTERVAL_MS, READ_BACKOFF, ReadPace } from './read-pace.ts'
import { type MissedRecords, ReadPosition } from './read-position.ts'
import { childrenInListing, endInReply, shardInListing } from './shard-end.ts'
import type { Page, Reading, ShardEnd, ShardSource } from './source.ts'
import type { StoredPosition } from './start-position.ts'

export interface PollingSourceOptions {
  readonly kinesis: Pick<KinesisPort, 'getRecords'>
  readonly control: Pick<ControlPlane, 'shardIterator' | 'listShards'>
  readonly stream: ResolvedStreamRef
  readonly shardId: string
  readonly stored: StoredPosition
  readonly initialPosition: InitialPosition
  readonly polling: ResolvedPolling
  readonly random: Random
  /** Room for the pages of this shard. */
  readonly reads: Pick<ShardReads, 'reserve'>
  /** Makes the start of a tenure at LATEST durable; nothing is read before it resolves. */
  readonly recordStartTimestamp: (startTimestampMs: number) => Promise<void>
  /** Told of each failed attempt; `failures` in a row, from 1. */
  readonly onFailure: (error: unknown, failures: number) => void
  /** Told once of records that retention took before they were read. */
  readonly onMissed: (missed: MissedRecords) => void
}

export class PollingSource implements ShardSource {
  readonly #options: PollingSourceOptions
  readonly #closing = new AbortController()
  readonly #position: ReadPosition
  readonly #pace: ReadPace
  #iterator: string | undefined
  /** A start at LATEST that the lease table does not know yet. */
  #unrecordedStartMs: number | undefined
  #suspicion: 'no-iterator' | 'missing' | 'refused-position' | undefined
  /** The end as the shard list showed it: it stands once an empty page was read after that. */
  #listedEnd: ShardEnd | undefined
  #end: ShardEnd | undefined
  #failures = 0
  /** A refused iterator was replaced at once, and no page has come since. */
  #isReplaced = false
  #notBeforeMs = 0
  /**
   * A shard is read five times a second at most, by former tenures too: the last of them may have
   * read it right before.
   */
  #earliestReadMs = monotonicMs() + MIN_READ_INTERVAL_MS

  constructor(options: PollingSourceOptions) {
    this.#options = options
    this.#position = new ReadPosition(options.stored, options.initialPosition)
    this.#pace = new ReadPace(options.polling)
  }

  async next(): Promise<Reading> {
    for (;;) {
      const waitMs = this.#notBeforeMs - monotonicMs()
      if (waitMs > 0) await sleep(waitMs, this.#closing.signal)
      if (this.#closing.signal.aborted) throw new AbortedError('Reading a shard')
      const reading = this.#end ?? (await this.#attempt())
      if (reading !== undefined) return reading
    }
  }

  close(): void {
    this.#closing.abort(new AbortedError('Reading a shard'))
  }

  async #attempt(): Promise<Reading | undefined> {
    try {
      if (this.#suspicion === 'refused-position') return await this.#judgePosition()
      if (this.#suspicion !== undefined) return await this.#verifyEnd(this.#suspicion)
      this.#iterator ??= await this.#newIterator()
      if (!(await this.#recordStart())) return undefined
      return await this.#read(this.#iterator)
    } catch (cause) {
      this.#failed(cause)
      return undefined
    }
  }

  async #read(iterator: string): Promise<Page | undefined> {
    const waitMs = this.#earliestReadMs - monotonicMs()
    if (waitMs > 0) await sleep(waitMs, this.#closing.signal)
    const hold = await this.#options.reads.reserve(this.#closing.signal)
    try {
      return await this.#readInto(hold, iterator)
    } catch (cause) {
      hold.release()
      throw cause
    }
  }

  async #readInto(hold: PageHold, iterator: string): Promise<Page | undefined> {
    const { kinesis, stream, polling } = this.#options
    const calledMs = monotonicMs()
    this.#earliestReadMs = calledMs + this.#pace.leastMs
    const output = await kinesis.getRecords(
      {
        ShardIterator: iterator,
        Limit: polling.maxRecords,
        ...(stream.streamArn === undefined ? {} : { StreamARN: stream.streamArn }),
      },
      { signal: this.#closing.signal, timeoutMs: polling.requestTimeoutMs },
    )
    let bytes = 0
    for (const record of output.Records) bytes += record.Data.length
    // Nothing has moved yet: the same iterator gives this page again (R02).
    if (!hold.accept(bytes)) return undefined
    return { ...this.#accept(output, bytes, calledMs), hold }
  }

  #accept(output: GetRecordsOutput, bytes: number, calledMs: number): Page {
    const { shardId, onMissed } = this.#options
    const { Records: records, MillisBehindLatest: millisBehindLatest } = output
    const missed = this.#position.accept(records)
    if (missed !== undefined) onMissed(missed)
    this.#iterator = output.NextShardIterator || undefined
    if (this.#iterator !== undefined) {
      this.#failures = 0
      this.#isReplaced = false
    } else
      this.#end = endInReply(shardId, output.ChildShards) ?? this.#endOfEmptyPage(records.length)
    const unproven = this.#iterator === undefined && this.#end === undefined
    const size = { records: records.length, bytes, millisBehindLatest }
    const pauseMs = this.#pace.afterPage(size, calledMs)
    this.#notBeforeMs = calledMs + (unproven ? this.#pace.leastMs : pauseMs)
    if (this.#end !== undefined) this.#notBeforeMs = 0
    return { records, bytes, millisBehindLatest, atShardEnd: this.#end !== undefined }
  }

  /**
   * A reply without iterator and children: an emulator's way to end a shard, or a malformed reply
   * with records behind it, be the shard closed or not. So a page with records is read on behind
   * them, and an empty one ends the shard only if the shard was seen closed before it was read.
   */
  #endOfEmptyPage(records: number): ShardEnd | undefined {
    if (records > 0) return undefined
    if (this.#listedEnd === undefined) this.#suspicion = 'no-iterator'
    return this.#listedEnd
  }

  async #newIterator(): Promise<string> {
    const { control, shardId } = this.#options
    const start = this.#position.nextStart(nowMs())
    const output = await this.#bounded('GetShardIterator', (signal) =>
      control.shardIterator({ ShardId: shardId, ...start }, signal),
    )
    if (start.ShardIteratorType === 'LATEST') {
      this.#unrecordedStartMs = output.serviceTimeMs ?? nowMs()
      this.#position.startedAtTip(this.#unrecordedStartMs)
    }
    return output.ShardIterator
  }

  /** True when nothing needed recording, or it is recorded now. */
  async #recordStart(): Promise<boolean> {
    if (this.#unrecordedStartMs === undefined) return true
    try {
      await this.#options.recordStartTimestamp(this.#unrecordedStartMs)
      this.#unrecordedStartMs = undefined
      return true
    } catch (cause) {
      // A trouble of the lease table says nothing about iterator or shard: both are kept.
      if (!isServiceError(cause)) throw cause
      this.#backOff(cause)
      return false
    }
  }

  /** The service refused the stored number; the list, asked for afterwards, tells why it may have. */
  async #judgePosition(): Promise<undefined> {
    const { control, shardId, stored } = this.#options
    const { checkpoint } = stored
    const shards = await this.#bounded('ListShards', (signal) =>
      control.listShards(undefined, signal),
    )
    this.#suspicion = undefined
    if (!isForeignPosition({ shardId, checkpoint }, shards)) return
    this.#position.markForeign()
    this.#options.onFailure(foreignPosition(shardId, checkpoint.sequenceNumber), 1)
  }

  async #verifyEnd(suspicion: 'no-iterator' | 'missing'): Promise<ShardEnd | undefined> {
    const { control, shardId } = this.#options
    const shards = await this.#bounded('ListShards', (signal) =>
      control.listShards(undefined, signal),
    )
    this.#suspicion = undefined
    const found = shardInListing(shardId, shards)
    const end = { children: childrenInListing(shardId, shards) }
    if (found === 'absent') this.#end = end
    else if (found === 'closed' && suspicion === 'no-iterator') this.#listedEnd = end
    // Nothing has ended (R26): it is read on behind the last record, ever slower if that repeats.
    else this.#backOff(notAtItsEnd(shardId, suspicion))
    return this.#end
  }

  #failed(cause: unknown): void {
    if (this.#closing.signal.aborted) throw new AbortedError('Reading a shard', cause)
    if (!isServiceError(cause)) throw cause
    const isRefused = cause.kind === 'expired-iterator' || cause.kind === 'invalid'
    const isMissing = cause.kind === 'missing' && cause.operation !== 'ListShards'
    if (isRefused || isMissing) this.#iterator = undefined
    if (isMissing) this.#suspicion = 'missing'
    if (cause.kind === 'throttled' && cause.operation === 'GetRecords') this.#pace.throttled()
    if (cause.kind === 'invalid' && cause.operation === 'GetShardIterator') {
      if (this.#position.isAtStored) this.#suspicion = 'refused-position'
    }
    if ((isRefused || isMissing) && !this.#isReplaced) {
      // An expired iterator is everyday, also after an outage that has outlived it: the new one is
      // asked for at once. One that is refused as well is waited for.
      this.#isReplaced = true
      this.#failures = Math.max(1, this.#failures)
      this.#notBeforeMs = 0
      return
    }
    this.#backOff(cause)
  }

  #backOff(cause: unknown): void {
    this.#failures++
    const waitMs = fullJitterMs(READ_BACKOFF, this.#failures, this.#options.random)
    this.#notBeforeMs = monotonicMs() + Math.max(MIN_READ_INTERVAL_MS, waitMs)
    this.#options.onFailure(cause, this.#failures)
  }

  #bounded<T>(operation: string, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { requestTimeoutMs } = this.#options.polling
    return withDeadline(operation, requestTimeoutMs, this.#closing.signal, call)
  }
}

function notAtItsEnd(shardId: string, suspicion: 'no-iterator' | 'missing'): Error {
  const told = suspicion === 'missing' ? 'that the shard does not exist' : 'no next iterator'
  return new InvalidStreamModelError(
    `Shard ${shardId}: GetRecords told ${told}, but ListShards shows the shard in use`,
    { hint: 'Reading goes on behind the last record; if this lasts, check the endpoint.' },
  )
}
