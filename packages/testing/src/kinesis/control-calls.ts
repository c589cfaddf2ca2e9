/** Streams made, described, listed, resharded and deleted. */
import type { kinesis } from '@millrace/core'
import { LIMITS } from '@millrace/core/internal'
import { checkCreateStream, type SimulatedCreateStreamInput } from './create-rules.ts'
import { continueListing, listPage, pageSize, sealListing, startListing } from './list-shards.ts'
import { inUse, limitExceeded, notFound } from './refusals.ts'
import { planMerge, planSplit, type ReshardPlan, type ReshardView } from './reshard.ts'
import { type ShardStore, toServiceShard } from './shard-store.ts'
import type { SimulatedAccount } from './simulated-account.ts'
import type { SimulatedStream } from './stream.ts'
import { TokenBucket } from './token-bucket.ts'

const KIB = 1024
/** SplitShard calls, and MergeShards calls, an account may make in a second. */
const RESHARDS_PER_SECOND = 5

export class ControlCalls {
  readonly #account: SimulatedAccount
  readonly #describes: TokenBucket
  readonly #splits: TokenBucket
  readonly #merges: TokenBucket

  constructor(account: SimulatedAccount) {
    this.#account = account
    const nowMs = account.options.nowMs()
    this.#describes = new TokenBucket(LIMITS.describeStreamSummaryCallsPerSecond, nowMs)
    this.#splits = new TokenBucket(RESHARDS_PER_SECOND, nowMs)
    this.#merges = new TokenBucket(RESHARDS_PER_SECOND, nowMs)
  }

  createStream(input: SimulatedCreateStreamInput): void {
    this.#account.streams.create(checkCreateStream(input))
  }

  deleteStream(input: kinesis.StreamInput): void {
    const operation = 'DeleteStream'
    const stream = this.#account.streams.get(operation, input)
    if (stream.status !== 'ACTIVE') throw this.#notActive(operation, stream)
    stream.beginDelete(this.#dueMs())
  }

  splitShard(input: kinesis.SplitShardInput): void {
    this.#pace('SplitShard', this.#splits)
    const stream = this.#account.streams.get('SplitShard', input)
    this.#begin(stream, planSplit(this.#reshardView(stream), input))
  }

  mergeShards(input: kinesis.MergeShardsInput): void {
    this.#pace('MergeShards', this.#merges)
    const stream = this.#account.streams.get('MergeShards', input)
    this.#begin(stream, planMerge(this.#reshardView(stream), input))
  }

  listShards(input: kinesis.ListShardsInput): kinesis.ListShardsOutput {
    const operation = 'ListShards'
    const { options, sealer, streams } = this.#account
    const nowMs = options.nowMs()
    const size = pageSize(input.MaxResults, options.listShardsPageSize)
    const continued =
      input.NextToken === undefined
        ? undefined
        : continueListing(sealer, input.NextToken, input, nowMs)
    const listing = continued ?? startListing(input)
    const stream = streams.get(
      operation,
      continued === undefined ? input : { StreamName: continued.streamName },
    )
    if (continued !== undefined && continued.birth !== stream.birth.birth) {
      throw notFound(operation, `The ${streams.label(continued.streamName)} was deleted.`)
    }
    if (stream.status === 'CREATING' || stream.status === 'DELETING') {
      throw this.#notActive(operation, stream)
    }
    this.#pace(operation, stream.listings)
    const { name, birth, createdMs, retentionMs } = stream.birth
    const page = listPage(stream.shards, listing, size, {
      streamCreatedMs: createdMs,
      horizonMs: nowMs - retentionMs,
    })
    const shards = page.shards.map(toServiceShard)
    if (page.next === undefined) return { Shards: shards }
    const next = { ...page.next, streamName: name, birth }
    return { Shards: shards, NextToken: sealListing(sealer, next, nowMs) }
  }

  describeStreamSummary(input: kinesis.StreamInput): kinesis.DescribeStreamSummaryOutput {
    const operation = 'DescribeStreamSummary'
    this.#pace(operation, this.#describes)
    const stream = this.#account.streams.get(operation, input)
    const { name, arn, createdMs, mode, maxRecordBytes, distribution } = stream.birth
    return {
      StreamDescriptionSummary: {
        StreamName: name,
        StreamARN: arn,
        StreamStatus: stream.status as kinesis.StreamStatus,
        StreamCreationTimestamp: new Date(createdMs),
        RetentionPeriodHours: this.#account.options.retentionHours,
        OpenShardCount: stream.status === 'CREATING' ? 0 : stream.open.count,
        StreamModeDetails: { StreamMode: mode },
        MaxRecordSizeInKiB: maxRecordBytes / KIB,
        RecordDistributionStrategy: distribution,
      },
    }
  }

  #begin(stream: SimulatedStream, plan: ReshardPlan): void {
    stream.beginReshard(plan, this.#dueMs())
    stream.settle(this.#account.options.nowMs())
  }

  #dueMs(): number {
    return this.#account.options.nowMs() + this.#account.options.statusChangeMs
  }

  #reshardView(stream: SimulatedStream): ReshardView {
    const nowMs = this.#account.options.nowMs()
    return {
      label: this.#account.streams.label(stream.birth.name),
      status: stream.status,
      mode: stream.birth.mode,
      shard: (shardId): ShardStore | undefined => stream.shard(shardId, nowMs),
    }
  }

  #notActive(operation: string, stream: SimulatedStream): Error {
    const label = this.#account.streams.label(stream.birth.name)
    return inUse(operation, `${label} is not ACTIVE, instead in state ${stream.status}.`)
  }

  #pace(operation: string, bucket: TokenBucket): void {
    const { limits, nowMs } = this.#account.options
    if (!limits || bucket.tryTake(1, nowMs())) return
    throw limitExceeded(operation, `Rate exceeded for ${operation}.`)
  }
}
