/**
 * Decides on aggregates that were stored in another shard than predicted, once the range of that
 * shard is known. Until then (a refresh of the map, `holdMs` at most) their outcome waits: retrying at
 * once would store a second copy after every merge and many splits. Those that landed as meant in the
 * same answer wait too: if the stream was made anew, the next map says that they did not.
 */
import type { HashWordRange } from '@millrace/core/internal'
import { Alarm, clockMs } from './alarm.ts'
import { Fifo } from './fifo.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import { type Placement, placementOf } from './placement.ts'
import type { Stored } from './stored.ts'

export interface PlacementJudgeOptions {
  readonly holdMs: number
  /** True when the shard map was listed at this time or later. */
  readonly isMapSince: (sentMs: number) => boolean
  readonly rangeOf: (shardId: string) => HashWordRange | undefined
  readonly right: (record: KinesisRecord, stored: Stored) => void
  readonly wrong: (record: KinesisRecord, stored: Stored, nowMs: number) => void
}

interface OpenCase {
  readonly record: KinesisRecord
  readonly stored: Stored
  readonly untilMs: number
  /** It landed as meant, beside one that did not: only a newer map can speak against it. */
  readonly isLikelyRight: boolean
}

export class PlacementJudge {
  readonly #options: PlacementJudgeOptions
  readonly #alarm = new Alarm(() => this.judgeAgain())
  #cases = new Fifo<OpenCase>()

  constructor(options: PlacementJudgeOptions) {
    this.#options = options
  }

  judge(record: KinesisRecord, stored: Stored, isLikelyRight: boolean): void {
    const untilMs = stored.endMs + this.#options.holdMs
    this.#decide({ record, stored, untilMs, isLikelyRight }, clockMs())
  }

  /** To be called when the shard map has changed. */
  judgeAgain(): void {
    const nowMs = clockMs()
    for (const open of this.#cases.takeAll()) this.#decide(open, nowMs)
  }

  /** Nobody waits for a newer map any more: what landed as meant lies right, as far as is known. */
  letGo(): void {
    for (const open of this.#cases.takeAll()) {
      const isLikely = open.isLikelyRight && this.#placementOf(open) !== 'wrong'
      if (isLikely) this.#options.right(open.record, open.stored)
      else this.#cases.push(open)
    }
  }

  stop(): void {
    this.#alarm.stop()
    this.#cases.takeAll()
  }

  #decide(open: OpenCase, nowMs: number): void {
    const { record, stored, isLikelyRight } = open
    const { right, wrong } = this.#options
    const placement = this.#placementOf(open)
    const isLate = nowMs >= open.untilMs
    if (placement === 'right' || (isLate && placement === 'unknown' && isLikelyRight)) {
      right(record, stored)
    } else if (placement === 'wrong' || isLate) {
      wrong(record, stored, nowMs)
    } else {
      this.#cases.push(open)
      this.#alarm.setAt(open.untilMs, nowMs)
    }
  }

  #placementOf({ record, stored, isLikelyRight }: OpenCase): Placement {
    const { rangeOf, isMapSince } = this.#options
    const { lane, userRecords } = record
    if (isLikelyRight && !isMapSince(stored.startMs)) return 'unknown'
    const predicted = isLikelyRight || lane.isDisproved ? undefined : lane.shardId
    return placementOf(userRecords, predicted, stored.shardId, rangeOf(stored.shardId))
  }
}
