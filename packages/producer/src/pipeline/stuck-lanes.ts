/**
 * HOT: one comparison a record while no shard is stuck. The shards that take nothing, of all streams of
 * the producer: together they may have a part of the buffer outstanding, so that the others go on.
 */
import type { ShardLane } from './shard-lane.ts'

/** Of the buffer. */
const STUCK_SHARE = 0.25

export interface BufferSize {
  readonly maxOutstandingRecords: number
  readonly maxBufferedBytes: number
}

export class StuckLanes {
  readonly #most: BufferSize
  readonly #lanes = new Set<ShardLane>()
  #inUse = 0

  constructor(most: BufferSize) {
    this.#most = most
  }

  /** False: nobody need be held up. Nothing is stuck, or there is nobody to go on instead. */
  get holdUp(): boolean {
    return this.#lanes.size > 0 && this.#inUse > 1
  }

  /** A shard can be told apart from now on. */
  enters(_lane: ShardLane): void {
    this.#inUse++
  }

  /** Its shard is gone, or cannot be told apart any more. */
  leaves(lane: ShardLane): void {
    this.#inUse--
    this.#lanes.delete(lane)
  }

  /** To be called when the brake of a lane in use was put on or let go. */
  note(lane: ShardLane): void {
    if (lane.brake.isStuck) this.#lanes.add(lane)
    else this.#lanes.delete(lane)
  }

  /** True when so much is outstanding for one stuck lane that it has its part of what all may have. */
  isPart(records: number, bytes: number): boolean {
    const part = STUCK_SHARE / Math.max(1, this.#lanes.size)
    const { maxOutstandingRecords, maxBufferedBytes } = this.#most
    return records >= Math.ceil(maxOutstandingRecords * part) || bytes >= maxBufferedBytes * part
  }
}
