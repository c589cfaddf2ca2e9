/** DescribeStream, which older clients still send, out of the calls that replaced it. */
import { type CallOptions, isServiceError, type KinesisPort, type kinesis } from '@millrace/core'

interface DescribeStreamInput extends kinesis.StreamInput {
  readonly Limit?: number | undefined
  readonly ExclusiveStartShardId?: string | undefined
}

/** What the service lists unless told otherwise. */
const DEFAULT_LIMIT = 100

export async function describeStream(
  service: KinesisPort,
  input: DescribeStreamInput,
  options?: CallOptions,
): Promise<object> {
  const { StreamName, StreamARN, Limit, ExclusiveStartShardId } = input
  const { StreamDescriptionSummary: summary } = await service.describeStreamSummary(
    { StreamName, StreamARN },
    options,
  )
  const page = await shardsUnlessInTransit(
    service,
    { StreamName, StreamARN, ExclusiveStartShardId, MaxResults: Limit ?? DEFAULT_LIMIT },
    options,
  )
  return {
    StreamDescription: {
      StreamName: summary.StreamName,
      StreamARN: summary.StreamARN,
      StreamStatus: summary.StreamStatus,
      StreamModeDetails: summary.StreamModeDetails,
      StreamCreationTimestamp: summary.StreamCreationTimestamp,
      RetentionPeriodHours: summary.RetentionPeriodHours,
      Shards: page.Shards,
      HasMoreShards: page.NextToken !== undefined,
      EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
      EncryptionType: 'NONE',
    },
  }
}

/** ListShards refuses a stream that is being made or deleted; DescribeStream shows it empty. */
async function shardsUnlessInTransit(
  service: KinesisPort,
  input: kinesis.ListShardsInput,
  options: CallOptions | undefined,
): Promise<kinesis.ListShardsOutput> {
  try {
    return await service.listShards(input, options)
  } catch (error) {
    if (isServiceError(error) && error.kind === 'in-use') return { Shards: [] }
    throw error
  }
}
