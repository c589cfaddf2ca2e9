/** The door: every call of the ports, past the injected faults, to the stream model. */
import {
  type CallOptions,
  InvalidOptionError,
  type KinesisAdminPort,
  type KinesisPort,
  type kinesis,
} from '@millrace/core'
import { ControlCalls } from './control-calls.ts'
import type { SimulatedCreateStreamInput } from './create-rules.ts'
import {
  type CallScope,
  type Fault,
  FaultBook,
  type FaultHandle,
  type SimulatedOperation,
} from './faults.ts'
import { resolveSimulatedKinesisOptions, type SimulatedKinesisOptions } from './options.ts'
import { checkPutRecord, checkPutRecords } from './put-rules.ts'
import { ReadCalls } from './read-calls.ts'
import { Sealer } from './sealed-text.ts'
import { callService, refuseAborted } from './service-call.ts'
import { toKinesisRecord, toServiceShard } from './shard-store.ts'
import type { SimulatedAccount } from './simulated-account.ts'
import { StreamDirectory } from './stream-directory.ts'
import { putRecord, putRecords, putScope } from './write-calls.ts'

/** A stored record and its shard, as `records()` lists them. @public */
export interface ShardRecord {
  readonly shardId: string
  readonly record: kinesis.KinesisRecord
}

/**
 * Amazon Kinesis in memory: shards, limits, iterators, resharding, retention and faults, after the
 * service's documented behaviour. It lives by `core/time`, hence in virtual time where that is
 * beneath, and starts no timer of its own.
 *
 * @example
 * const service = new SimulatedKinesis()
 * await service.createStream({ StreamName: 'orders', ShardCount: 2 })
 * const producer = new Producer({ stream: 'orders', kinesis: service })
 * @public
 */
export class SimulatedKinesis implements KinesisPort, KinesisAdminPort {
  readonly #account: SimulatedAccount
  readonly #reads: ReadCalls
  readonly #controls: ControlCalls

