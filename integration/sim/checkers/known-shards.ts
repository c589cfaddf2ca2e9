/** What never changes of a shard, asked of the service once: checkers look at it for every record. */
import type { kinesis } from '@millrace/core'

export type KnownShard = Pick<
  kinesis.ServiceShard,
  'ShardId' | 'ParentShardId' | 'AdjacentParentShardId' | 'HashKeyRange'
>

export class KnownShards {
  readonly #list: () => readonly kinesis.ServiceShard[]
  readonly #known = new Map<string, KnownShard>()

  /** @param list every shard of the stream, which is never made anew in a history */
  constructor(list: () => readonly kinesis.ServiceShard[]) {
    this.#list = list
  }

  get(shardId: string): KnownShard | undefined {
    const known = this.#known.get(shardId)
    if (known !== undefined) return known
    for (const shard of this.#list()) this.#known.set(shard.ShardId, shard)
    return this.#known.get(shardId)
  }
}
