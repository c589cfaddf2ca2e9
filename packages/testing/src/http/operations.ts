/** Kinesis on the wire: operation name -> the shape of its input and the call of the port. */
import type { CallOptions, KinesisAdminPort, KinesisPort } from '@millrace/core'
import { describeStream } from './describe-stream.ts'
import { readShape, type Shape } from './shape.ts'
import { defaultFormat, wireFormatFor } from './wire-formats.ts'
import { callOf, type WireOperation, type WireProtocol } from './wire-protocol.ts'

/** What is spoken for. Without the calls of an operator, those are not served. */
export type KinesisService = KinesisPort & Partial<KinesisAdminPort>

const STREAM = { StreamName: 'string', StreamARN: 'string', StreamId: 'string' } as const
const ENTRY = { Data: 'bytes', PartitionKey: 'string', ExplicitHashKey: 'string' } as const

type MakeOperation = (service: KinesisService) => WireOperation

const OPERATIONS: ReadonlyMap<string, MakeOperation> = new Map([
  [
    'PutRecords',
    operation(
      'putRecords',
      { ...STREAM, Records: { list: { members: ENTRY, required: ['Data'] } } },
      ['Records'],
    ),
  ],
  [
    'PutRecord',
    operation('putRecord', { ...STREAM, ...ENTRY, SequenceNumberForOrdering: 'string' }, ['Data']),
  ],
  [
    'GetRecords',
    operation('getRecords', { ShardIterator: 'string', Limit: 'integer', StreamARN: 'string' }, [
      'ShardIterator',
    ]),
  ],
  [
    'GetShardIterator',
    operation(
      'getShardIterator',
      {
        ...STREAM,
        ShardId: 'string',
        ShardIteratorType: 'string',
        StartingSequenceNumber: 'string',
        Timestamp: 'timestamp',
      },
      ['ShardId', 'ShardIteratorType'],
    ),
  ],
  [
    'ListShards',
    operation(
      'listShards',
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
    ),
  ],
  ['DescribeStreamSummary', operation('describeStreamSummary', STREAM, [])],
  [
    'DescribeStream',
    reading({ ...STREAM, Limit: 'integer', ExclusiveStartShardId: 'string' }, [], describeStream),
  ],
  [
    'CreateStream',
    operation(
      'createStream',
      {
        StreamName: 'string',
        ShardCount: 'integer',
        StreamModeDetails: { members: { StreamMode: 'string' }, required: ['StreamMode'] },
        MaxRecordSizeInKiB: 'integer',
        RecordDistributionStrategy: 'string',
      },
      ['StreamName'],
    ),
  ],
  ['DeleteStream', operation('deleteStream', STREAM, [])],
  [
    'SplitShard',
    operation('splitShard', { ...STREAM, ShardToSplit: 'string', NewStartingHashKey: 'string' }, [
      'ShardToSplit',
      'NewStartingHashKey',
    ]),
  ],
  [
    'MergeShards',
    operation(
      'mergeShards',
      { ...STREAM, ShardToMerge: 'string', AdjacentShardToMerge: 'string' },
      ['ShardToMerge', 'AdjacentShardToMerge'],
    ),
  ],
])

const TARGET = /^Kinesis_20131202\.([A-Za-z]+)$/

export function kinesisProtocol(service: KinesisService): WireProtocol {
  return {
    defaultFormat,
    formatFor: wireFormatFor,
    operationFor: (target) => OPERATIONS.get(TARGET.exec(target ?? '')?.[1] ?? '')?.(service),
    errorType: (awsName) => awsName,
  }
}

/** An operation that is a call of the port as it is. */
function operation(
  method: keyof KinesisPort | keyof KinesisAdminPort,
  members: Readonly<Record<string, Shape>>,
  required: readonly string[],
): MakeOperation {
  return reading(members, required, (service, input, options) =>
    callOf(service, method, input, options),
  )
}

function reading<I>(
  members: Readonly<Record<string, Shape>>,
  required: readonly string[],
  call: (service: KinesisService, input: I, options: CallOptions | undefined) => Promise<unknown>,
): MakeOperation {
  const shape = { members, required }
  return (service) => (format, tree, options) =>
    call(service, readShape(format, shape, tree, '') as I, options)
}
