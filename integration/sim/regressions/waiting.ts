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

const FAN_OUT = 'the issue after 6: enhanced fan-out; there is polling only'
const MULTI_STREAM = 'the issue after 6: one consumer of many streams; there is one stream only'

export const WAITING: readonly WaitingRegression[] = [
  waiting('R09', 'a subscription that completes with one event not acknowledged', FAN_OUT),
  waiting('R10', 'a publisher that restarts while an event is in flight', FAN_OUT),
  waiting('R30', 'a fan-out consumer told to restart after SHARD_END', FAN_OUT),
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
