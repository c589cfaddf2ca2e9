/**
 * Decides on aggregates that were stored in another shard than predicted, once the range of that
 * shard is known. Until then (a refresh of the map, `holdMs` at most) their outcome waits: retrying at
 * once would store a second copy after every merge and many splits.
 */
import type { HashWordRange } from '@millrace/core/internal'
import { Alarm, clockMs } from './alarm.ts'
import { Fifo } from './fifo.ts'
import type { KinesisRecord } from './kinesis-record.ts'
import { placementOf } from './placement.ts'
import type { Stored } from './stored.ts'

export interface PlacementJudgeOptions {
  readonly holdMs: number
  readonly rangeOf: (shardId: string) => HashWordRange | undefined
  readonly right: (record: KinesisRecord, stored: Stored) => void
  readonly wrong: (record: KinesisRecord, stored: Stored, nowMs: number) => void
}

interface OpenCase {
  readonly record: KinesisRecord
  readonly stored: Stored
  readonly untilMs: number
}

export class PlacementJudge {
  readonly #options: PlacementJudgeOptions
  readonly #alarm = new Alarm(() => this.judgeAgain())
  #cases = new Fifo<OpenCase>()

  constructor(options: PlacementJudgeOptions) {
    this.#options = options
  }

  judge(record: KinesisRecord, stored: Stored): void {
    this.#decide({ record, stored, untilMs: stored.endMs + this.#options.holdMs }, clockMs())
  }

  /** To be called when the shard map has changed. */
  judgeAgain(): void {
    const nowMs = clockMs()
    for (const open of this.#cases.takeAll()) this.#decide(open, nowMs)
  }

  stop(): void {
    this.#alarm.stop()
    this.#cases.takeAll()
  }

  #decide(open: OpenCase, nowMs: number): void {
    const { record, stored } = open
    const range = this.#options.rangeOf(stored.shardId)
    const predicted = record.lane.isDisproved ? undefined : record.lane.shardId
    const placement = placementOf(record.userRecords, predicted, stored.shardId, range)
    if (placement === 'right') {
      this.#options.right(record, stored)
    } else if (placement === 'wrong' || nowMs >= open.untilMs) {
      this.#options.wrong(record, stored, nowMs)
    } else {
      this.#cases.push(open)
      this.#alarm.setAt(open.untilMs, nowMs)
    }
  }
}
