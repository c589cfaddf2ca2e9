/** KinesisPort over @aws-sdk/client-kinesis: records pass by reference, answers are unwrapped. */
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  type GetRecordsCommandInput,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type PutRecordsCommandInput,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import type { CallOptions } from '../ports/call-options.ts'
import type {
  CreateStreamInput,
  DescribeStreamSummaryOutput,
  GetRecordsInput,
  GetRecordsOutput,
  GetShardIteratorInput,
  GetShardIteratorOutput,
  KinesisAdminPort,
  KinesisPort,
  ListShardsInput,
  ListShardsOutput,
  MergeShardsInput,
  PutRecordInput,
  PutRecordOutput,
  PutRecordsInput,
  PutRecordsOutput,
  SplitShardInput,
  StreamInput,
} from '../ports/kinesis.ts'
import { answered, type SdkSendOptions, sdkCall } from './sdk-call.ts'
import { LazySdkClient } from './sdk-client.ts'
import {
  type AwsClientOptions,
  type ResolvedAwsClientOptions,
  resolveAwsClientOptions,
} from './sdk-options.ts'
import { recordServiceTime, serviceTimeOf } from './service-time.ts'

/** Control calls are paced far below this (see ControlPlane); a burst must not take data sockets. */
const CONTROL_SOCKETS = 8

/** The Kinesis ports over the AWS SDK. @public */
export interface SdkKinesis extends KinesisPort, KinesisAdminPort {
  /** Ends calls in flight and lets go of the sockets. Later calls reject. */
  close(): void
}

/**
 * Amazon Kinesis through AWS SDK v3: HTTP/1.1 keep-alive, PutRecords and GetRecords on a pool of
 * their own, time-outs that throw, one attempt a call. Clients are made at the first call.
 *
 * @example
 * const kinesis = kinesisFromSdk({ region: 'eu-west-1' })
 * @throws InvalidOptionError
 * @public
 */
export function kinesisFromSdk(options?: AwsClientOptions): SdkKinesis {
  const resolved = resolveAwsClientOptions('', options)
  return new SdkKinesisAdapter(resolved, dataPool(resolved))
}

/** The client, with sockets of its own, that carries records. */
export function dataPool(options: ResolvedAwsClientOptions): LazySdkClient<KinesisClient> {
  return new LazySdkClient(KinesisClient, options, options.maxConnections)
}

export class SdkKinesisAdapter implements SdkKinesis {
  readonly #data: LazySdkClient<KinesisClient>
  readonly #control: LazySdkClient<KinesisClient>
  readonly #timeoutMs: number

  constructor(options: ResolvedAwsClientOptions, data: LazySdkClient<KinesisClient>) {
    this.#timeoutMs = options.requestTimeoutMs
    this.#data = data
    this.#control = new LazySdkClient(KinesisClient, options, CONTROL_SOCKETS, (client) =>
      recordServiceTime(client.middlewareStack),
    )
  }

  async putRecords(input: PutRecordsInput, options?: CallOptions): Promise<PutRecordsOutput> {
    const command = new PutRecordsCommand(input as PutRecordsCommandInput)
    const output = await this.#call(this.#data, 'PutRecords', options, (client, send) =>
      client.send(command, send),
    )
    return {
      FailedRecordCount: output.FailedRecordCount ?? 0,
      Records: answered('PutRecords', 'Records', output.Records),
    }
  }

  async getRecords(input: GetRecordsInput, options?: CallOptions): Promise<GetRecordsOutput> {
    const command = new GetRecordsCommand(input as GetRecordsCommandInput)
    const output = await this.#call(this.#data, 'GetRecords', options, (client, send) =>
      client.send(command, send),
    )
    return {
      Records: answered('GetRecords', 'Records', output.Records) as GetRecordsOutput['Records'],
      NextShardIterator: output.NextShardIterator,
      MillisBehindLatest: output.MillisBehindLatest,
      ChildShards: output.ChildShards as GetRecordsOutput['ChildShards'],
    }
  }

  async getShardIterator(
    input: GetShardIteratorInput,
    options?: CallOptions,
  ): Promise<GetShardIteratorOutput> {
    const command = new GetShardIteratorCommand(input)
    const output = await this.#call(this.#control, 'GetShardIterator', options, (client, send) =>
      client.send(command, send),
    )
    return {
      ShardIterator: answered('GetShardIterator', 'ShardIterator', output.ShardIterator),
      serviceTimeMs: serviceTimeOf(output),
    }
  }

  async listShards(input: ListShardsInput, options?: CallOptions): Promise<ListShardsOutput> {
    const command = new ListShardsCommand(input)
    const output = await this.#call(this.#control, 'ListShards', options, (client, send) =>
      client.send(command, send),
    )
    return {
      Shards: answered('ListShards', 'Shards', output.Shards) as ListShardsOutput['Shards'],
      NextToken: output.NextToken,
    }
  }

  async describeStreamSummary(
    input: StreamInput,
    options?: CallOptions,
  ): Promise<DescribeStreamSummaryOutput> {
    const operation = 'DescribeStreamSummary'
    const command = new DescribeStreamSummaryCommand(input)
    const output = await this.#call(this.#control, operation, options, (client, send) =>
      client.send(command, send),
    )
    const summary = answered(operation, 'StreamDescriptionSummary', output.StreamDescriptionSummary)
    return {
      StreamDescriptionSummary: summary as DescribeStreamSummaryOutput['StreamDescriptionSummary'],
    }
  }

  async createStream(input: CreateStreamInput, options?: CallOptions): Promise<void> {
    const command = new CreateStreamCommand(input)
    await this.#call(this.#control, 'CreateStream', options, (client, send) =>
      client.send(command, send),
    )
  }

  async deleteStream(input: StreamInput, options?: CallOptions): Promise<void> {
    const command = new DeleteStreamCommand(input)
    await this.#call(this.#control, 'DeleteStream', options, (client, send) =>
      client.send(command, send),
    )
  }

  async splitShard(input: SplitShardInput, options?: CallOptions): Promise<void> {
    const command = new SplitShardCommand(input)
    await this.#call(this.#control, 'SplitShard', options, (client, send) =>
      client.send(command, send),
    )
  }

  async mergeShards(input: MergeShardsInput, options?: CallOptions): Promise<void> {
    const command = new MergeShardsCommand(input)
    await this.#call(this.#control, 'MergeShards', options, (client, send) =>
      client.send(command, send),
    )
  }

  async putRecord(input: PutRecordInput, options?: CallOptions): Promise<PutRecordOutput> {
    const command = new PutRecordCommand(input)
    const output = await this.#call(this.#data, 'PutRecord', options, (client, send) =>
      client.send(command, send),
    )
    return {
      ShardId: answered('PutRecord', 'ShardId', output.ShardId),
      SequenceNumber: answered('PutRecord', 'SequenceNumber', output.SequenceNumber),
    }
  }

  close(): void {
    this.#data.close()
    this.#control.close()
  }

  #call<T>(
    pool: LazySdkClient<KinesisClient>,
    operation: string,
    options: CallOptions | undefined,
    send: (client: KinesisClient, options: SdkSendOptions) => Promise<T>,
  ): Promise<T> {
    return sdkCall(operation, options, this.#timeoutMs, async (sendOptions) =>
      send(pool.get(operation), sendOptions),
    )
  }
}
