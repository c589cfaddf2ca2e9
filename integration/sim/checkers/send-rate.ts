/**
 * How fast a producer sends to each shard: S20. Counted as requests leave, by the shard that the
 * service would choose at that moment.
 */
import { createHash } from 'node:crypto'
import type { KinesisPort, kinesis } from '@millrace/core'

interface Departure {
  readonly atMs: number
  readonly bytes: number
}

export interface ShardRate {
  readonly shardId: string
  /** Of the whole time that was asked for. */
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  /** The most of any window. */
  readonly mostRecordsPerSecond: number
  readonly mostBytesPerSecond: number
}

export interface SendRateOptions {
  readonly nowMs: () => number
  /** Open ones. */
  readonly shards: () => readonly kinesis.ServiceShard[]
}

export class SendRate {
  readonly #options: SendRateOptions
  readonly #departures = new Map<string, Departure[]>()

  constructor(options: SendRateOptions) {
    this.#options = options
  }

  watched(port: KinesisPort): KinesisPort {
    return {
      getRecords: (input, options) => port.getRecords(input, options),
      getShardIterator: (input, options) => port.getShardIterator(input, options),
      describeStreamSummary: (input, options) => port.describeStreamSummary(input, options),
      listShards: (input, options) => port.listShards(input, options),
      putRecords: (input, options) => {
        for (const entry of input.Records) this.#departs(entry)
        return port.putRecords(input, options)
      },
    }
  }

  /** What left for each shard from one moment to another, and in its windows of this length. */
  rates(fromMs: number, untilMs: number, windowMs: number): readonly ShardRate[] {
    return [...this.#departures].map(([shardId, all]) => {
      const inTime = all.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
      const seconds = (untilMs - fromMs) / 1000
      const bytes = inTime.reduce((sum, departure) => sum + departure.bytes, 0)
      const most = mostInWindow(inTime, windowMs)
      return {
        shardId,
        recordsPerSecond: inTime.length / seconds,
        bytesPerSecond: bytes / seconds,
        mostRecordsPerSecond: most.records / (windowMs / 1000),
        mostBytesPerSecond: most.bytes / (windowMs / 1000),
      }
    })
  }

  /** Requests that carried something for a shard. */
  calls(shardId: string, fromMs: number, untilMs: number): number {
    const times = (this.#departures.get(shardId) ?? []).map(({ atMs }) => atMs)
    return new Set(times.filter((atMs) => atMs >= fromMs && atMs < untilMs)).size
  }

  #departs({ Data, PartitionKey = '', ExplicitHashKey }: kinesis.PutRecordsEntry): void {
    const shardId = this.#shardOf(PartitionKey, ExplicitHashKey)
    const departures = this.#departures.get(shardId) ?? []
    this.#departures.set(shardId, departures)
    const bytes = Data.length + Buffer.byteLength(PartitionKey, 'utf8')
    departures.push({ atMs: this.#options.nowMs(), bytes })
  }

  #shardOf(partitionKey: string, explicitHashKey: string | undefined): string {
    const at =
      explicitHashKey === undefined
        ? BigInt(`0x${createHash('md5').update(partitionKey, 'utf8').digest('hex')}`)
        : BigInt(explicitHashKey)
    const shard = this.#options.shards().find(({ HashKeyRange: range }) => {
      return BigInt(range.StartingHashKey) <= at && at <= BigInt(range.EndingHashKey)
    })
    return shard?.ShardId ?? ''
  }
}

function mostInWindow(
  departures: readonly Departure[],
  windowMs: number,
): { readonly records: number; readonly bytes: number } {
  let [first, bytes, mostRecords, mostBytes] = [0, 0, 0, 0]
  for (let i = 0; i < departures.length; i++) {
    const { atMs, bytes: own } = departures[i] as Departure
    bytes += own
    while ((departures[first] as Departure).atMs <= atMs - windowMs) {
      bytes -= (departures[first] as Departure).bytes
      first++
    }
    mostRecords = Math.max(mostRecords, i - first + 1)
    mostBytes = Math.max(mostBytes, bytes)
  }
  return { records: mostRecords, bytes: mostBytes }
}
