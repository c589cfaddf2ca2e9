/** Who was called with records of which shard, and when; and records that keep coming. */
import { sleep } from '@millrace/core/internal'
import type { Stage } from '../fleet/stage.ts'

interface Call {
  readonly workerId: string
  readonly shardId: string
  readonly beganMs: number
  settledMs: number | undefined
}

export class CallWatch {
  readonly #calls: Call[] = []
  readonly #stage: Stage
  /** What a script adds to each call; resolves when the call may go on. */
  lasts: ((workerId: string) => Promise<void> | undefined) | undefined

  constructor(stage: Stage) {
    this.#stage = stage
    stage.onCall = async ({ workerId, shard }) => {
      const beganMs = stage.world.nowMs()
      const call: Call = { workerId, shardId: shard.shardId, beganMs, settledMs: undefined }
      this.#calls.push(call)
      await this.lasts?.(workerId)
      call.settledMs = stage.world.nowMs()
    }
  }

  /** When a worker other than `butMs` was first called for the shard after a moment. */
  firstMs(shardId: string, afterMs: number, but?: string): number | undefined {
    return this.#calls.find(
      (call) => call.shardId === shardId && call.beganMs > afterMs && call.workerId !== but,
    )?.beganMs
  }

  /** When the last call of a worker for the shard, of those begun by then, settled; now: it has not. */
  lastSettledMs(shardId: string, workerId: string, begunByMs = Number.POSITIVE_INFINITY): number {
    const last = this.#calls.findLast(
      (call) => call.shardId === shardId && call.workerId === workerId && call.beganMs <= begunByMs,
    )
    return last === undefined
      ? Number.NEGATIVE_INFINITY
      : (last.settledMs ?? this.#stage.world.nowMs())
  }

  /** Puts a record into each of the shards again and again, until it is told to end. */
  async drip(shardIds: readonly string[], everyMs: number, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      for (const shardId of shardIds) await this.#stage.put(shardId)
      await sleep(everyMs)
    }
  }

  /**
   * Waits until each of the shards has been called for after a moment.
   *
   * @returns when the last of them was, true ms; undefined: a violation was said
   */
  async served(
    rule: string,
    shardIds: readonly string[],
    { afterMs, but, withinMs }: { afterMs: number; but?: string; withinMs: number },
  ): Promise<number | undefined> {
    const first = (): (number | undefined)[] =>
      shardIds.map((shardId) => this.firstMs(shardId, afterMs, but))
    const what = `${shardIds.join(', ')} are delivered`
    const took = await this.#stage.reach({ rule, what, withinMs }, () =>
      first().every((atMs) => atMs !== undefined),
    )
    return took === undefined ? undefined : Math.max(...first().map((atMs) => atMs ?? 0))
  }
}
