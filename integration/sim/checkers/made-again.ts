/**
 * Which leases may be made a second time (S13). Where an operator deletes a row and no worker is left
 * that saw it, only the lineage tells what is missing: ancestors of it that were read and tidied away
 * are read again, from the oldest on, and so are the shards that followed them.
 */
import type { kinesis } from '@millrace/core'
import { childrenOf } from './coverage.ts'

export class MadeAgain {
  readonly #shards: () => readonly kinesis.ServiceShard[]
  /** Followers of shards that are read again, which had no row when those were begun. */
  readonly #following = new Set<string>()

  constructor(shards: () => readonly kinesis.ServiceShard[]) {
    this.#shards = shards
  }

  /** @param lost rows that an operator has taken, and that are not back yet */
  isFair(shardId: string, lost: ReadonlySet<string>): boolean {
    return this.#following.has(shardId) || this.#leadsTo(shardId, lost)
  }

  /** Takes note of a row that was fairly made again. */
  made(shardId: string, rows: ReadonlyMap<string, unknown>): void {
    this.#following.delete(shardId)
    for (const { ShardId } of childrenOf(shardId, this.#shards())) {
      if (!rows.has(ShardId)) this.#following.add(ShardId)
    }
  }

  #leadsTo(shardId: string, lost: ReadonlySet<string>): boolean {
    if (lost.size === 0) return false
    const shards = this.#shards()
    const seen = new Set([shardId])
    for (const next of seen) {
      if (lost.has(next)) return true
      for (const { ShardId } of childrenOf(next, shards)) seen.add(ShardId)
    }
    return false
  }
}
