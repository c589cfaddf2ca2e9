/** Lease rows deleted by hand, and how long the fleet takes to close the hole: L7. */
import type { SimulatedWorld } from '@millrace/testing'
import type { Bounds } from '../bounds.ts'
import { APPLICATION, STREAM } from '../fleet/names.ts'
import { uncovered } from './coverage.ts'
import type { TableChecker } from './table-checker.ts'

const L7_MS = 60_000

export class LostRows {
  readonly #table: TableChecker
  readonly #bounds: Bounds
  readonly #watches: Promise<void>[] = []
  /** Shard -> how often its row was deleted: it was back in between. */
  readonly #losses = new Map<string, number>()
  #healedMs: number | undefined

  constructor(table: TableChecker, bounds: Bounds) {
    this.#table = table
    this.#bounds = bounds
  }

  /**
   * Deletes one of the rows whose shards have not ended. Not one of a merged shard whose child has a
   * lease from the other parent's end: it leaves no hole, so that nobody can tell, KCL neither.
   *
   * @returns whether there was one
   */
  async lose(world: SimulatedWorld, pick: number): Promise<boolean> {
    const { rows } = this.#table
    const followed = new Set(
      world.kinesis
        .shards(STREAM)
        .filter(({ ShardId }) => rows.has(ShardId))
        .flatMap(({ ParentShardId, AdjacentParentShardId }) => [
          ParentShardId,
          AdjacentParentShardId,
        ]),
    )
    const open = [...rows]
      .filter(([, { checkpoint }]) => checkpoint.sequenceNumber !== 'SHARD_END')
      .map(([shardId]) => shardId)
      .filter((shardId) => !followed.has(shardId))
      .sort()
    const shardId = open[pick % open.length]
    if (shardId === undefined) return false
    this.#losses.set(shardId, (this.#losses.get(shardId) ?? 0) + 1)
    this.#table.expectLoss(shardId)
    world.note('row-lost', { shardId })
    world.count('row.lost')
    await world.dynamo.deleteItem({ TableName: APPLICATION, Key: { leaseKey: { S: shardId } } })
    this.#watches.push(this.#watch(world, shardId))
    return true
  }

  /** No more faults from now on. */
  healed(atMs: number): void {
    this.#healedMs = atMs
  }

  /** Resolves when each loss is healed, or was found not to be in time. */
  async judged(): Promise<void> {
    await Promise.all(this.#watches)
  }

  async #watch(world: SimulatedWorld, shardId: string): Promise<void> {
    const lostMs = world.nowMs()
    const loss = this.#losses.get(shardId)
    const shards = world.kinesis.shards(STREAM)
    const range = shards.find(({ ShardId }) => ShardId === shardId)?.HashKeyRange
    const start = BigInt(range?.StartingHashKey ?? 0)
    const end = BigInt(range?.EndingHashKey ?? 0)
    const isCovered = (): boolean =>
      this.#losses.get(shardId) !== loss ||
      uncovered(this.#table.rows.values()).every((hole) => hole.start > end || hole.end < start)
    // The bound counts from the last fault: while ListShards fails, nobody can tell what is missing.
    const leftMs = (): number => (this.#healedMs ?? world.nowMs()) + L7_MS - world.nowMs()
    let closed = await world.until(isCovered, { timeoutMs: L7_MS, everyMs: 500 })
    while (!closed && leftMs() > 0) {
      closed = await world.until(isCovered, { timeoutMs: Math.min(leftMs(), 5000), everyMs: 500 })
    }
    if (!closed) {
      world.violation('L7', `the hole of ${shardId} was not closed within ${L7_MS} ms`)
      return
    }
    world.note('row-healed', { shardId })
    world.count('marker.hole-healed')
    const tookMs = world.nowMs() - lostMs
    const sinceHealedMs = world.nowMs() - (this.#healedMs ?? lostMs)
    this.#bounds.record('L7', tookMs <= L7_MS ? tookMs : sinceHealedMs)
  }
}
