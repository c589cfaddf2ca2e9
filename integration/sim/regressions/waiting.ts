/**
 * Rows of reliability.md 1.4 that no scenario can stand on yet, and what each waits for. With the
 * scenarios they make up R01 to R70; a test holds them complete.
 */

export interface WaitingRegression {
  readonly id: string
  /** The defect, in a line. */
  readonly what: string
  /** The issue that builds what it needs, and why it cannot be played before. */
  readonly waitsFor: string
}

const PREFETCH = 'issue 6: the bounded prefetch is built there'
const SOURCE = 'issue 6: the contract of late and lost answers of the source is built there'
const DEAGGREGATION = 'issue 6: the policies of the deaggregating source are built there'
const FAN_OUT = 'the issue after 6: enhanced fan-out; there is polling only'
const MULTI_STREAM = 'the issue after 6: one consumer of many streams; there is one stream only'

export const WAITING: readonly WaitingRegression[] = [
  waiting('R02', 'a fetched batch that the queue refuses once', PREFETCH),
  waiting('R03', 'a subscription that restarts with batches queued', FAN_OUT),
  waiting('R04', 'two GetRecords race for one iterator', SOURCE),
  waiting('R05', 'the late rejection of a cancelled fetch', SOURCE),
  waiting('R09', 'a subscription that completes with one event not acknowledged', FAN_OUT),
  waiting('R10', 'a publisher that restarts while an event is in flight', FAN_OUT),
  waiting('R12', 'an aggregate with users of two shards after a split', DEAGGREGATION),
  waiting('R13', 'an aggregate in which one record has a bad key index', DEAGGREGATION),
  waiting('R30', 'a fan-out consumer told to restart after SHARD_END', FAN_OUT),
  waiting('R50', 'a prefetch queue that is full, and one of limit 0', PREFETCH),
  waiting('R51', 'the first subscription of a shard fails', FAN_OUT),
  waiting('R58', 'an HTTP/2 session that is half dead', FAN_OUT),
  waiting('R59', 'a silent subscription restarted on a timer', FAN_OUT),
  waiting('R60', 'a fan-out handler 100 times slower than the push', FAN_OUT),
  waiting('R69', '1,000 streams come and go', MULTI_STREAM),
]

/** Being written right now; each goes from here with its scenario. */
export const PLANNED: readonly string[] = []

function waiting(id: string, what: string, waitsFor: string): WaitingRegression {
  return { id, what, waitsFor }
}

/** Ids of rows among names of scenarios, in order. */
export function regressionIds(names: readonly string[]): string[] {
  return names.filter((name) => /^R\d\d$/.test(name)).sort()
}
