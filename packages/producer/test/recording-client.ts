/** A KinesisPort that notes every PutRecords request on its way, and may answer in its stead. */
import type { CallOptions, KinesisPort, kinesis } from '@millrace/core'
import { monotonicMs } from '@millrace/core/internal'
import type { SimulatedKinesis } from '@millrace/testing'

export interface NotedRequest {
  readonly atMs: number
  readonly input: kinesis.PutRecordsInput
}

type PutRecords = KinesisPort['putRecords']

export class RecordingClient implements KinesisPort {
  readonly requests: NotedRequest[] = []
  /** Times of ListShards calls. */
  readonly listings: number[] = []
  /** Set by a test to answer itself. */
  putInstead: PutRecords | undefined
  readonly #service: SimulatedKinesis

  constructor(service: SimulatedKinesis) {
    this.#service = service
  }

  putRecords(
    input: kinesis.PutRecordsInput,
    options?: CallOptions,
  ): Promise<kinesis.PutRecordsOutput> {
    this.requests.push({ atMs: monotonicMs(), input })
    return (this.putInstead ?? this.#service.putRecords.bind(this.#service))(input, options)
  }

  getRecords(
    input: kinesis.GetRecordsInput,
    options?: CallOptions,
  ): Promise<kinesis.GetRecordsOutput> {
    return this.#service.getRecords(input, options)
  }

  getShardIterator(
    input: kinesis.GetShardIteratorInput,
    options?: CallOptions,
  ): Promise<kinesis.GetShardIteratorOutput> {
    return this.#service.getShardIterator(input, options)
  }

  listShards(
    input: kinesis.ListShardsInput,
    options?: CallOptions,
  ): Promise<kinesis.ListShardsOutput> {
    this.listings.push(monotonicMs())
    return this.#service.listShards(input, options)
  }

  describeStreamSummary(
    input: kinesis.StreamInput,
    options?: CallOptions,
  ): Promise<kinesis.DescribeStreamSummaryOutput> {
    return this.#service.describeStreamSummary(input, options)
  }
}
