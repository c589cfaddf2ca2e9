/**
 * A stored number that the service refuses for its shard. Pure. A handler, ours or a Java worker's,
 * may have checkpointed a number of another shard that lay between what was stored and what was
 * delivered: every owner would then be refused for ever. The shard is read from its oldest record
 * instead, and what lies at or before the stored number is passed over as done.
 */
import type { Shard } from '@millrace/core'
import { isSequenceNumber } from '@millrace/core/internal'
import { InvalidCheckpointError } from '../errors.ts'
import type { Lease } from '../lease/lease.ts'
import { formerStream } from '../shard-sync/former-stream.ts'

/**
 * True when the number lies within the life of this shard, and so was never one of a former stream
 * of the same name (R33): passing over what is at or before it loses nothing.
 */
export function isForeignPosition(
  { shardId, checkpoint }: Pick<Lease, 'shardId' | 'checkpoint'>,
  shards: readonly Shard[],
): boolean {
  if (!isSequenceNumber(checkpoint.sequenceNumber)) return false
  if (!shards.some((shard) => shard.shardId === shardId)) return false
  return formerStream([{ shardId, checkpoint, hashKeyRange: undefined }], shards) === undefined
}

export function foreignPosition(shardId: string, sequenceNumber: string): InvalidCheckpointError {
  return new InvalidCheckpointError(
    shardId,
    `the stored checkpoint ${sequenceNumber} is no position of this shard, which is read from its oldest record; what lies at or before the checkpoint counts as done`,
  )
}
