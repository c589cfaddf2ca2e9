/**
 * S19: the limits of the service, as requests leave a process. Watched at every port of every
 * process, and blind to what becomes of a request.
 */
import type { KinesisPort, kinesis } from '@millrace/core'
import { LIMITS } from '@millrace/core/internal'
import type { Report } from './report.ts'

export interface WireLimitsOptions {
  readonly nowMs: () => number
  readonly report: Report
}

const RULE = 'S19'
/** A clock that is 1 % fast, which all may be, makes a second of its own of this. */
const SHORTEST_SECOND_MS = 985
const FIRST_PAGE_ONLY = ['StreamName', 'StreamARN', 'ExclusiveStartShardId', 'ShardFilter'] as const
const MOST_RESULTS = 10_000

export class WireLimits {
  readonly #options: WireLimitsOptions
  readonly #recordLimits = new Map<string, number>()
  /** Of PutRecords, the most that was seen. */
  mostEntries = 0
  mostRequestBytes = 0
  mostRecordBytes = 0

  constructor(options: WireLimitsOptions) {
    this.#options = options
  }

  /** A stream takes larger records than the others. */
  setRecordLimit(streamName: string, bytes: number): void {
    this.#recordLimits.set(streamName, bytes)
  }

  /** The port, seen through; no call takes a turn more than it did. */
  watched(port: KinesisPort, process: string): KinesisPort {
    const shardOf = new Map<string, string>()
    const readsOf = new Map<string, number[]>()
    return {
      describeStreamSummary: (input, options) => port.describeStreamSummary(input, options),
      putRecords: (input, options) => {
        this.#putRecords(input, process)
        return port.putRecords(input, options)
      },
      listShards: (input, options) => {
        this.#listShards(input, process)
        return port.listShards(input, options)
      },
      getShardIterator: (input, options) => {
        const answer = port.getShardIterator(input, options)
        void answer.then(
          ({ ShardIterator: iterator }) => shardOf.set(iterator, input.ShardId),
          () => {},
        )
        return answer
      },
      getRecords: (input, options) => {
        const { ShardIterator: iterator } = input
        const shardId = shardOf.get(iterator)
        const answer = port.getRecords(input, options)
        if (shardId === undefined) return answer
        this.#read(readsOf, shardId, process)
        void answer.then(
          ({ NextShardIterator: next }) => {
            shardOf.delete(iterator)
            if (next) shardOf.set(next, shardId)
          },
          () => {},
        )
        return answer
      },
    }
  }

  #putRecords(input: kinesis.PutRecordsInput, process: string): void {
    const { Records: entries } = input
    const streamName = input.StreamName ?? input.StreamARN?.split(':stream/')[1] ?? ''
    const most = this.#recordLimits.get(streamName) ?? LIMITS.recordDefaultMaxBytes
    let bytes = 0
    for (const { Data, PartitionKey } of entries) {
      const own = Data.length + Buffer.byteLength(PartitionKey ?? '', 'utf8')
      bytes += own
      this.mostRecordBytes = Math.max(this.mostRecordBytes, own)
      if (own > most) this.#say(process, `a record of ${own} bytes, the stream takes ${most}`)
    }
    this.mostEntries = Math.max(this.mostEntries, entries.length)
    this.mostRequestBytes = Math.max(this.mostRequestBytes, bytes)
    if (entries.length < 1 || entries.length > LIMITS.putRecordsMaxEntries) {
      this.#say(process, `PutRecords with ${entries.length} entries`)
    }
    if (bytes > LIMITS.putRecordsMaxBytes) this.#say(process, `PutRecords with ${bytes} bytes`)
  }

  #listShards(input: kinesis.ListShardsInput, process: string): void {
    const { NextToken, MaxResults = 1 } = input
    if (MaxResults < 1 || MaxResults > MOST_RESULTS) {
      this.#say(process, `ListShards for ${MaxResults} results`)
    }
    if (NextToken === undefined) {
      const named = [input.StreamName, input.StreamARN].filter((name) => name !== undefined)
      if (named.length === 0) this.#say(process, 'ListShards of no stream')
      return
    }
    const beside = FIRST_PAGE_ONLY.filter((field) => input[field] !== undefined)
    if (beside.length > 0) this.#say(process, `ListShards with a token and ${beside.join(', ')}`)
  }

  #read(readsOf: Map<string, number[]>, shardId: string, process: string): void {
    const nowMs = this.#options.nowMs()
    const recent = (readsOf.get(shardId) ?? []).filter((at) => nowMs - at < SHORTEST_SECOND_MS)
    recent.push(nowMs)
    readsOf.set(shardId, recent)
    if (recent.length > LIMITS.shardReadCallsPerSecond) {
      this.#say(process, `${shardId} is read ${recent.length} times a second`)
    }
  }

  #say(process: string, what: string): void {
    this.#options.report(RULE, `${process}: ${what}`)
  }
}
