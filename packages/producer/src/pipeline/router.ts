/**
 * HOT: about 20 ns a user record whose hash is at hand, 0.15 us with hashing; no allocation.
 * Picks the lane of the shard that will own the record, as far as the shard map knows.
 */
import {
  type HashWords,
  hashUserRecord,
  newHashWords,
  type ShardMap,
} from '@millrace/core/internal'
import { Alarm, clockMs } from './alarm.ts'
import { isOutstanding } from './kinesis-record.ts'
import type { OutstandingRecord } from './outstanding-record.ts'
import { ShardLane } from './shard-lane.ts'
import type { StuckLanes } from './stuck-lanes.ts'

export interface RouterOptions {
  readonly rateLimitPercent: number
  /** How long records wait for a map; then they travel alone. */
  readonly holdMs: number
  readonly stuckLanes: StuckLanes
  /** Records travel alone because no map has come in time. */
  readonly gaveUp: () => void
}

export class Router {
  readonly #options: RouterOptions
  readonly #next: (record: OutstandingRecord, lane: ShardLane, nowMs: number) => void
  readonly #unpredicted: ShardLane
  readonly #words = newHashWords()
  readonly #alarm: Alarm
  #map: ShardMap | undefined
  /** `#lanes[i]` belongs to `#map.shards[i]`. */
  #lanes: ShardLane[] = []
  #doubtedLanes = 0
  #held: OutstandingRecord[] = []
  /** Until when records wait for the first map. */
  #holdUntilMs: number

  constructor(
    options: RouterOptions,
    nowMs: number,
    next: (record: OutstandingRecord, lane: ShardLane, nowMs: number) => void,
  ) {
    this.#options = options
    this.#next = next
    this.#unpredicted = new ShardLane(undefined, options.rateLimitPercent, nowMs)
    this.#holdUntilMs = nowMs + options.holdMs
    this.#alarm = new Alarm(() => this.#heldLongEnough(clockMs()))
  }

  /** False while there is no map, or none can be used. */
  get predicts(): boolean {
    return this.#map !== undefined
  }

  /** True while the map shows a shard as open that a misplaced record speaks against. */
  get doubts(): boolean {
    return this.#doubtedLanes > 0
  }

