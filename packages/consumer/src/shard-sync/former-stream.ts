/**
 * Do these leases belong to a former stream of the same name? Pure. Shard ids start at 0 again in
 * a stream that was deleted and created anew, so old positions would be taken for its own: numbers
 * are refused for ever, ended leases block their shards without a word (R33). KCL does not look.
 */
import { compareSequenceNumbers, type Shard } from '@millrace/core'
import { isSequenceNumber } from '@millrace/core/internal'
import { isShardEnded, type Lease } from '../lease/lease.ts'

/** What of a lease may give its stream away. */
export type StreamTrace = Pick<Lease, 'shardId' | 'checkpoint' | 'hashKeyRange'>

/** What gives it away, in words; undefined when the leases fit the stream. */
export function formerStream(
  leases: readonly StreamTrace[],
  shards: readonly Shard[],
): string | undefined {
  if (shards.length === 0) return undefined
  const listed = new Map(shards.map((shard) => [shard.shardId, shard]))
  const followed = new Set(shards.flatMap(({ parentShardIds }) => parentShardIds))
  const newest = [...listed.keys()].sort().at(-1) ?? ''
  for (const lease of leases) {
    const shard = listed.get(lease.shardId)
    const misfit =
      shard === undefined ? unknownYet(lease, newest) : misfitOf(lease, shard, followed)
    if (misfit !== undefined) return misfit
  }
  return undefined
}

/** A shard that the list lacks was trimmed away, which the newest shard never is. */
function unknownYet({ shardId }: StreamTrace, newest: string): string | undefined {
  return shardId.length === newest.length && shardId > newest
    ? `there is a lease of ${shardId}, but no shard after ${newest}`
    : undefined
}

function misfitOf(
  lease: StreamTrace,
  shard: Shard,
  followed: ReadonlySet<string>,
): string | undefined {
  const { hashKeyRange, checkpoint, shardId } = lease
  const range = shard.hashKeyRange
  if (
    hashKeyRange !== undefined &&
    (hashKeyRange.start !== range.start || hashKeyRange.end !== range.end)
  ) {
    return `the lease of ${shardId} has the hash keys ${shown(hashKeyRange)}, the shard ${shown(range)}`
  }
  const at = checkpoint.sequenceNumber
  const began = shard.startingSequenceNumber
  if (isSequenceNumber(at) && isSequenceNumber(began) && compareSequenceNumbers(at, began) < 0) {
    return `${shardId} was read up to ${at}, but it began at ${began}`
  }
  // A list may lag so that a parent looks open beside its children (R25): those prove that it ended.
  const isOpen = shard.endingSequenceNumber === undefined && !followed.has(shardId)
  return isShardEnded(lease) && isOpen
    ? `${shardId} was read to its end, but it is open`
    : undefined
}

function shown({ start, end }: Shard['hashKeyRange']): string {
  return `${start} to ${end}`
}
