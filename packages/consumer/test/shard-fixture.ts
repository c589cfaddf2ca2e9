/** One shard of a simulated stream, its tenure faked, served by a real shard consumer. */
import {
  type Codec,
  type ExtendedSequenceNumber,
  type KinesisPort,
  ServiceError,
} from '@millrace/core'
import { aggregate } from '@millrace/core/aggregation'
import { ControlPlane, silentLogger, sleep } from '@millrace/core/internal'
import { SimulatedKinesis, type SimulatedKinesisOptions } from '@millrace/testing'
import { LeaseLostError } from '../src/errors.ts'
import type { Lease } from '../src/lease/lease.ts'
import type { ConsumerOptions, ResolvedConsumerOptions } from '../src/options.ts'
import type { ConsumerRecord } from '../src/record.ts'
import type { Handler } from '../src/record-processor.ts'
import { resolveConsumerOptions } from '../src/resolve-options.ts'
import { ReadBudget } from '../src/retrieval/read-budget.ts'
import { RecordDistribution } from '../src/retrieval/record-distribution.ts'
import { ShardConsumer, type ShardConsumerOutcome } from '../src/shard/shard-consumer.ts'
import type { ChildOfShard } from '../src/shard-sync/shard-end-plan.ts'
import type { Tenure } from '../src/tenure/tenure.ts'
import { checkedMeter } from './metrics/checked-meter.ts'

export const STREAM = 'flights'
export const SHARD = 'shardId-000000000000'
export const HALF = 1n << 127n

export function leaseAt(sequenceNumber: string, rest: Partial<Lease> = {}): Lease {
  return {
    leaseKey: SHARD,
    shardId: SHARD,
    leaseOwner: 'me',
    leaseCounter: 1,
    checkpointOwner: undefined,
    checkpoint: { sequenceNumber, subSequenceNumber: 0 },
    ownerSwitchesSinceCheckpoint: 0,
    parentShardIds: [],
    childShardIds: [],
    hashKeyRange: undefined,
    throughputKBps: undefined,
    pendingCheckpoint: undefined,
    pendingCheckpointState: undefined,
    startTimestampMs: undefined,
    ...rest,
  }
}

/** Keeps what was written; `loseLease` ends it. */
export class FakeTenure implements Tenure {
  readonly leaseKey: string
  readonly shardId: string
  readonly epoch = 7
  lease: Lease
  believed = true
  readonly checkpoints: ExtendedSequenceNumber[] = []
  readonly prepared: { at: ExtendedSequenceNumber; state: Uint8Array | undefined }[] = []
  readonly starts: number[] = []
  /** What the next writes fail with. */
  readonly failures: Error[] = []
  readonly #controller = new AbortController()

  constructor(lease: Lease) {
    this.lease = lease
    this.leaseKey = lease.leaseKey
    this.shardId = lease.shardId
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  believes(): boolean {
    return this.believed
  }

  loseLease(): void {
    this.believed = false
    this.#controller.abort(new LeaseLostError(this.leaseKey, 'taken'))
  }

  async checkpoint(at: ExtendedSequenceNumber): Promise<void> {
    await this.#write()
    this.checkpoints.push(at)
    this.lease = { ...this.lease, checkpoint: at }
  }

  async prepareCheckpoint(
    at: ExtendedSequenceNumber,
    state: Uint8Array | undefined,
  ): Promise<void> {
    await this.#write()
    this.prepared.push({ at, state })
  }

  async recordStartTimestamp(startTimestampMs: number): Promise<void> {
    await this.#write()
    this.starts.push(startTimestampMs)
    this.lease = { ...this.lease, startTimestampMs }
  }

  async #write(): Promise<void> {
    await sleep(2)
    if (!this.believed) throw new LeaseLostError(this.leaseKey, 'taken')
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
  }
}

export function outage(name = 'InternalServerError'): ServiceError {
  return new ServiceError('UpdateItem', name, 'injected')
}

export const utf8: Codec<string> = {
  encode: (text) => Buffer.from(text),
  decode: (data) => Buffer.from(data).toString(),
}

export interface ServedShard {
  readonly consumer: ShardConsumer<string>
  readonly tenure: FakeTenure
  readonly done: Promise<ShardConsumerOutcome>
  readonly events: { readonly name: string; readonly args: readonly unknown[] }[]
  readonly metrics: Map<string, number>
  readonly budget: ReadBudget
  /** Children that `endShard` was given, one entry a call. */
  readonly ended: (readonly ChildOfShard[])[]
}

export interface ServeOptions {
  readonly lease?: Lease
  readonly tenure?: FakeTenure
  readonly kinesis?: KinesisPort
  /** Shared with others. */
  readonly budget?: ReadBudget
  readonly options?: Partial<ConsumerOptions<string>>
  readonly parentsEnded?: (halted: AbortSignal) => Promise<readonly string[]>
  readonly endShard?: (children: readonly ChildOfShard[]) => Promise<'ended' | 'blocked'>
}

