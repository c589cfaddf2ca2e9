/** Keys of the lease table that are not leases. They share one key space with worker ids. */
import { InvalidOptionError } from '@millrace/core'

export const LEADER_KEY = 'Leader'
export const MIGRATION_KEY = 'Migration3.0'
export const TABLE_MIGRATION_KEY = 'TableMigration3.5'

const RESERVED: ReadonlySet<string> = new Set([LEADER_KEY, MIGRATION_KEY, TABLE_MIGRATION_KEY])
const SHARD_ID = /^shardId-[0-9]+$/
/** DynamoDB's longest hash key is 2,048 bytes; 512 characters fit whatever they are. */
const MAX_WORKER_ID_LENGTH = 512

export function isReservedKey(key: string): boolean {
  return RESERVED.has(key)
}

/**
 * A worker's metrics row has the worker id as its key, so an id that names another row would
 * overwrite it.
 *
 * @throws InvalidOptionError
 */
export function checkWorkerId(workerId: string): void {
  if (workerId.length === 0 || workerId.length > MAX_WORKER_ID_LENGTH) {
    throw new InvalidOptionError(
      'workerId',
      `workerId has ${workerId.length} characters`,
      `Use 1 to ${MAX_WORKER_ID_LENGTH} characters.`,
    )
  }
  if (RESERVED.has(workerId) || SHARD_ID.test(workerId)) {
    throw new InvalidOptionError(
      'workerId',
      `workerId ${JSON.stringify(workerId)} is the key of another row of the lease table`,
      'Choose an id that is neither a shard id nor Leader, Migration3.0 or TableMigration3.5.',
    )
  }
}
