/**
 * What a producer sent of each record, and what it was answered: S18. Watched from outside, on its
 * calls; all that it was told it must tell, and what is on its way has no outcome yet.
 */
import type { KinesisPort, kinesis } from '@millrace/core'
import { deaggregate } from '@millrace/core/aggregation'
import { UserRecordFailedError, type UserRecordResult } from '@millrace/producer'
import { idOf } from './ledger.ts'
import type { Report } from './report.ts'
import type { StrictReader } from './strict-reader.ts'

export interface SentRecordsOptions {
  readonly strict: StrictReader
  readonly report: Report
  readonly nowMs: () => number
  /**
   * How long the producer waits for a list that shows the shard of an aggregate. It sends it again
   * then, and does not go back to what it was answered when a list comes later.
   */
  readonly holdMs: number
  /** Told of each record that a request carries. */
  readonly onSent?: (id: number) => void
}

interface Sent {
  /** Requests that carried it. */
  requests: number
  /** Of these, those without an answer. */
  onTheWay: number
  /** The producer was told that it is stored, where it is delivered: alone, or in these shards, when. */
  isStoredAlone: boolean
  storedIn: Map<string, number> | undefined
}

interface SentEntry {
  readonly ids: readonly number[]
  readonly aggregated: boolean
}

const RULE = 'S18'
/** Dropped at a deadline, or by destroy(): nothing more is known of it then. */
const CLOSED = /: Closed: /
const HASH_KEYS = 1n << 128n

export class SentRecords {
  readonly #options: SentRecordsOptions
  readonly #sent = new Map<number, Sent>()
  /** Shards that the producer was shown, by a list with all its pages, and since when. */
  readonly #listedMs = new Map<string, number>()
  /** By any page of a list: more than it can know of, as lists with holes are of no use. */
  readonly #seen = new Set<string>()
  /** Token of the next page -> shards of those before. */
  readonly #pages = new Map<string, readonly kinesis.ServiceShard[]>()

  constructor(options: SentRecordsOptions) {
    this.#options = options
  }

  /** The port, seen through; no call takes a turn more than it did. */
  watched(port: KinesisPort): KinesisPort {
    return {
      getRecords: (input, options) => port.getRecords(input, options),
      getShardIterator: (input, options) => port.getShardIterator(input, options),
      describeStreamSummary: (input, options) => port.describeStreamSummary(input, options),
      listShards: (input, options) => {
        const answer = port.listShards(input, options)
        void answer.then(
          (page) => this.#shown(input.NextToken, page),
          () => {},
        )
        return answer
      },
      putRecords: (input, options) => {
        const entries = input.Records.map(entryOf)
        for (const { ids } of entries) for (const id of ids) this.#departs(id)
        const answer = port.putRecords(input, options)
        void answer.then(
          ({ Records: results }) => this.#arrived(entries, results),
          () => this.#arrived(entries, []),
        )
        return answer
      },
    }
  }

  /** The record was acked. */
  acked(id: number, { attempts }: UserRecordResult): void {
    const { requests = 0 } = this.#sent.get(id) ?? {}
    const tries = attempts.reduce((sum, { folded = 1 }) => sum + folded, 0)
    if (tries === requests) return
    this.#say(id, `was sent ${requests} times, and tells of ${tries} attempts`)
  }

  /** Nothing was told against the record, which says that it is stored. */
  mustBeStored(id: number, call: string): void {
    if (this.#mayBeKnownStored(id)) return
    this.#say(
      id,
      `has not failed at the end of ${call}, and its producer never heard that it is stored`,
    )
  }

