/** What handlers are handed: the shard's names, its signal and its checkpointer. */
import type { Logger } from '@millrace/core'
import type { ShardContext } from '../record.ts'
import type { Tenure } from '../tenure/tenure.ts'
import type { ShardCheckpointer } from './shard-checkpointer.ts'

/** Its methods may be taken off the object: users destructure. */
export function shardContext(
  tenure: Tenure,
  shard: { readonly stream: string; readonly logger: Logger; readonly signal: AbortSignal },
  checkpointer: ShardCheckpointer,
): ShardContext {
  return {
    stream: shard.stream,
    shardId: tenure.shardId,
    epoch: tenure.epoch,
    logger: shard.logger,
    signal: shard.signal,
    checkpoint: (at) => checkpointer.checkpoint(at),
    prepareCheckpoint: (at, state) => checkpointer.prepareCheckpoint(at, state),
  }
}
