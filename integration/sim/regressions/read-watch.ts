/** Sees how shards are read: which iterators are asked for, which pages are answered. */
import type { kinesis } from '@millrace/core'
import type { Stage } from '../fleet/stage.ts'
import { alter } from './altered-answers.ts'

export interface ReadHooks {
  /** A reader asks for an iterator. */
  readonly onIterator?: (input: kinesis.GetShardIteratorInput) => void
  /** What takes the place of a page. */
  readonly onPage?: (shardId: string, page: kinesis.GetRecordsOutput) => kinesis.GetRecordsOutput
  /** Before a read; throws what it is refused with. */
  readonly onRead?: (shardId: string, iterator: string) => void
  /** A read was refused. */
  readonly onRefusal?: (shardId: string, cause: unknown) => void
}

/** From now on; iterators that were issued before are of no known shard, and pass unseen. */
export function watchReads({ world }: Stage, hooks: ReadHooks): { clear(): void } {
  const shardOf = new Map<string, string>()
  const iterators = alter(world, 'getShardIterator', async (input, ask) => {
    hooks.onIterator?.(input)
    const output = await ask()
    shardOf.set(output.ShardIterator, input.ShardId)
    return output
  })
  const pages = alter(world, 'getRecords', async ({ ShardIterator: iterator }, ask) => {
    const shardId = shardOf.get(iterator)
    if (shardId === undefined) return await ask()
    hooks.onRead?.(shardId, iterator)
    try {
      const page = await ask()
      if (page.NextShardIterator !== undefined) shardOf.set(page.NextShardIterator, shardId)
      return hooks.onPage?.(shardId, page) ?? page
    } catch (cause) {
      hooks.onRefusal?.(shardId, cause)
      throw cause
    }
  })
  return {
    clear: () => {
      iterators.clear()
      pages.clear()
    },
  }
}