  /** The record has failed. */
  failed(id: number, error: unknown): void {
    const sent = this.#sent.get(id)
    if (this.#isKnownStored(id)) {
      this.#say(id, `failed although its producer knew it stored: ${String(error)}`)
    }
    if (!(error instanceof UserRecordFailedError) || CLOSED.test(error.message)) return
    if (sent !== undefined && sent.onTheWay > 0) {
      this.#say(id, `failed with a request on its way: ${error.message}`)
    }
    const { attempts } = error
    const tries = attempts.reduce((sum, { folded = 1 }) => sum + folded, 0)
    const isExpired = attempts.at(-1)?.error?.code === 'Expired'
    const { requests = 0 } = sent ?? {}
    if (tries === requests + (isExpired ? 1 : 0)) return
    this.#say(id, `was sent ${requests} times, and failed with ${tries} attempts`)
  }

  #shown(token: string | undefined, page: kinesis.ListShardsOutput): void {
    const before = token === undefined ? [] : (this.#pages.get(token) ?? [])
    const shards = [...before, ...page.Shards]
    for (const { ShardId } of page.Shards) this.#seen.add(ShardId)
    if (page.NextToken !== undefined) {
      this.#pages.set(page.NextToken, shards)
      return
    }
    // A reshard between two pages leaves a hole, or shards that overlap: such a list is of no use.
    const widths = shards.map(widthOf)
    if (widths.reduce((sum, width) => sum + width, 0n) !== HASH_KEYS) return
    const nowMs = this.#options.nowMs()
    for (const { ShardId } of shards) {
      if (!this.#listedMs.has(ShardId)) this.#listedMs.set(ShardId, nowMs)
    }
  }

  #departs(id: number): void {
    this.#options.onSent?.(id)
    const sent = this.#sent.get(id)
    if (sent === undefined) {
      this.#sent.set(id, { requests: 1, onTheWay: 1, isStoredAlone: false, storedIn: undefined })
      return
    }
    sent.requests++
    sent.onTheWay++
  }

  #arrived(
    entries: readonly SentEntry[],
    results: readonly kinesis.PutRecordsResultEntry[] | undefined,
  ): void {
    const nowMs = this.#options.nowMs()
    for (let i = 0; i < entries.length; i++) {
      const { ids, aggregated } = entries[i] as SentEntry
      const { ShardId: shardId = '', SequenceNumber: sequenceNumber = '' } = results?.[i] ?? {}
      const isStored = shardId !== '' && sequenceNumber !== ''
      const isDelivered = isStored && this.#options.strict.delivers(shardId, sequenceNumber)
      for (const id of ids) {
        const sent = this.#sent.get(id)
        if (sent === undefined) continue
        sent.onTheWay--
        if (!isDelivered) continue
        if (aggregated) sent.storedIn = new Map([...(sent.storedIn ?? []), [shardId, nowMs]])
        else sent.isStoredAlone = true
      }
    }
  }

  /** Of a shard that it was never shown a producer cannot know what is delivered. */
  #isKnownStored(id: number): boolean {
    const { isStoredAlone, storedIn } = this.#sent.get(id) ?? {}
    if (isStoredAlone) return true
    for (const [shardId, answeredMs] of storedIn ?? []) {
      const listedMs = this.#listedMs.get(shardId) ?? Number.POSITIVE_INFINITY
      if (listedMs < answeredMs + this.#options.holdMs) return true
    }
    return false
  }

  #mayBeKnownStored(id: number): boolean {
    const { isStoredAlone = false, storedIn = new Map<string, number>() } = this.#sent.get(id) ?? {}
    return isStoredAlone || [...storedIn.keys()].some((shardId) => this.#seen.has(shardId))
  }

  #say(id: number, what: string): void {
    this.#options.report(RULE, `record ${id} ${what}`)
  }
}

function entryOf({ Data, PartitionKey }: kinesis.PutRecordsEntry): SentEntry {
  const read = deaggregate({ data: Data, partitionKey: PartitionKey ?? '' })
  return { ids: [...read].map(({ data }) => idOf(data)), aggregated: read.aggregated }
}

function widthOf({
  HashKeyRange: { StartingHashKey, EndingHashKey },
}: kinesis.ServiceShard): bigint {
  return BigInt(EndingHashKey) - BigInt(StartingHashKey) + 1n
}