export class ShardWorld {
  readonly service: SimulatedKinesis

  constructor(options: SimulatedKinesisOptions = {}) {
    this.service = new SimulatedKinesis(options)
  }

  async create(shards = 1): Promise<this> {
    await this.service.createStream({ StreamName: STREAM, ShardCount: shards })
    return this
  }

  /** Plain records into the shard; their sequence numbers. */
  async put(...texts: readonly string[]): Promise<string[]> {
    const numbers: string[] = []
    for (const text of texts) {
      const { SequenceNumber } = await this.service.putRecord({
        StreamName: STREAM,
        Data: Buffer.from(text),
        PartitionKey: text,
        ExplicitHashKey: '0',
      })
      numbers.push(SequenceNumber)
    }
    return numbers
  }

  /** One aggregate of these texts; its sequence number. */
  async putAggregate(
    texts: readonly string[],
    explicitHashKey?: (text: string) => string,
  ): Promise<string> {
    const [packed] = aggregate(
      texts.map((text) => ({
        partitionKey: text,
        data: Buffer.from(text),
        explicitHashKey: explicitHashKey?.(text),
      })),
      { maxBytes: 1_000_000 },
    )
    return this.putBytes(packed?.data ?? Buffer.alloc(0))
  }

  async putBytes(data: Uint8Array): Promise<string> {
    const { SequenceNumber } = await this.service.putRecord({
      StreamName: STREAM,
      Data: data,
      PartitionKey: 'a',
      ExplicitHashKey: '0',
    })
    return SequenceNumber
  }

  /** Ends the shard: nothing is put there any more. */
  async split(): Promise<void> {
    await this.service.splitShard({
      StreamName: STREAM,
      ShardToSplit: SHARD,
      NewStartingHashKey: HALF.toString(),
    })
  }

  options(given: Partial<ConsumerOptions<string>> = {}): ResolvedConsumerOptions<string> {
    return resolveConsumerOptions<string>({
      applicationName: 'application',
      stream: STREAM,
      codec: utf8,
      logger: false,
      ...given,
    })
  }

  serve(handler: Handler<string>, given: ServeOptions = {}): ServedShard {
    const options = this.options(given.options)
    const kinesis = given.kinesis ?? this.service
    const tenure = given.tenure ?? new FakeTenure(given.lease ?? leaseAt('TRIM_HORIZON'))
    const events: { name: string; args: readonly unknown[] }[] = []
    const ended: (readonly ChildOfShard[])[] = []
    const sums = new Map<string, number>()
    const metrics = checkedMeter(sums)
    const budget = given.budget ?? new ReadBudget(options.retrieval.maxTotalPendingBytes)
    const control = new ControlPlane({ kinesis, stream: options.stream, logger: silentLogger })
    const consumer = new ShardConsumer<string>({
      tenure,
      stream: STREAM,
      options,
      kinesis,
      control,
      distribution: new RecordDistribution({ control, logger: silentLogger }),
      budget,
      handler,
      parentsEnded: given.parentsEnded ?? (async () => []),
      endShard: async (children) => {
        ended.push(children)
        return (await given.endShard?.(children)) ?? 'ended'
      },
      emit: (name, ...args) => events.push({ name, args }),
      logger: silentLogger,
      metrics,
      random: options.random,
    })
    const done = consumer.run()
    // A test that fails early must not add an unhandled rejection to its own failure.
    done.catch(() => undefined)
    return { consumer, tenure, done, events, metrics: sums, ended, budget }
  }
}

/** The service behind a port that changes some answers. */
export function through(world: ShardWorld, changed: Partial<KinesisPort>): KinesisPort {
  const { service } = world
  return {
    putRecords: (input, options) => service.putRecords(input, options),
    getRecords: (input, options) => service.getRecords(input, options),
    getShardIterator: (input, options) => service.getShardIterator(input, options),
    listShards: (input, options) => service.listShards(input, options),
    describeStreamSummary: (input, options) => service.describeStreamSummary(input, options),
    ...changed,
  }
}

/** Collects what it is given; `then` may throw. */
export function collecting(
  seen: string[],
  then?: (record: ConsumerRecord<string>) => void | Promise<void>,
): Handler<string> {
  return {
    eachRecord: async (record) => {
      seen.push(record.data)
      await then?.(record)
    },
  }
}

export function positions(
  ...pairs: readonly (readonly [string, number])[]
): ExtendedSequenceNumber[] {
  return pairs.map(([sequenceNumber, subSequenceNumber]) => ({ sequenceNumber, subSequenceNumber }))
}