  /** Routes a record, hashing its key. */
  accept(record: OutstandingRecord, nowMs: number): void {
    hashUserRecord(record.partitionKey, record.explicitHashKey, this.#words)
    this.acceptHashed(record, this.#words, nowMs)
  }

  /** Routes a record whose hash key is in `words`. */
  acceptHashed(record: OutstandingRecord, words: HashWords, nowMs: number): void {
    const map = this.#map
    if (map === undefined) {
      if (nowMs < this.#holdUntilMs) this.#hold(record, this.#holdUntilMs, nowMs)
      else this.#enter(record, this.#unpredicted, nowMs)
      return
    }
    const lane = this.#lanes[map.indexFor(words)] ?? this.#unpredicted
    if (lane.doubtedSinceMs === undefined) {
      this.#enter(record, lane, nowMs)
    } else if (nowMs < lane.doubtedSinceMs + this.#options.holdMs) {
      this.#hold(record, lane.doubtedSinceMs + this.#options.holdMs, nowMs)
    } else {
      this.#enter(record, this.#unpredicted, nowMs)
    }
  }

  /** The lane that takes a record with this hash key at once; undefined if it may have to wait. */
  laneFor(words: HashWords): ShardLane | undefined {
    if (this.#map === undefined) return undefined
    const lane = this.#lanes[this.#map.indexFor(words)]
    return lane?.doubtedSinceMs === undefined ? lane : undefined
  }

  /** The shard that a record is meant for, as far as the map knows. */
  shardFor(record: OutstandingRecord): string | undefined {
    if (this.#map === undefined) return undefined
    hashUserRecord(record.partitionKey, record.explicitHashKey, this.#words)
    return this.#lanes[this.#map.indexFor(this.#words)]?.shardId
  }

  /** The lane that holds this hash key up, if it takes nothing and others may. */
  gateFor(words: HashWords): ShardLane | undefined {
    if (!this.#options.stuckLanes.holdUp || this.#map === undefined) return undefined
    const lane = this.#lanes[this.#map.indexFor(words)]
    return lane?.isShut === true ? lane : undefined
  }

  /** To be called when the brake of a lane was put on or let go. */
  braked(lane: ShardLane): void {
    if (!lane.isGone) this.#options.stuckLanes.note(lane)
  }

  /** Goes by a new map. The lanes of shards that are gone: what is in them must be routed anew. */
  install(map: ShardMap, nowMs: number): readonly ShardLane[] {
    const before = new Map(this.#lanes.map((lane) => [lane.shardId, lane]))
    const ranges = new Map(this.#map?.shards.map((shard) => [shard.shardId, shard.hashKeyRange]))
    this.#lanes = map.shards.map(({ shardId, hashKeyRange: { start, end } }) => {
      const lane = before.get(shardId)
      const range = ranges.get(shardId)
      if (lane !== undefined && range?.start === start && range.end === end) {
        before.delete(shardId)
        return lane
      }
      if (lane !== undefined) lane.isDisproved = true
      const { rateLimitPercent, stuckLanes } = this.#options
      const made = new ShardLane(shardId, rateLimitPercent, nowMs, stuckLanes)
      stuckLanes.enters(made)
      return made
    })
    this.#map = map
    for (const lane of before.values()) this.#goes(lane)
    this.#doubtedLanes = this.#lanes.filter((lane) => lane.doubtedSinceMs !== undefined).length
    return [...before.values()]
  }

  /** Predicts nothing any more: no map can be had, or keys do not decide. All lanes are gone. */
  stopPredicting(): readonly ShardLane[] {
    const gone = this.#lanes
    for (const lane of gone) this.#goes(lane)
    this.#lanes = []
    this.#doubtedLanes = 0
    this.#map = undefined
    this.#holdUntilMs = Number.NEGATIVE_INFINITY
    return gone
  }

  /** The map proved wrong: records wait for another one. All lanes are gone. */
  forget(nowMs: number): readonly ShardLane[] {
    const gone = this.stopPredicting()
    for (const lane of gone) lane.isDisproved = true
    this.#holdUntilMs = nowMs + this.#options.holdMs
    return gone
  }

  /** True if the lane is in use and now in doubt: what is in it must be routed anew. */
  doubt(lane: ShardLane, nowMs: number): boolean {
    if (lane.doubtedSinceMs !== undefined || !this.#lanes.includes(lane)) return false
    lane.doubtedSinceMs = nowMs
    this.#doubtedLanes++
    return true
  }

  /** A record sent at `sentMs` was stored in this shard: it was open then. */
  trust(shardId: string, sentMs: number): void {
    if (this.#doubtedLanes === 0) return
    const lane = this.#lanes.find((candidate) => candidate.shardId === shardId)
    if (lane?.doubtedSinceMs === undefined || sentMs <= lane.doubtedSinceMs) return
    lane.doubtedSinceMs = undefined
    this.#doubtedLanes--
  }

  /** Routes what is held once more; what still has to wait is held again. */
  release(nowMs: number): void {
    const held = this.#held
    this.#held = []
    this.#alarm.cancel()
    for (const record of held) if (isOutstanding(record)) this.accept(record, nowMs)
  }

  stop(): void {
    this.#alarm.stop()
    this.#held = []
  }

  #goes(lane: ShardLane): void {
    lane.isGone = true
    this.#options.stuckLanes.leaves(lane)
  }

  #heldLongEnough(nowMs: number): void {
    const isOver = this.#map === undefined && nowMs >= this.#holdUntilMs
    if (isOver && this.#held.some(isOutstanding)) this.#options.gaveUp()
    this.release(nowMs)
  }

  #enter(record: OutstandingRecord, lane: ShardLane, nowMs: number): void {
    record.moveTo(lane)
    this.#next(record, lane, nowMs)
  }

  #hold(record: OutstandingRecord, untilMs: number, nowMs: number): void {
    record.moveTo(undefined)
    this.#held.push(record)
    this.#alarm.setAt(untilMs, nowMs)
  }
}
