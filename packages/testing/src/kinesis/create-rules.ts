/** What CreateStream refuses, and what it takes when a field is absent. Pure. */
import type { kinesis } from '@millrace/core'
import { LIMITS } from '@millrace/core/internal'
import { invalidArgument, invalidField } from './refusals.ts'

/** CreateStream's input, with the record distribution that the port does not carry yet. @public */
export interface SimulatedCreateStreamInput extends kinesis.CreateStreamInput {
  readonly RecordDistributionStrategy?: 'AUTO' | 'USER_PARTITION_KEY' | undefined
}

export interface CheckedCreateStream {
  readonly name: string
  readonly shardCount: number
  readonly mode: kinesis.StreamMode
  readonly maxRecordBytes: number
  readonly distribution: 'AUTO' | 'USER_PARTITION_KEY'
}

const OPERATION = 'CreateStream'
const KIB = 1024
/** What the service starts an on-demand stream with. */
const ON_DEMAND_SHARDS = 4
const MAX_SHARDS = 20_000

export function isStreamName(name: unknown): name is string {
  return typeof name === 'string' && /^[a-zA-Z0-9_.-]{1,128}$/.test(name)
}

/** @throws ServiceError */
export function checkCreateStream(input: SimulatedCreateStreamInput): CheckedCreateStream {
  const { StreamName: name, ShardCount: shardCount } = input
  if (!isStreamName(name)) {
    throw invalidField(OPERATION, 'streamName', 'Member must satisfy pattern: [a-zA-Z0-9_.-]+')
  }
  const mode = input.StreamModeDetails?.StreamMode ?? 'PROVISIONED'
  if (mode === 'PROVISIONED' && shardCount === undefined) {
    throw invalidArgument(OPERATION, 'ShardCount is needed for a stream in provisioned mode.')
  }
  const shards = shardCount ?? ON_DEMAND_SHARDS
  if (!Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS) {
    throw invalidField(OPERATION, 'shardCount', `Member must be 1 to ${MAX_SHARDS}`)
  }
  const distribution = input.RecordDistributionStrategy ?? 'USER_PARTITION_KEY'
  if (distribution === 'AUTO' && mode !== 'ON_DEMAND') {
    throw invalidArgument(OPERATION, 'AUTO record distribution needs an on-demand stream.')
  }
  return {
    name,
    shardCount: shards,
    mode,
    maxRecordBytes: checkMaxRecordBytes(input.MaxRecordSizeInKiB),
    distribution,
  }
}

function checkMaxRecordBytes(kib: number | undefined): number {
  if (kib === undefined) return LIMITS.recordDefaultMaxBytes
  const least = LIMITS.recordDefaultMaxBytes / KIB
  const most = LIMITS.recordLargestMaxBytes / KIB
  if (Number.isInteger(kib) && kib >= least && kib <= most) return kib * KIB
  throw invalidField(OPERATION, 'maxRecordSizeInKiB', `Member must be ${least} to ${most}`)
}
