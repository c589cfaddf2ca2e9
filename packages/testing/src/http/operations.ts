/** Operation name -> the shape of its input and the call of the port. */
import type { KinesisAdminPort, KinesisPort, kinesis } from '@millrace/core'
import { describeStream } from './describe-stream.ts'
import type { Shape, StructShape } from './shape.ts'

/** What stands behind the door. */
export type KinesisService = KinesisPort & KinesisAdminPort

export interface Operation {
  readonly input: StructShape
  /** @param input an object of that shape */
  readonly call: (service: KinesisService, input: unknown) => Promise<unknown>
}

const STREAM = { StreamName: 'string', StreamARN: 'string' } as const
const ENTRY = { Data: 'bytes', PartitionKey: 'string', ExplicitHashKey: 'string' } as const

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  [
    'PutRecords',
    operation<kinesis.PutRecordsInput>(
      { ...STREAM, Records: { list: { members: ENTRY, required: ['Data'] } } },
      ['Records'],
      (service, input) => service.putRecords(input),
    ),
  ],
  [
    'PutRecord',
    operation<kinesis.PutRecordInput>(
      { ...STREAM, ...ENTRY, SequenceNumberForOrdering: 'string' },
      ['Data'],
      (service, input) => service.putRecord(input),
    ),
  ],
  [
    'GetRecords',
    operation<kinesis.GetRecordsInput>(
      { ShardIterator: 'string', Limit: 'integer', StreamARN: 'string' },
      ['ShardIterator'],
      (service, input) => service.getRecords(input),
    ),
  ],
  [
    'GetShardIterator',
    operation<kinesis.GetShardIteratorInput>(
      {
        ...STREAM,
        ShardId: 'string',
        ShardIteratorType: 'string',
        StartingSequenceNumber: 'string',
        Timestamp: 'timestamp',
      },
      ['ShardId', 'ShardIteratorType'],
      (service, input) => service.getShardIterator(input),
    ),
  ],
  [
    'ListShards',
    operation<kinesis.ListShardsInput>(
      {
        ...STREAM,
        NextToken: 'string',
        ExclusiveStartShardId: 'string',
        MaxResults: 'integer',
        ShardFilter: {
          members: { Type: 'string', ShardId: 'string', Timestamp: 'timestamp' },
          required: ['Type'],
        },
      },
      [],
      (service, input) => service.listShards(input),
    ),
  ],
  [
    'DescribeStreamSummary',
    operation<kinesis.StreamInput>(STREAM, [], (service, input) =>
      service.describeStreamSummary(input),
    ),
  ],
  [
    'DescribeStream',
    operation({ ...STREAM, Limit: 'integer', ExclusiveStartShardId: 'string' }, [], describeStream),
  ],
  [
    'CreateStream',
    operation<kinesis.CreateStreamInput>(
      {
        StreamName: 'string',
        ShardCount: 'integer',
        StreamModeDetails: { members: { StreamMode: 'string' }, required: ['StreamMode'] },
        MaxRecordSizeInKiB: 'integer',
        RecordDistributionStrategy: 'string',
      },
      ['StreamName'],
      (service, input) => service.createStream(input),
    ),
  ],
  [
    'DeleteStream',
    operation<kinesis.StreamInput>(STREAM, [], (service, input) => service.deleteStream(input)),
  ],
  [
    'SplitShard',
    operation<kinesis.SplitShardInput>(
      { ...STREAM, ShardToSplit: 'string', NewStartingHashKey: 'string' },
      ['ShardToSplit', 'NewStartingHashKey'],
      (service, input) => service.splitShard(input),
    ),
  ],
  [
    'MergeShards',
    operation<kinesis.MergeShardsInput>(
      { ...STREAM, ShardToMerge: 'string', AdjacentShardToMerge: 'string' },
      ['ShardToMerge', 'AdjacentShardToMerge'],
      (service, input) => service.mergeShards(input),
    ),
  ],
])

const TARGET = /^Kinesis_20131202\.([A-Za-z]+)$/

/** @param target header `x-amz-target`, e.g. `Kinesis_20131202.PutRecords` */
export function operationFor(
  target: string | undefined,
): { readonly name: string; readonly operation: Operation } | undefined {
  const name = TARGET.exec(target ?? '')?.[1]
  const operation = name === undefined ? undefined : OPERATIONS.get(name)
  return name === undefined || operation === undefined ? undefined : { name, operation }
}

function operation<I>(
  members: Readonly<Record<string, Shape>>,
  required: readonly string[],
  call: (service: KinesisService, input: I) => Promise<unknown>,
): Operation {
  return { input: { members, required }, call: (service, input) => call(service, input as I) }
}