  /** @throws InvalidOptionError */
  constructor(options: SimulatedKinesisOptions = {}) {
    const resolved = resolveSimulatedKinesisOptions(options)
    this.#account = {
      options: resolved,
      streams: new StreamDirectory(resolved),
      sealer: new Sealer(resolved.random.uuid()),
      faults: new FaultBook(),
    }
    this.#reads = new ReadCalls(this.#account)
    this.#controls = new ControlCalls(this.#account)
  }

  /** Names of all streams. */
  streamNames(): string[] {
    return this.#account.streams.names()
  }

  /** All shards within retention, open and closed. @throws ServiceError for an unknown stream */
  shards(streamName: string): kinesis.ServiceShard[] {
    const stream = this.#account.streams.get('ListShards', { StreamName: streamName })
    return [...stream.shards].map(toServiceShard)
  }

  /**
   * Every record within retention, of all shards, in the order they were stored.
   * @throws ServiceError for an unknown stream
   */
  records(streamName: string): ShardRecord[] {
    const stream = this.#account.streams.get('GetRecords', { StreamName: streamName })
    const nowMs = this.#account.options.nowMs()
    const records: ShardRecord[] = []
    for (const { shardId } of stream.shards) {
      for (const stored of stream.shard(shardId, nowMs)?.records() ?? []) {
        records.push({ shardId, record: toKinesisRecord(stored) })
      }
    }
    // Sequence numbers of a stream count through all its shards: their order is storage order.
    return records.sort((a, b) => (a.record.SequenceNumber < b.record.SequenceNumber ? -1 : 1))
  }

  /**
   * Lets go of the records of a shard that arrived by then, as the end of retention does.
   * @throws ServiceError for an unknown stream
   */
  trim(streamName: string, shardId: string, arrivedByMs: number): void {
    const stream = this.#account.streams.get('GetRecords', { StreamName: streamName })
    stream.shard(shardId, this.#account.options.nowMs())?.trim(arrivedByMs)
  }

  /**
   * Removes a closed shard with all its records, as the end of its retention does.
   * @throws ServiceError for an unknown stream; InvalidOptionError for a shard that is open
   */
  expire(streamName: string, shardId: string): void {
    const stream = this.#account.streams.get('ListShards', { StreamName: streamName })
    if (stream.shard(shardId, this.#account.options.nowMs())?.isOpen === true) {
      throw new InvalidOptionError('shardId', `${shardId} is open`, 'Split or merge it first.')
    }
    stream.expire(shardId)
  }

  /** Makes calls go wrong. @throws InvalidOptionError */
  injectFault(fault: Fault): FaultHandle {
    return this.#account.faults.inject(fault, this.#reads.lastIssue)
  }

  async putRecords(
    input: kinesis.PutRecordsInput,
    options?: CallOptions,
  ): Promise<kinesis.PutRecordsOutput> {
    return await this.#call(
      'putRecords',
      options,
      () => putScope(this.#account, input, ({ birth }) => checkPutRecords(input.Records, birth)),
      (fault) => putRecords(this.#account, input, fault),
    )
  }

  async putRecord(
    input: kinesis.PutRecordInput,
    options?: CallOptions,
  ): Promise<kinesis.PutRecordOutput> {
    return await this.#call(
      'putRecord',
      options,
      () => putScope(this.#account, input, ({ birth }) => [checkPutRecord(input, birth)]),
      () => putRecord(this.#account, input),
    )
  }

  async getRecords(
    input: kinesis.GetRecordsInput,
    options?: CallOptions,
  ): Promise<kinesis.GetRecordsOutput> {
    return await this.#call(
      'getRecords',
      options,
      () => this.#reads.readScope(input),
      (fault) => this.#reads.getRecords(input, fault),
    )
  }

  async getShardIterator(
    input: kinesis.GetShardIteratorInput,
    options?: CallOptions,
  ): Promise<kinesis.GetShardIteratorOutput> {
    return await this.#call(
      'getShardIterator',
      options,
      () => scopeOf(input, input.ShardId),
      () => this.#reads.getShardIterator(input),
    )
  }

  async listShards(
    input: kinesis.ListShardsInput,
    options?: CallOptions,
  ): Promise<kinesis.ListShardsOutput> {
    return await this.#call(
      'listShards',
      options,
      () => scopeOf(input),
      () => this.#controls.listShards(input),
    )
  }

  async describeStreamSummary(
    input: kinesis.StreamInput,
    options?: CallOptions,
  ): Promise<kinesis.DescribeStreamSummaryOutput> {
    return await this.#call(
      'describeStreamSummary',
      options,
      () => scopeOf(input),
      () => this.#controls.describeStreamSummary(input),
    )
  }

  async createStream(input: SimulatedCreateStreamInput, options?: CallOptions): Promise<void> {
    await this.#call(
      'createStream',
      options,
      () => scopeOf(input),
      () => this.#controls.createStream(input),
    )
  }

  async deleteStream(input: kinesis.StreamInput, options?: CallOptions): Promise<void> {
    await this.#call(
      'deleteStream',
      options,
      () => scopeOf(input),
      () => this.#controls.deleteStream(input),
    )
  }

  async splitShard(input: kinesis.SplitShardInput, options?: CallOptions): Promise<void> {
    await this.#call(
      'splitShard',
      options,
      () => scopeOf(input, input.ShardToSplit),
      () => this.#controls.splitShard(input),
    )
  }

  async mergeShards(input: kinesis.MergeShardsInput, options?: CallOptions): Promise<void> {
    await this.#call(
      'mergeShards',
      options,
      () => scopeOf(input, input.ShardToMerge, input.AdjacentShardToMerge),
      () => this.#controls.mergeShards(input),
    )
  }

  #call<T>(
    method: SimulatedOperation,
    options: CallOptions | undefined,
    scope: () => CallScope,
    apply: (fault: Fault | undefined) => T,
  ): T | Promise<T> {
    const operation = method.charAt(0).toUpperCase() + method.slice(1)
    refuseAborted(operation, options)
    const fault = this.#account.faults.take(method, scope)
    const perEntry = method === 'putRecords' && fault?.shardId !== undefined
    return callService(operation, options, fault, perEntry, () => apply(fault))
  }
}

function scopeOf(input: kinesis.StreamInput, ...shardIds: readonly string[]): CallScope {
  const streamName = input.StreamName ?? input.StreamARN?.split(':stream/')[1]
  return { streamName, shardIds: new Set(shardIds) }
}
