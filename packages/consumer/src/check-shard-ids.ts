/** The argument of `pause` and `resume`, checked. Pure. */
import { InvalidOptionError } from '@millrace/core'
import { showValue } from '@millrace/core/internal'

/** What the service accepts as a shard id. */
const SHARD_ID = /^[a-zA-Z0-9_.-]{1,128}$/

/** @throws InvalidOptionError */
export function checkShardIds(shardIds: unknown): void {
  if (shardIds === undefined) return
  // A text alone would be taken for a list of its characters.
  const wrong = Array.isArray(shardIds) ? shardIds.find((id) => !isShardId(id)) : shardIds
  if (wrong === undefined) return
  throw new InvalidOptionError(
    'shardIds',
    Array.isArray(shardIds)
      ? `shardIds holds ${showValue(wrong)}, which is no shard id`
      : `shardIds is ${showValue(wrong)}`,
    "Pass a list such as ['shardId-000000000000'], or nothing for all shards.",
  )
}

function isShardId(id: unknown): boolean {
  return typeof id === 'string' && SHARD_ID.test(id)
}
